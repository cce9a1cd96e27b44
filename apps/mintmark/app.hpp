// What every sub-command shares: global flags, output, passwords.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "mintmark/base/result.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::app {

/// Global state of one run: flags, then the chosen command.
struct App {
    std::filesystem::path home;        ///< keystore, store and node data of one person
    std::filesystem::path deployment;  ///< the deployment file; empty: <home>/deployment.json
    std::string rpc_url;               ///< overrides the deployment file's node
    std::string wallet;                ///< wallet name or address that signs
    std::string password_file;         ///< first line is the password
    bool is_json = false;              ///< machine-readable output
    bool is_yes = false;               ///< no questions
    std::function<Status()> run;       ///< set by the parsed sub-command

    [[nodiscard]] std::filesystem::path deployment_path() const;
};

/// Registers a command whose body returns a Status.
CLI::App* command(CLI::App& parent, App& app, const std::string& name, const std::string& help,
                  std::function<Status()> body);

/// Prints the result: `human` (a line end is added) or, with --json, `value` on one line.
void emit(const App& app, const json::Json& value, const std::string& human);
/// A remark on stderr that is no error; suppressed with --json.
void notice(const App& app, const std::string& text);
/// One line and its hint on stderr (with --json also an object on stdout); returns the exit code.
int report(const App& app, const Error& error);

/// The password: --password-file, then $MINTMARK_PASSWORD, then a prompt on the terminal.
/// kInvalidArgument when none of them is there.
[[nodiscard]] Result<std::string> read_password(const App& app, const std::string& prompt);

/// Aligned "name   value" lines.
class Table {
  public:
    Table& row(std::string name, std::string value);
    [[nodiscard]] std::string text() const;

  private:
    std::vector<std::pair<std::string, std::string>> rows_;
};

/// 12345678 -> "12,345,678".
[[nodiscard]] std::string grouped(std::uint64_t value);
/// Bytes with a unit: "1.2 MB".
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// Milliseconds since construction.
class Stopwatch {
  public:
    Stopwatch();
    [[nodiscard]] double ms() const;

  private:
    std::int64_t begin_us_;
};
[[nodiscard]] std::string human_ms(double ms);

void add_zk_commands(CLI::App& root, App& app);
void add_completion_command(CLI::App& root, App& app);

}  // namespace mintmark::app
