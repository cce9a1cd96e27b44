#include "mintmark/ledger/testing.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "mintmark/queue/testing.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::ledger::testing {
namespace {

queue::testing::Server& server() {
    static queue::testing::Server one(queue::testing::Server::Kind::kPostgres);
    return one;
}

}  // namespace

Journal::OnCommit Client::on_commit() {
    return [reports = reports_](std::uint64_t sequence, const Status& status,
                                const Refusals& refused) {
        const std::lock_guard lock(reports->mutex);
        for (const auto& [number, error] : refused) reports->refused.emplace(number, error);
        if (status) reports->committed = std::max(reports->committed, sequence);
        reports->is_healthy = status.has_value();
        reports->changed.notify_all();
    };
}

Status Client::done(std::uint64_t sequence) {
    ledger->want(sequence);
    std::unique_lock lock(reports_->mutex);
    reports_->changed.wait(lock, [&] { return reports_->committed >= sequence; });
    const auto refused = reports_->refused.find(sequence);
    if (refused != reports_->refused.end()) return std::unexpected(refused->second);
    return {};
}

Status Client::done(const Result<std::uint64_t>& sequence) {
    if (!sequence) return std::unexpected(sequence.error());
    return done(*sequence);
}

Status Client::fund(const std::string& account, std::uint64_t limit,
                    std::optional<Amount> exposure) {
    return ledger->set_terms(account, {limit, exposure}, "", 0U);
}

void Client::wait_for_health(bool is_healthy) {
    std::unique_lock lock(reports_->mutex);
    reports_->changed.wait(lock, [&] { return reports_->is_healthy == is_healthy; });
}

FilePlace::FilePlace() {
    folder_ = std::filesystem::temp_directory_path() /
              ("mintmark-ledger-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
}

FilePlace::~FilePlace() {
    std::filesystem::remove_all(folder_);
}

OpenedClient FilePlace::open(const std::string&) {
    OpenedClient out{std::make_unique<Client>(), 0};
    auto opened = Ledger::open(location(), out.client->on_commit());
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    out.client->ledger = std::move(opened->ledger);
    out.recovered = opened->recovered;
    return out;
}

PostgresPlace::PostgresPlace() {
    static int count = 0;
    const std::string name = "t" + std::to_string(::getpid()) + "_" + std::to_string(++count);
    const std::string& main = server().location();
    const auto database = sql::open_postgres(main);
    EXPECT_TRUE(database.has_value());
    EXPECT_TRUE((*database)->script("CREATE DATABASE " + name));
    location_ = main.substr(0, main.rfind('/') + 1) + name;
}

OpenedClient PostgresPlace::open(const std::string& name) {
    SharedOptions options;
    options.name = name;
    return open(options);
}

OpenedClient PostgresPlace::open(SharedOptions options) {
    options.location = location_;
    OpenedClient out{std::make_unique<Client>(), 0};
    auto opened = open_shared(options, out.client->on_commit());
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    out.client->ledger = std::move(opened->ledger);
    out.recovered = opened->recovered;
    return out;
}

void PostgresPlace::crash_and_restart() {
    server().crash_and_restart();
}

RequestRow request(const std::string& id, std::uint64_t units, std::uint64_t usd) {
    RequestRow row;
    row.id = id;
    row.account = "grant:a";
    row.key_id = "k";
    row.buyer = "b";
    row.units_reserved = units;
    row.usd_reserved = usd;
    return row;
}

Outcome cost(std::uint64_t units, std::uint64_t usd) {
    Outcome out;
    out.units = units;
    out.usd = usd;
    return out;
}

}  // namespace mintmark::ledger::testing
