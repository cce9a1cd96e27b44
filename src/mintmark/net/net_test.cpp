#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

#include "mintmark/net/http_client.hpp"
#include "mintmark/net/http_server.hpp"
#include "mintmark/net/interrupt.hpp"

namespace mintmark::net {
namespace {

std::string url(const HttpServer& server, std::string_view path) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + std::string(path);
}

ServerResponse echo(const ServerRequest& request) {
    const bool broken = request.path == "/broken";
    if (broken) throw std::runtime_error("boom");  // NOLINT(throw)
    ServerResponse out;
    out.status = request.path == "/missing" ? 404 : 200;
    out.body = request.method + " " + request.path + "?" + request.query + "\n" + request.body;
    out.content_type = "text/plain";
    out.headers = {{"X-Seen", std::string(header_value(request.headers, "x-test"))}};
    return out;
}

std::unique_ptr<HttpServer> serve(ServerHandler handler, const ServerOptions& options = {}) {
    return HttpServer::start(options, std::move(handler)).value();
}

/// Sends raw bytes, returns what comes back until the server closes.
std::string raw(std::uint16_t port, std::string_view bytes, int timeout_s = 5) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval timeout{timeout_s, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    std::string out;
    char chunk[4096];
    for (ssize_t n = 0; (n = ::recv(fd, chunk, sizeof chunk, 0)) > 0;) {
        out.append(chunk, static_cast<std::size_t>(n));
    }
    ::close(fd);
    return out;
}

TEST(Http, RoundTrip) {
    const auto server = serve(echo);
    HttpClient client;
    HttpRequest request{Method::kPost, url(*server, "/a/b?c=d"), {{"X-Test", "1"}}, "body"};
    const HttpResponse response = client.send(request).value();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "POST /a/b?c=d\nbody");
    EXPECT_EQ(header_value(response.headers, "content-type"), "text/plain");
    EXPECT_EQ(header_value(response.headers, "x-SEEN"), "1");
    for (const Method method : {Method::kGet, Method::kPut, Method::kDelete}) {
        const auto got = client.send({method, url(*server, "/"), {}, ""}).value();
        EXPECT_EQ(got.body, std::string(method_name(method)) + " /?\n");
    }
    EXPECT_EQ(client.send({Method::kGet, url(*server, "/missing")}).value().status, 404);
    EXPECT_EQ(client.send({Method::kGet, url(*server, "/broken")}).value().status, 500);
    const std::string large(3'000'000, 'x');
    EXPECT_EQ(client.send({Method::kPost, url(*server, "/"), {}, large}).value().body.size(),
              large.size() + 8);
}

TEST(HttpClient, ErrorsAreClear) {
    HttpClientOptions options;
    int naps = 0;
    options.sleep = [&](int) { ++naps; };
    options.max_response_bytes = 1000;
    HttpClient client(options);
    std::uint16_t free_port = 0;
    {
        const auto server =
            serve([](const ServerRequest&) { return ServerResponse{200, std::string(1001, 'x')}; });
        EXPECT_EQ(client.send({Method::kGet, url(*server, "/")}).error().code,
                  ErrorCode::kOutOfRange);
        free_port = server->port();
    }
    HttpRequest dead{Method::kGet, "http://127.0.0.1:" + std::to_string(free_port)};
    EXPECT_EQ(client.send(dead).error().code, ErrorCode::kNetwork);
    EXPECT_EQ(naps, 0);
    dead.repeat = Repeat::kIdempotent;
    EXPECT_EQ(client.send(dead).error().code, ErrorCode::kNetwork);
    EXPECT_EQ(naps, 3);
    EXPECT_EQ(client.send({Method::kGet, "file:///etc/passwd"}).error().code,
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(client.send({Method::kGet, "no url"}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(client.send({Method::kGet, "http://x", {{"A", "b\r\nC: d"}}}).error().code,
              ErrorCode::kInvalidArgument);
}

TEST(HttpClient, RepeatsWhatMayBeRepeated) {
    std::atomic<int> calls = 0;
    const auto server =
        serve([&](const ServerRequest&) { return ServerResponse{++calls < 3 ? 503 : 200, "x"}; });
    std::vector<int> naps;
    HttpClientOptions options;
    options.sleep = [&](int ms) { naps.push_back(ms); };
    HttpClient client(options);
    HttpRequest request{Method::kPost, url(*server, "/")};
    EXPECT_EQ(client.send(request).value().status, 503);
    request.repeat = Repeat::kIdempotent;
    EXPECT_EQ(client.send(request).value().status, 200);
    EXPECT_EQ(naps, (std::vector<int>{150}));
    EXPECT_EQ(calls, 3);
}

TEST(HttpClient, TimesOutAndStopsOnCtrlC) {
    std::latch release(1);
    const auto server = serve([&](const ServerRequest&) {
        release.wait();
        return ServerResponse{};
    });
    HttpClientOptions options;
    options.timeout_ms = 50;
    HttpClient hasty(options);
    EXPECT_EQ(hasty.send({Method::kGet, url(*server, "/")}).error().code, ErrorCode::kNetwork);
    catch_interrupts();
    EXPECT_FALSE(interrupted());
    std::raise(SIGINT);
    EXPECT_TRUE(interrupted());
    EXPECT_FALSE(interruptible_sleep(60'000));
    EXPECT_EQ(check_interrupted().error().code, ErrorCode::kInterrupted);
    HttpClient patient;
    EXPECT_EQ(patient.send({Method::kGet, url(*server, "/")}).error().code,
              ErrorCode::kInterrupted);
    set_interrupted(false);
    EXPECT_TRUE(interruptible_sleep(1));
    release.count_down();
}

TEST(HttpServer, RefusesWhatIsTooLargeOrMalformed) {
    ServerOptions options;
    options.max_body_bytes = 10;
    options.read_timeout_ms = 200;
    const auto server = serve(echo, options);
    const auto port = server->port();
    HttpClient client;
    EXPECT_EQ(client.send({Method::kPost, url(*server, "/"), {}, "12345678901"}).value().status,
              413);
    EXPECT_EQ(client.send({Method::kPost, url(*server, "/"), {}, "1234567890"}).value().status,
              200);
    EXPECT_TRUE(raw(port, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(raw(port, "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n")
                    .starts_with("HTTP/1.1 431"));
    EXPECT_TRUE(raw(port, "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n")
                    .starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(raw(port, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n")
                    .starts_with("HTTP/1.1 413"));
    EXPECT_EQ(raw(port, ""), "");                       // idle: closed by the time-out
    EXPECT_EQ(raw(port, "GET / HTTP/1.1\r\nHos"), "");  // slow: the same
    const std::string two = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n";
    const std::string replies = raw(port, two);
    EXPECT_NE(replies.find("GET /1?"), std::string::npos);
    EXPECT_NE(replies.find("GET /2?"), std::string::npos);
}

TEST(HttpServer, LimitsConnections) {
    ServerOptions options;
    options.max_connections = 1;
    std::latch release(1);
    std::latch entered(1);
    const auto server = serve(
        [&](const ServerRequest&) {
            entered.count_down();
            release.wait();
            return ServerResponse{200, "slow"};
        },
        options);
    auto first = std::async(std::launch::async, [&] {
        HttpClient client;
        return client.send({Method::kGet, url(*server, "/")}).value().body;
    });
    entered.wait();
    HttpClient client;
    EXPECT_EQ(client.send({Method::kGet, url(*server, "/")}).value().status, 503);
    release.count_down();
    EXPECT_EQ(first.get(), "slow");
}

TEST(HttpServer, AnswersWhatIsInProgressBeforeItStops) {
    std::latch entered(1);
    std::latch release(1);
    const auto server = serve([&](const ServerRequest&) {
        entered.count_down();
        release.wait();
        return ServerResponse{200, "done"};
    });
    const std::string address = url(*server, "/");
    auto reply = std::async(std::launch::async, [&] {
        HttpClient client;
        return client.send({Method::kGet, address}).value().body;
    });
    entered.wait();
    auto stopped = std::async(std::launch::async, [&] { server->stop(); });
    release.count_down();
    EXPECT_EQ(reply.get(), "done");
    stopped.get();
    HttpClient client;
    EXPECT_EQ(client.send({Method::kGet, address}).error().code, ErrorCode::kNetwork);
    server->stop();  // again: nothing happens
}

TEST(HttpServer, DoesNotWaitForeverForAHandler) {
    ServerOptions options;
    options.drain_timeout_ms = 1;
    std::latch entered(1);
    auto server = serve(
        [&](const ServerRequest&) {
            entered.count_down();
            std::this_thread::sleep_for(std::chrono::milliseconds(50));  // longer than the drain
            return ServerResponse{};
        },
        options);
    const std::string address = url(*server, "/");
    auto reply = std::async(std::launch::async, [&] {
        HttpClient client;
        return client.send({Method::kGet, address});
    });
    entered.wait();
    server.reset();
    EXPECT_FALSE(reply.get());
}

TEST(HttpServer, RefusesAddressesThatAreNotOurs) {
    EXPECT_EQ(HttpServer::start({.host = "nowhere"}, echo).error().code,
              ErrorCode::kInvalidArgument);
    const auto server = serve(echo);
    ServerOptions taken;
    taken.port = server->port();
    EXPECT_EQ(HttpServer::start(taken, echo).error().code, ErrorCode::kIo);
}

TEST(HttpServer, ServesManyAtOnce) {
    const auto server = serve(echo);
    std::vector<std::future<int>> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(std::async(std::launch::async, [&] {
            HttpClient client;
            int good = 0;
            for (int j = 0; j < 50; ++j) {
                const auto reply = client.send({Method::kPost, url(*server, "/"), {}, "x"});
                good += reply && reply->body == "POST /?\nx" ? 1 : 0;
            }
            return good;
        }));
    }
    for (auto& client : clients) EXPECT_EQ(client.get(), 50);
}

}  // namespace
}  // namespace mintmark::net
