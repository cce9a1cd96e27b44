// The plain parser against Beast's: what it takes, Beast takes and reads the same.
#include "mintmark/serving/http_plain.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace mintmark::serving {
namespace {

constexpr MessageLimits kLimits{.header_bytes = 400, .body_bytes = 64};

/// By name, in the order in which each came: Beast puts equal names together.
std::string listed(const Headers& headers) {
    std::map<std::string, std::string> by_name;
    for (const auto& [name, value] : headers) {
        std::string lower = name;
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        by_name[lower] += name + '=' + value + '\n';
    }
    std::string out;
    for (const auto& [name, lines] : by_name) out += lines;
    return out;
}

/// All that a parser makes of the bytes, fed in pieces of `step`.
std::string requests(std::string_view bytes, std::size_t step, Reading reading) {
    RequestParser parser(kLimits, reading);
    std::string out;
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, step);
        bytes.remove_prefix(piece.size());
        if (!parser.feed(piece)) return out + "refused";
        while (parser.is_done()) {
            const Request request = parser.take();
            out += request.method + ' ' + request.path + '?' + request.query + '\n';
            out += listed(request.headers);
            out += (request.keep_alive ? "keep " : "close ") + request.body + "\n\n";
            if (!parser.feed("")) return out + "refused";
        }
    }
    return out + (parser.is_begun() ? "begun" : "");
}

std::string response(std::string_view bytes, std::size_t step, Reading reading) {
    ResponseParser parser(kLimits, reading);
    std::string body;
    while (!bytes.empty() && !parser.is_done()) {
        const std::string_view piece = bytes.substr(0, step);
        bytes.remove_prefix(piece.size());
        if (!parser.feed(piece)) return "refused";
        body += parser.take_body();
    }
    if (!parser.is_done() && !parser.feed_end()) return "cut off";
    std::string out = std::to_string(parser.status()) + '\n';
    out += listed(parser.headers());
    return out + (parser.keep_alive() ? "keep " : "close ") + body + parser.take_body();
}

const std::vector<std::string> kRequests = {
    "POST /v1/chat?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello",
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nhost: y\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
    "chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "GET / HTTP/1.1\nHost: x\n\n",
    "PUT / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(400, 'a') + "\r\n\r\n",
};
const std::vector<std::string> kResponses = {
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 500 Oh No\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 99 x\r\nContent-Length: 0\r\n\r\n",
};

void expect_same(const std::string& text) {
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{7}, std::size_t{40}, text.size() + 1}) {
        ASSERT_EQ(requests(text, step, Reading::kPlainFirst),
                  requests(text, step, Reading::kBeastOnly))
            << text;
        ASSERT_EQ(response(text, step, Reading::kPlainFirst),
                  response(text, step, Reading::kBeastOnly))
            << text;
    }
}

TEST(PlainHttp, ReadsTheUsualMessages) {
    Request request;
    const auto head = read_plain_request(kRequests[0], request);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->body_bytes, 5U);
    EXPECT_EQ(request.query, "a=b");
    Headers headers;
    EXPECT_EQ(read_plain_response(kResponses[0], &headers)->status, 200);
    for (std::size_t i = 2; i < kRequests.size() - 1; ++i) {
        EXPECT_FALSE(read_plain_request(kRequests[i], request) && i != 5) << kRequests[i];
    }
}

TEST(PlainHttp, HeadersAreReadWhenSomebodyAsks) {
    ResponseParser parser(MessageLimits{});
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b c\r\n\r\nok";
    ASSERT_TRUE(parser.feed(text.substr(0, 20)));
    ASSERT_TRUE(parser.feed(text.substr(20)));
    EXPECT_TRUE(parser.is_done());
    EXPECT_EQ(net::header_value(parser.headers(), "x-a"), "b c");
    EXPECT_EQ(parser.take_body(), "ok");
}

TEST(PlainHttp, AValueCannotEndItsHeader) {
    const Headers headers = {{"X-A", std::string("b\r\nX-Evil: c\0d", 14)}};
    EXPECT_EQ(response_head(200, headers), "HTTP/1.1 200 OK\r\nX-A: b  X-Evil: c d\r\n\r\n");
}

TEST(PlainHttp, MeansWhatBeastMeans) {
    for (const std::string& text : kRequests) expect_same(text);
    for (const std::string& text : kResponses) expect_same(text);
}

TEST(PlainHttp, SeededMutationsMeanWhatBeastMeans) {
    std::mt19937 random(11);
    constexpr std::string_view kBytes = "\r\n :\t,;\"/?#%aZ019-_\x7f\x80\xff\v";
    for (int round = 0; round < 15'000; ++round) {
        const auto& from = round % 2 == 0 ? kRequests : kResponses;
        std::string text = from[random() % from.size()];
        for (auto edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
            const std::size_t at = random() % text.size();
            switch (random() % 4) {
                case 0:
                    text[at] = kBytes[random() % kBytes.size()];
                    break;
                case 1:
                    text.insert(at, 1, kBytes[random() % kBytes.size()]);
                    break;
                case 2:
                    text.erase(at, 1 + random() % 3);
                    break;
                default:
                    text.insert(at, text.substr(random() % text.size(), random() % 30));
            }
        }
        expect_same(text);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace mintmark::serving
