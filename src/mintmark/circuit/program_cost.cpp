#include <cmath>

#include "mintmark/circuit/byte_io.hpp"
#include "mintmark/circuit/program.hpp"

namespace mintmark {
namespace {

constexpr double kGasPerRow = 100, kGasPerElement = 120, kGasPerTableEntry = 80;

/// Memory costs 3 gas a word, and the square of the words / 512 (Yellow Paper, appendix H).
double memory_gas(double words) {
    return 3 * words + words * words / 512;
}

void skip(ByteReader& in, std::size_t bytes) {
    static_cast<void>(in.take(bytes));
}

double dense(ByteReader& in) {
    skip(in, 1);
    const double a = std::exp2(static_cast<double>(in.get(1)));
    skip(in, 1);
    const double b = std::exp2(static_cast<double>(in.get(1)));
    const auto rows = static_cast<double>(in.get(3));
    skip(in, 4 + 2 + 6);
    return kGasPerRow * rows + kGasPerTableEntry * (a + b);
}

double regroup(ByteReader& in) {
    skip(in, 1);
    const std::uint64_t dest = in.get(1), source = in.get(1);
    skip(in, 2);
    double elements = 1;
    for (std::uint64_t i = 0; i < dest; ++i) {
        skip(in, 2);
        elements *= static_cast<double>(in.get(3));
    }
    skip(in, 4 * source);
    return kGasPerElement * elements + memory_gas(elements);
}

}  // namespace

double gas_of_boxes(ByteSpan program) {
    constexpr std::size_t kHeaderBytes = 6 + 2 * 8 + 2 * 9;
    constexpr std::size_t kConst = 32, kEq = 3, kAt = 6, kLt = 6, kShift = 12;
    ByteReader in(program);
    skip(in, 6);
    std::uint64_t counts[8];
    for (std::uint64_t& count : counts) count = in.get(2);
    in = ByteReader(program.subspan(kHeaderBytes));
    skip(in, kConst * counts[0] + kEq * counts[1] + kAt * counts[2] + kLt * counts[3] +
                 kShift * counts[4]);
    double gas = 0;
    for (std::uint64_t i = 0; i < counts[5]; ++i) gas += dense(in);
    for (std::uint64_t i = 0; i < counts[6]; ++i) gas += regroup(in);
    return gas;
}

}  // namespace mintmark
