#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/base/memory.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/base/plain_text.hpp"
#include "mintmark/base/repeats.hpp"
#include "mintmark/base/rng.hpp"

namespace mintmark {
namespace {

TEST(Hex, RoundTripsAndRejectsGarbage) {
    EXPECT_EQ(to_hex(Bytes{0x00, 0xab, 0xff}), "0x00abff");
    EXPECT_EQ(from_hex("0x00ABff").value(), (Bytes{0x00, 0xab, 0xff}));
    EXPECT_EQ(from_hex("abc").error().code, ErrorCode::kMalformed);
    EXPECT_EQ(from_hex("zz").error().code, ErrorCode::kMalformed);
    EXPECT_EQ(bytes32_from_hex("0x00").error().code, ErrorCode::kMalformed);
}

TEST(FindSpecial, AgreesWithALookAtEveryByte) {
    const auto slow = [](std::string_view text, std::size_t from) {
        for (; from < text.size(); ++from) {
            const auto byte = static_cast<unsigned char>(text[from]);
            if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == 0x7F) break;
        }
        return from;
    };
    std::string text(40, 'a');
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (unsigned byte = 0; byte < 256; ++byte) {
            text[at] = static_cast<char>(byte);
            text[39 - at / 2] = static_cast<char>(byte ^ 1U);
            for (const std::size_t from : {std::size_t{0}, at, at + 1, text.size()}) {
                ASSERT_EQ((find_special<'"', '\x7F'>(text, from)), slow(text, from)) << at << byte;
            }
            text.assign(40, 'a');
        }
    }
    EXPECT_EQ(find_special("plain", 0), 5U);
    EXPECT_EQ(find_special("", 0), 0U);
}

TEST(ErrorCodes, AreStable) {
    EXPECT_EQ(exit_code(ErrorCode::kInvalidArgument), 2);
    EXPECT_EQ(exit_code(ErrorCode::kInterrupted), 130);
    EXPECT_EQ(exit_code(ErrorCode::kInternal), 16);
    EXPECT_EQ(error_name(ErrorCode::kInternal), "internal");
}

TEST(Memory, SaysWhatIsMissing) {
    EXPECT_GT(available_memory(), 1U << 20U);
    EXPECT_TRUE(check_memory("a test", 1000).has_value());
    ::setenv("MINTMARK_MEMORY_LIMIT", "5000000", 1);
    EXPECT_EQ(available_memory(), 5'000'000U);
    const Status status = check_memory("a test", 2'340'000'000);
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, ErrorCode::kOutOfRange);
    EXPECT_EQ(status.error().message, "a test needs about 2.34 GB of memory, 0.01 GB is available");
    ::setenv("MINTMARK_MEMORY_LIMIT", "much", 1);  // not a number: no limit
    EXPECT_TRUE(check_memory("a test", 1000).has_value());
    ::unsetenv("MINTMARK_MEMORY_LIMIT");
}

TEST(File, WritesAtomicallyAndReadsBack) {
    const auto dir = std::filesystem::temp_directory_path() / "mintmark_base_test";
    std::filesystem::remove_all(dir);
    ASSERT_TRUE(write_text(dir / "a" / "b.txt", "hello", FileMode::kSecret));
    EXPECT_EQ(read_text(dir / "a" / "b.txt").value(), "hello");
    EXPECT_EQ(read_file(dir / "a" / "b.txt", 2).error().code, ErrorCode::kOutOfRange);
    EXPECT_EQ(read_file(dir / "none").error().code, ErrorCode::kNotFound);
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir / "a"))
        ++files;
    EXPECT_EQ(files, 1U);
    std::filesystem::remove_all(dir);
}

TEST(Parallel, CoversEveryIndexOnce) {
    std::vector<std::atomic<int>> hits(10'000);
    parallel_for(hits.size(), 16, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) ++hits[i];
    });
    for (const auto& hit : hits) ASSERT_EQ(hit.load(), 1);
}

std::size_t sum_below(std::size_t count) {
    std::atomic<std::size_t> sum = 0;
    parallel_for(count, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) sum += i;
    });
    return sum;
}

TEST(Parallel, CallsInsideOfCallsRunWhereTheyAre) {
    std::atomic<std::size_t> sum = 0;
    parallel_for(8, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) sum += sum_below(100);
    });
    EXPECT_EQ(sum, 8 * 4950U);
}

TEST(Parallel, ManyThreadsCallAtOnce) {
    std::atomic<int> wrong = 0;
    {
        std::vector<std::jthread> callers;
        for (int t = 0; t < 8; ++t)
            callers.emplace_back([&] {
                for (std::size_t i = 1; i < 500; ++i)
                    if (sum_below(i) != i * (i - 1) / 2) ++wrong;
            });
    }
    EXPECT_EQ(wrong, 0);
}

TEST(Parallel, AChildOfForkHasThreadsOfItsOwn) {
    ASSERT_EQ(sum_below(100), 4950U);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(20);  // instead of waiting for ever
        ::_exit(sum_below(1000) == 499'500U ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(Repeats, TheStretchThatSparesMost) {
    using Symbols = std::vector<std::uint32_t>;
    EXPECT_TRUE(find_repeats(Symbols{}, 1).empty());
    EXPECT_TRUE(find_repeats(Symbols{1, 2, 3, 1, 2, 4}, 1).empty());
    EXPECT_EQ(find_repeats(Symbols{9, 1, 2, 3, 1, 2, 3, 1, 8}, 2),
              (std::vector<Repeat>{{1, 3, 7}}));
    // Three times three, not once six; what is left on both sides is searched too.
    EXPECT_EQ(find_repeats(Symbols{5, 6, 5, 6, 1, 2, 3, 1, 2, 3, 1, 2, 3, 7, 7}, 1),
              (std::vector<Repeat>{{0, 2, 4}, {4, 3, 9}, {13, 1, 2}}));
    EXPECT_EQ(find_repeats(Symbols{1, 2, 3, 1, 2, 3, 1, 2, 3}, 4), std::vector<Repeat>{});
    EXPECT_EQ(find_repeats(Symbols(8, 1), 3), (std::vector<Repeat>{{0, 4, 8}}));
}

TEST(Rng, SeededRepeatsSystemDoesNot) {
    Bytes a(32), b(32);
    SeededRng(7).fill(a);
    SeededRng(7).fill(b);
    EXPECT_EQ(a, b);
    system_rng().fill(a);
    system_rng().fill(b);
    EXPECT_NE(a, b);
}

}  // namespace
}  // namespace mintmark
