// The server and the client against each other and against rude peers, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "mintmark/serving/http_client.hpp"
#include "mintmark/serving/server.hpp"
#include "mintmark/serving/sse.hpp"

namespace mintmark::serving {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Answers with what it was sent, or streams it letter by letter under /stream.
Task<void> echo(Request& request, Responder& responder) {
    if (request.path == "/bug") throw std::runtime_error("a bug");  // NOLINT(throw)
    if (request.path == "/lines") {
        std::string lines;
        append_header(lines, "X-Lines", "a\r\nb");
        (void)co_await responder.send_lines(201, lines, request.body);
        co_return;
    }
    Headers headers = {{"Content-Type", "text/plain"}, {"X-Path", request.path}};
    if (request.path != "/stream") {
        (void)co_await responder.send(200, headers, request.body);
        co_return;
    }
    (void)co_await responder.begin(200, headers);
    for (const char letter : request.body) (void)co_await responder.write({&letter, 1});
    (void)co_await responder.end();
}

struct World {
    Loop loop{1};
    ServerLimits limits = {};
    std::unique_ptr<Server> server = {};
    std::uint16_t port = 0;

    void start() {
        limits.linger = Milliseconds(20);
        server = std::make_unique<Server>(loop, limits, echo, [](int, std::string_view what) {
            return "{\"error\":\"" + std::string(what) + "\"}";
        });
        port = server->listen("127.0.0.1", 0, nullptr).value();
    }
    void run(std::function<Task<void>()> body) {
        bool is_done = false;
        const auto whole = [&]() -> Task<void> {
            co_await body();
            is_done = true;
            server->drain();
            server->abort();
        };
        spawn(loop, whole());
        loop.run();
        EXPECT_TRUE(is_done);
    }
    /// Sends the bytes and returns all that comes until the server closes (or the time is over).
    Task<std::string> talk(std::string bytes) {
        const Endpoint endpoint{"127.0.0.1", port, false};
        auto stream = co_await connect(endpoint, nullptr, Milliseconds(1000));
        (*stream)->set_deadline(Milliseconds(2000));
        (void)co_await (*stream)->write(bytes);
        std::string out;
        while (true) {
            const auto got = co_await (*stream)->read_some();
            if (!got || got->empty()) break;
            out += *got;
        }
        co_return out;
    }
};

TEST(Server, AnswersPipelinedRequestsInOrder) {
    World world;
    world.start();
    world.run([&]() -> Task<void> {
        const std::string one = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        const std::string two =
            "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n";
        const std::string out = co_await world.talk(one + two);
        EXPECT_THAT(out, HasSubstr("X-Path: /a\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK"));
        EXPECT_THAT(out, HasSubstr("X-Path: /b"));
        EXPECT_TRUE(out.ends_with("\r\n\r\ndef"));
    });
}

TEST(Server, HeadersAsLinesAreTheSameAnswer) {
    World world;
    world.start();
    world.run([&]() -> Task<void> {
        const std::string one = "POST /lines HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        const std::string two =
            "POST /lines HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nd";
        const std::string out = co_await world.talk(one + two);
        EXPECT_EQ(out,
                  "HTTP/1.1 201 Created\r\nX-Lines: a  b\r\nContent-Length: 3\r\n\r\nabc"
                  "HTTP/1.1 201 Created\r\nX-Lines: a  b\r\nContent-Length: 1\r\n"
                  "Connection: close\r\n\r\nd");
    });
}

TEST(Server, ClientReadsStreamsAndKeepsItsConnection) {
    World world;
    world.start();
    world.run([&]() -> Task<void> {
        ClientOptions options;
        options.base = BaseUrl::parse("http://127.0.0.1:" + std::to_string(world.port)).value();
        Client client(options);
        for (const char* path : {"/plain", "/stream", "/plain"}) {
            ClientRequest request;
            request.path = path;
            request.body = "hello";
            auto response = co_await client.send(request);
            EXPECT_TRUE(response.has_value());
            if (!response) co_return;
            EXPECT_EQ((*response)->status(), 200);
            EXPECT_EQ((co_await (*response)->read_all()).value(), "hello");
        }
        EXPECT_EQ(world.server->connections(), 1U);
    });
}

TEST(Server, RefusesSmuggledFraming) {
    World world;
    world.start();
    world.run([&]() -> Task<void> {
        const std::vector<std::string> attacks = {
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
            "chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
            "3\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost : x\r\nContent-Length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "POST / HTTP/1.1\r\n\r\n",
            "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        };
        for (const std::string& attack : attacks) {
            const std::string both = attack + "GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n";
            const std::string out = co_await world.talk(both);
            EXPECT_TRUE(out.starts_with("HTTP/1.1 400") || out.starts_with("HTTP/1.1 501"))
                << attack << out;
            EXPECT_THAT(out, Not(HasSubstr("/hidden"))) << attack;
        }
    });
}

TEST(Server, LimitsSizesAndTimes) {
    World world;
    world.limits.message = {.header_bytes = 1024, .body_bytes = 1000};
    world.limits.request = Milliseconds(80);
    world.limits.idle = Milliseconds(80);
    world.start();
    world.run([&]() -> Task<void> {
        const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
        std::string out = co_await world.talk(head + "Content-Length: 1001\r\n\r\n");
        EXPECT_THAT(out, StartsWith("HTTP/1.1 413"));
        out = co_await world.talk(head + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n");
        EXPECT_THAT(out, StartsWith("HTTP/1.1 413"));
        out = co_await world.talk(head + "X: " + std::string(2000, 'x') + "\r\n\r\n");
        EXPECT_THAT(out, StartsWith("HTTP/1.1 431"));
        // Slowloris, a body that never comes, and nothing at all: each is closed in time.
        EXPECT_EQ(co_await world.talk(head), "");
        EXPECT_EQ(co_await world.talk(head + "Content-Length: 3\r\n\r\na"), "");
        EXPECT_EQ(co_await world.talk(""), "");
        EXPECT_EQ(world.server->connections(), 0U);
    });
}

TEST(Server, SurvivesItsHandler) {
    World world;
    world.start();
    world.run([&]() -> Task<void> {
        const std::string out = co_await world.talk("GET /bug HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_THAT(out, StartsWith("HTTP/1.1 500"));
        EXPECT_THAT(out, Not(HasSubstr("a bug")));
    });
}

TEST(Server, RefusesConnectionsAboveTheLimit) {
    World world;
    world.limits.max_connections = 1;
    world.start();
    world.run([&]() -> Task<void> {
        const Endpoint endpoint{"127.0.0.1", world.port, false};
        auto held = co_await connect(endpoint, nullptr, Milliseconds(1000));
        (void)co_await (*held)->write("GET / HTTP/1.1\r\n");
        const std::string out = co_await world.talk("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_THAT(out, StartsWith("HTTP/1.1 503"));
    });
}

TEST(Client, ReplacesADeadKeptConnection) {
    World world;
    world.limits.idle = Milliseconds(30);
    world.start();
    world.run([&]() -> Task<void> {
        ClientOptions options;
        options.base = BaseUrl::parse("http://127.0.0.1:" + std::to_string(world.port)).value();
        Client client(options);
        ClientRequest request;
        request.path = "/";
        request.body = "x";
        {
            auto first = co_await client.send(request);
            EXPECT_EQ((co_await (*first)->read_all()).value(), "x");
        }
        while (world.server->connections() > 0) {
            (void)co_await boost::asio::post(world.loop, kWait);
        }
        auto second = co_await client.send(request);
        EXPECT_TRUE(second.has_value());
    });
}

TEST(BaseUrl, PartsAndErrors) {
    const BaseUrl url = BaseUrl::parse("https://a.example/v1/").value();
    EXPECT_EQ(url.endpoint.host, "a.example");
    EXPECT_EQ(url.endpoint.port, 443);
    EXPECT_EQ(url.path, "/v1");
    EXPECT_EQ(url.authority(), "a.example");
    EXPECT_EQ(BaseUrl::parse("http://[::1]:81").value().authority(), "[::1]:81");
    for (const char* bad :
         {"a.example", "ftp://a", "http://", "http://a:b", "http://a:99999", "http://u@a"}) {
        EXPECT_FALSE(BaseUrl::parse(bad).has_value()) << bad;
    }
}

TEST(Sse, EventsHoweverTheyAreCut) {
    const std::string text =
        ": hello\r\ndata: a\r\ndata: b\r\n\r\nevent: x\ndata:c\n\ndata\rid: 1\r\rnothing\n\n";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        SseParser parser;
        std::vector<ServerSentEvent> events;
        for (std::size_t i = 0; i < text.size(); i += step) {
            const auto some = parser.feed(std::string_view(text).substr(i, step)).value();
            events.insert(events.end(), some.begin(), some.end());
        }
        ASSERT_EQ(events.size(), 3U);
        EXPECT_EQ(events[0].data, "a\nb");
        EXPECT_EQ(events[1].name, "x");
        EXPECT_EQ(events[1].data, "c");
        EXPECT_EQ(events[2].data, "");
    }
    SseParser limited(8);
    EXPECT_FALSE(limited.feed("data: 1234567890").has_value());
    EXPECT_EQ(format_event({"", "a\nb"}), "data: a\ndata: b\n\n");
}

}  // namespace
}  // namespace mintmark::serving
