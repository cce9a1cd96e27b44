#include "app.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "mintmark/base/file.hpp"

namespace mintmark::app {

std::filesystem::path App::deployment_path() const {
    return deployment.empty() ? home / "deployment.json" : deployment;
}

CLI::App* command(CLI::App& parent, App& app, const std::string& name, const std::string& help,
                  std::function<Status()> body) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->callback([&app, body = std::move(body)] { app.run = body; });
    return sub;
}

void emit(const App& app, const json::Json& value, const std::string& human) {
    const std::string text = app.is_json ? json::compact(value) : human;
    fmt::print("{}\n", text);
    std::fflush(stdout);
}

void notice(const App& app, const std::string& text) {
    if (!app.is_json) fmt::print(stderr, "note: {}\n", text);
}

namespace {

/// Names from files may hold anything: one line, and nothing that a terminal obeys.
std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

int report(const App& app, const Error& error) {
    if (app.is_json) {
        const json::Json value = {
            {"error",
             {{"code", error_name(error.code)}, {"message", error.message}, {"hint", error.hint}}}};
        fmt::print("{}\n", json::compact(value));
    }
    fmt::print(stderr, "error: {}\n", printable(error.message));
    if (!error.hint.empty()) fmt::print(stderr, "       {}\n", printable(error.hint));
    return exit_code(error.code);
}

namespace {

/// Reads a line from the terminal without showing it.
Result<std::string> prompt_hidden(const std::string& prompt) {
    termios shown = {};
    if (::isatty(STDIN_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &shown) != 0) {
        return fail(ErrorCode::kInvalidArgument, "a password is needed and there is no terminal",
                    "use --password-file FILE or set MINTMARK_PASSWORD");
    }
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    fmt::print(stderr, "{}: ", prompt);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
    std::string line;
    std::getline(std::cin, line);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    fmt::print(stderr, "\n");
    return line;
}

}  // namespace

Result<std::string> read_password(const App& app, const std::string& prompt) {
    if (!app.password_file.empty()) {
        MINTMARK_TRY(const std::string text, read_text(app.password_file));
        return text.substr(0, text.find_first_of("\r\n"));
    }
    if (const char* value = std::getenv("MINTMARK_PASSWORD")) return std::string(value);
    return prompt_hidden(prompt);
}

Table& Table::row(std::string name, std::string value) {
    rows_.emplace_back(std::move(name), std::move(value));
    return *this;
}

std::string Table::text() const {
    std::size_t width = 0;
    for (const auto& [name, value] : rows_) width = std::max(width, name.size());
    std::string out;
    for (const auto& [name, value] : rows_) {
        if (!out.empty()) out += '\n';
        out += fmt::format("{:<{}}  {}", name, width, value);
    }
    return out;
}

std::string grouped(std::uint64_t value) {
    std::string out = std::to_string(value);
    for (std::size_t at = out.size(); at > 3;) {
        at -= 3;
        out.insert(at, ",");
    }
    return out;
}

std::string human_bytes(std::uint64_t bytes) {
    if (bytes < 10'000) return fmt::format("{} bytes", grouped(bytes));
    if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

namespace {
std::int64_t now_us() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}
}  // namespace

Stopwatch::Stopwatch() : begin_us_(now_us()) {}

double Stopwatch::ms() const {
    return static_cast<double>(now_us() - begin_us_) / 1e3;
}

std::string human_ms(double ms) {
    return ms < 1000 ? fmt::format("{:.1f} ms", ms) : fmt::format("{:.2f} s", ms / 1000);
}

}  // namespace mintmark::app
