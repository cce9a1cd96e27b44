#include "mintmark/json/document.hpp"

#include <gtest/gtest.h>

#include <random>

#include "mintmark/json/json.hpp"

namespace mintmark::json {
namespace {

/// The same value by the other reader.
Json value_of(const View& view) {
    switch (view.kind()) {
        case Kind::kString:
            return view.text();
        case Kind::kArray: {
            Json out = Json::array();
            view.each_item([&](const View& item) { out.push_back(value_of(item)); });
            return out;
        }
        case Kind::kObject: {
            Json out = Json::object();
            view.each_member([&](const View& key, const View& item) {
                EXPECT_FALSE(out.contains(key.text())) << "a repeated key is left";
                out[key.text()] = value_of(item);
            });
            return out;
        }
        default:
            return *parse(view.raw());
    }
}

/// Both readers take it and mean the same, or both refuse it.
void expect_same(const std::string& text) {
    const auto slow = parse(text);
    const auto fast = Document::read(text);
    ASSERT_EQ(slow.has_value(), fast.has_value()) << text;
    if (!slow) return;
    EXPECT_EQ(value_of(fast->root()), *slow) << text;
    EXPECT_EQ(compact(*parse(fast->text())), compact(*slow)) << "what is passed on";
}

const std::vector<std::string> kTexts = {
    R"({"model":"m","messages":[{"role":"user","content":"h\u00e9 \ud83d\ude00 \n\"x\""}],"n":1})",
    R"( { "a" : [ 1 , -0 , 0.5, 1e5, 12345678901234567890, true,false , null ] , "b" : {} } )",
    R"({"a":1,"a":2,"b":{"c":1,"c":[]}})",
    R"({"mod\u0065l":"x","model":"y"})",
    R"({"usage":{"prompt_tokens":1,"completion_tokens":2}})",
    "[]",
    "{}",
    "\"\"",
    "0",
    "-1.5",
    "true",
    "\xef\xbb\xbf{}",
    "{} x",
    "{\"a\":}",
    "[1,]",
    "{\"a\":1,}",
    "[,1]",
    "[1 2]",
    "{\"a\" 1}",
    "01",
    "1.",
    "-",
    "+1",
    ".5",
    "1e",
    "nul",
    "\"\x01\"",
    "\"\\x\"",
    "\"\\u12g4\"",
    "\"\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\\udc00\"",
    "\"\xc0\xaf\"",
    "\"\xed\xa0\x80\"",
    "\"\xf5\x80\x80\x80\"",
    "\"\xe2\x82\"",
    "\"\xe2\x82\xac\"",
    "\"abc",
    "{\"a\":1}}",
    "[[1]",
    "",
    " ",
    "1e999",
    R"({"a\nb":1,"c\"d":[{"e\\f":null}]})",
};

TEST(Document, MeansWhatTheParserMeans) {
    for (const std::string& text : kTexts) expect_same(text);
    std::string many = "{";
    for (int i = 0; i < 200; ++i)
        many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":" + std::to_string(i);
    expect_same(many + "}");
    expect_same(many + ",\"7\":1}");
    expect_same(std::string(64, '[') + std::string(64, ']'));
    expect_same(std::string(65, '[') + std::string(65, ']'));
    expect_same(std::string("{}\0", 3));
}

TEST(Document, SeededMutationsMeanWhatTheParserMeans) {
    std::mt19937 random(7);
    constexpr std::string_view kBytes = "{}[]\",:\\u0e1.-+ tfn\n\xc3\xa9\xed\xa0";
    for (int round = 0; round < 20'000; ++round) {
        std::string text = kTexts[random() % kTexts.size()];
        for (auto edits = 1 + random() % 3; edits > 0 && !text.empty(); --edits) {
            const std::size_t at = random() % text.size();
            const char byte = kBytes[random() % kBytes.size()];
            switch (random() % 4) {
                case 0:
                    text[at] = byte;
                    break;
                case 1:
                    text.insert(at, 1, byte);
                    break;
                case 2:
                    text.erase(at, 1 + random() % 3);
                    break;
                default:
                    text.insert(at, text.substr(random() % text.size(), random() % 12));
            }
        }
        expect_same(text);
        if (HasFailure()) return;
    }
}

TEST(Document, TwoReadersOfWhatIsPassedOnCannotDiffer) {
    // Who sends a key twice wants us to read one and the model's server the other.
    const auto twice = Document::read(R"({"max_tokens":1,"model":"m","max_tokens":1000})");
    EXPECT_EQ(twice->text(), R"({"max_tokens":1000,"model":"m"})");
    EXPECT_EQ(twice->root().find("max_tokens")->number(), 1000U);
    const auto hidden = Document::read(R"({"max_tokens":1,"max_\u0074okens":1000})");
    EXPECT_EQ(hidden->root().find("max_tokens")->number(), 1000U);
    EXPECT_EQ(hidden->text(), R"({"max_tokens":1000})");
    const auto nested = Document::read(R"({"a":[{"b":1,"b":2}]})");
    EXPECT_EQ(nested->text(), R"({"a":[{"b":2}]})");
}

TEST(Document, PlainTextIsPassedOnByteByByte) {
    const std::string text = " {\"a\" : 0.70, \"b\":[\"\\u00e9\" ,1] }\n";
    EXPECT_EQ(Document::read(text)->text(), text);
}

TEST(Document, NumbersAreWholeOrNone) {
    const auto number = [](const std::string& text) {
        return Document::read(text)->root().number();
    };
    EXPECT_EQ(number("18446744073709551615"), 18446744073709551615U);
    EXPECT_EQ(number("0"), 0U);
    for (const char* none : {"-1", "1.0", "1e2", "18446744073709551616", "\"1\"", "true"}) {
        EXPECT_FALSE(number(none)) << none;
    }
}

TEST(Document, SizeCountsDecodedTextNumbersAndChildren) {
    const auto document = Document::read(R"({"ab":"\u00e9x","c":[1,2,{"d":null}]})");
    const TextSize size = document->size();
    EXPECT_EQ(size.string_bytes, 2U + 3U + 1U + 1U);
    EXPECT_EQ(size.numbers, 2U);
    EXPECT_EQ(size.children, 2U + 3U + 1U);
}

TEST(Edits, ReplaceAndAdd) {
    const auto document = Document::read(R"({"a":1,"b":{"c":2},"d":{ }})");
    Edits edits(*document);
    edits.set(document->root(), "a", "\"long\"");
    edits.set(*document->root().find("b"), "e", "3");
    edits.set(*document->root().find("d"), "f", "4");
    edits.set(*document->root().find("d"), "g", "5");
    edits.set(document->root(), "h", "6");
    edits.set(document->root(), "i", "7");
    EXPECT_EQ(edits.apply(), R"({"a":"long","b":{"c":2,"e":3},"d":{ "f":4,"g":5},"h":6,"i":7})");
    EXPECT_EQ(quoted("a\"b\\\n\xc3\xa9"), "\"a\\\"b\\\\\\n\xc3\xa9\"");
    EXPECT_EQ(quoted("plain"), "\"plain\"");
}

TEST(Edits, EditedTextIsWhatAValueWouldHaveBecome) {
    for (const std::string& text : kTexts) {
        const auto document = Document::read(text);
        if (!document || !document->root().is(Kind::kObject)) continue;
        Edits edits(*document);
        edits.set(document->root(), "model", "\"ours\"");
        edits.set(document->root(), "n", "[1]");
        Json expected = *parse(text);
        expected["model"] = "ours";
        expected["n"] = {1};
        EXPECT_EQ(*parse(edits.apply()), expected) << text;
    }
}

}  // namespace
}  // namespace mintmark::json
