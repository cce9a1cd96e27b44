#include "mintmark/math/field.hpp"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "mintmark/math/fq12.hpp"

namespace mintmark {
namespace {

constexpr int kRounds = 200;

// ---- axioms, for every field of the house --------------------------------------------------

template <class F>
class FieldAxioms : public testing::Test {};
using Fields = testing::Types<F97, Fr, Fq, Fq2, Fq6, Fq12>;
TYPED_TEST_SUITE(FieldAxioms, Fields);

template <class F>
void expect_axioms(const F& a, const F& b, const F& c) {
    EXPECT_EQ(a + b, b + a);
    EXPECT_EQ((a + b) + c, a + (b + c));
    EXPECT_EQ(a + F::zero(), a);
    EXPECT_EQ(a + (-a), F::zero());
    EXPECT_EQ(a - b, a + (-b));
    EXPECT_EQ(a * b, b * a);
    EXPECT_EQ((a * b) * c, a * (b * c));
    EXPECT_EQ(a * F::one(), a);
    EXPECT_EQ(a * (b + c), a * b + a * c);
    EXPECT_EQ(a.square(), a * a);
    EXPECT_EQ(a * a.inverse(), a.is_zero() ? F::zero() : F::one());
}

TYPED_TEST(FieldAxioms, HoldForRandomAndSpecialElements) {
    using F = TypeParam;
    SeededRng rng(1);
    std::vector<F> elements = {F::zero(), F::one(), -F::one(), F::one() + F::one()};
    for (int i = 0; i < 6; ++i) elements.push_back(F::random(rng));
    for (const F& a : elements) {
        for (const F& b : elements) {
            for (const F& c : elements) expect_axioms(a, b, c);
        }
    }
    EXPECT_NE(F::zero(), F::one());
}

TYPED_TEST(FieldAxioms, PowersMultiply) {
    using F = TypeParam;
    SeededRng rng(2);
    const F a = F::random(rng);
    F power = F::one();
    for (std::uint64_t e = 0; e < 40; ++e) {
        if constexpr (requires { a.pow(e); }) {
            EXPECT_EQ(a.pow(e), power);
        }
        if constexpr (requires(Limbs l) { a.pow(l); }) {
            EXPECT_EQ(a.pow(Limbs{e, 0, 0, 0}), power);
        }
        power = power * a;
    }
}

TYPED_TEST(FieldAxioms, BatchInverseKeepsZeros) {
    using F = TypeParam;
    SeededRng rng(3);
    for (const std::size_t count : {0U, 1U, 2U, 17U}) {
        std::vector<F> values(count);
        for (std::size_t i = 0; i < count; ++i) {
            values[i] = i % 5 == 1 ? F::zero() : F::random(rng);
        }
        auto inverses = values;
        batch_inverse(std::span<F>(inverses));
        for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(inverses[i], values[i].inverse());
    }
}

// ---- F97, exhaustively against plain integers -----------------------------------------------

TEST(F97Exhaustive, EveryPairAgreesWithIntegers) {
    for (std::uint64_t a = 0; a < 97; ++a) {
        for (std::uint64_t b = 0; b < 97; ++b) {
            const F97 x = F97::from_u64(a), y = F97::from_u64(b);
            ASSERT_EQ((x + y).to_canonical()[0], (a + b) % 97);
            ASSERT_EQ((x - y).to_canonical()[0], (a + 97 - b) % 97);
            ASSERT_EQ((x * y).to_canonical()[0], a * b % 97);
            ASSERT_EQ(x == y, a == b);
        }
    }
}

TEST(F97Exhaustive, EveryTripleIsAssociativeAndDistributive) {
    std::vector<F97> all;
    for (std::uint64_t a = 0; a < 97; ++a) all.push_back(F97::from_u64(a));
    bool ok = true;
    for (const F97& a : all) {
        for (const F97& b : all) {
            for (const F97& c : all) {
                ok = ok && (a + b) + c == a + (b + c) && (a * b) * c == a * (b * c) &&
                     a * (b + c) == a * b + a * c;
            }
        }
    }
    EXPECT_TRUE(ok);
}

TEST(F97Exhaustive, InversesBytesAndRepresentatives) {
    for (std::uint64_t a = 0; a < 97; ++a) {
        const F97 x = F97::from_u64(a);
        EXPECT_EQ((x * x.inverse()).to_canonical()[0], a == 0 ? 0U : 1U);
        EXPECT_EQ(F97::from_bytes(x.to_bytes()), x);
        EXPECT_EQ(x.to_bytes()[31], a);
        EXPECT_EQ(F97::from_u64(a + 97 * 5), x);
        EXPECT_EQ(F97::from_i64(-static_cast<std::int64_t>(a)), -x);
    }
    Bytes32 bytes = {};
    for (unsigned a = 97; a < 256; ++a) {
        bytes[31] = static_cast<std::uint8_t>(a);
        EXPECT_FALSE(F97::from_bytes(bytes).has_value());
        EXPECT_EQ(F97::from_bytes_reduce(bytes), F97::from_u64(a));
    }
}

// ---- Fr and Fq against GMP ------------------------------------------------------------------

mpz_class to_mpz(std::span<const std::uint8_t> big_endian) {
    mpz_class out;
    mpz_import(out.get_mpz_t(), big_endian.size(), 1, 1, 1, 0, big_endian.data());
    return out;
}
template <class F>
mpz_class to_mpz(const F& a) {
    return to_mpz(std::span<const std::uint8_t>(a.to_bytes()));
}
mpz_class limbs_to_mpz(const Limbs& a) {
    mpz_class out;
    mpz_import(out.get_mpz_t(), 4, -1, 8, 0, 0, a.data());
    return out;
}
mpz_class mod(const mpz_class& a, const mpz_class& p) {
    mpz_class out;
    mpz_mod(out.get_mpz_t(), a.get_mpz_t(), p.get_mpz_t());
    return out;
}
Limbs random_limbs(SeededRng& rng) {
    Limbs out;
    for (auto& limb : out) {  // many extreme limbs, where carries go wrong
        const std::uint64_t kind = rng.next() % 4;
        limb = kind == 0 ? 0 : kind == 1 ? ~std::uint64_t{0} : rng.next();
    }
    return out;
}

template <class F>
class AgainstGmp : public testing::Test {};
using PrimeFields = testing::Types<F97, Fr, Fq>;
TYPED_TEST_SUITE(AgainstGmp, PrimeFields);

TYPED_TEST(AgainstGmp, Arithmetic) {
    using F = TypeParam;
    const mpz_class p = limbs_to_mpz(F::kModulus);
    SeededRng rng(4);
    for (int i = 0; i < 20 * kRounds; ++i) {
        const Limbs x = random_limbs(rng), y = random_limbs(rng);
        const F a = F::from_integer(x), b = F::from_integer(y);
        const mpz_class u = mod(limbs_to_mpz(x), p), v = mod(limbs_to_mpz(y), p);
        ASSERT_EQ(to_mpz(a), u);
        ASSERT_EQ(limbs_to_mpz(a.to_canonical()), u);
        ASSERT_EQ(to_mpz(a + b), mod(u + v, p));
        ASSERT_EQ(to_mpz(a - b), mod(u - v, p));
        ASSERT_EQ(to_mpz(-a), mod(-u, p));
        ASSERT_EQ(to_mpz(a * b), mod(u * v, p));
    }
}

TYPED_TEST(AgainstGmp, InverseAndPower) {
    using F = TypeParam;
    const mpz_class p = limbs_to_mpz(F::kModulus);
    SeededRng rng(5);
    for (int i = 0; i < kRounds; ++i) {
        const Limbs x = random_limbs(rng), e = random_limbs(rng);
        const F a = F::from_integer(x);
        mpz_class want;
        mpz_powm(want.get_mpz_t(), to_mpz(a).get_mpz_t(), limbs_to_mpz(e).get_mpz_t(),
                 p.get_mpz_t());
        ASSERT_EQ(to_mpz(a.pow(e)), want);
        if (mpz_invert(want.get_mpz_t(), to_mpz(a).get_mpz_t(), p.get_mpz_t()) != 0) {
            ASSERT_EQ(to_mpz(a.inverse()), want);
        }
    }
}

TYPED_TEST(AgainstGmp, SignedIntegers) {
    using F = TypeParam;
    const mpz_class p = limbs_to_mpz(F::kModulus);
    const std::vector<std::int64_t> edges = {0, 1, -1, 2, -2, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (const std::int64_t hi : edges) {
        ASSERT_EQ(to_mpz(F::from_i64(hi)), mod(mpz_class(static_cast<long>(hi)), p));
        for (const std::int64_t low : edges) {
            const auto lo = static_cast<std::uint64_t>(low);
            const mpz_class value = (mpz_class(static_cast<long>(hi)) << 64) +
                                    mpz_class(static_cast<unsigned long>(lo));
            ASSERT_EQ(to_mpz(F::from_i128(hi, lo)), mod(value, p));
        }
    }
}

TYPED_TEST(AgainstGmp, DecodingIsCanonical) {
    using F = TypeParam;
    const mpz_class p = limbs_to_mpz(F::kModulus);
    const auto bytes_of = [](const mpz_class& value) {
        Bytes32 out = {};
        std::size_t count = 0;
        Bytes32 raw = {};
        mpz_export(raw.data(), &count, 1, 1, 1, 0, value.get_mpz_t());
        std::copy_n(raw.begin(), count, out.end() - static_cast<std::ptrdiff_t>(count));
        return out;
    };
    const mpz_class top = (mpz_class(1) << 256) - 1;
    EXPECT_EQ(F::from_bytes(bytes_of(p - 1)), -F::one());
    for (const mpz_class& value : {p, mpz_class(p + 1), mpz_class(2 * p), top}) {
        EXPECT_FALSE(F::from_bytes(bytes_of(value)).has_value());
        EXPECT_EQ(to_mpz(F::from_bytes_reduce(bytes_of(value))), mod(value, p));
    }
    SeededRng rng(6);
    for (int i = 0; i < kRounds; ++i) {
        Bytes32 bytes;
        rng.fill(bytes);
        const mpz_class value = to_mpz(std::span<const std::uint8_t>(bytes));
        ASSERT_EQ(F::from_bytes(bytes).has_value(), value < p);
        ASSERT_EQ(to_mpz(F::from_bytes_reduce(bytes)), mod(value, p));
        const F a = F::random(rng);
        ASSERT_LT(to_mpz(a), p);
        ASSERT_EQ(F::from_bytes(a.to_bytes()), a);
        ASSERT_EQ(F::from_montgomery(a.montgomery()), a);
    }
}

TEST(Constants, ModuliFollowFromTheParameter) {
    const mpz_class x("4965661367192848881");
    const mpz_class q = 36 * x * x * x * x + 36 * x * x * x + 24 * x * x + 6 * x + 1;
    const mpz_class r = 36 * x * x * x * x + 36 * x * x * x + 18 * x * x + 6 * x + 1;
    EXPECT_EQ(limbs_to_mpz(Fq::kModulus), q);
    EXPECT_EQ(limbs_to_mpz(Fr::kModulus), r);
    EXPECT_EQ(r.get_str(),
              "21888242871839275222246405745257275088548364400416034343698204186575808495617");
    EXPECT_NE(mpz_probab_prime_p(q.get_mpz_t(), 30), 0);
    EXPECT_NE(mpz_probab_prime_p(r.get_mpz_t(), 30), 0);
    EXPECT_EQ(mpz_class(q % 4), 3);  // so -1 is no square and Fq2 is a field
}

TEST(Constants, XiIsNeitherSquareNorCube) {  // so the tower is made of fields
    const mpz_class q = limbs_to_mpz(Fq::kModulus);
    const auto power_of_xi = [&](const mpz_class& exponent) {
        Fq2 result = Fq2::one();
        for (std::size_t i = mpz_sizeinbase(exponent.get_mpz_t(), 2); i > 0; --i) {
            result = result.square();
            if (mpz_tstbit(exponent.get_mpz_t(), i - 1) != 0) result = result.mul_by_xi();
        }
        return result;
    };
    EXPECT_EQ(power_of_xi(q * q - 1), Fq2::one());
    EXPECT_NE(power_of_xi((q * q - 1) / 2), Fq2::one());
    EXPECT_NE(power_of_xi((q * q - 1) / 3), Fq2::one());
    EXPECT_EQ(Fq2::one().mul_by_xi(), Fq2(Fq::from_u64(9), Fq::one()));
}

TEST(Constants, ArithmeticIsConstexpr) {
    static_assert(Fr::from_u64(6) * Fr::from_u64(7) == Fr::from_u64(42));
    static_assert(Fr::inv2() + Fr::inv2() == Fr::one());
    static_assert(Fr::from_i64(-3) + Fr::from_u64(3) == Fr::zero());
    static_assert(F97::from_u64(5).inverse() == F97::from_u64(39));
    EXPECT_EQ(Fr::inv2().double_(), Fr::one());
    EXPECT_EQ(Fq::inv2().double_(), Fq::one());
    EXPECT_EQ(F97::inv2().double_(), F97::one());
}

// ---- the tower's special products -----------------------------------------------------------

TEST(Tower, SparseProductsAgreeWithFullOnes) {
    SeededRng rng(7);
    for (int i = 0; i < kRounds; ++i) {
        const Fq2 a = Fq2::random(rng), b = Fq2::random(rng), c = Fq2::random(rng);
        const Fq6 f = Fq6::random(rng);
        const Fq6 v{Fq2::zero(), Fq2::one(), Fq2::zero()};
        EXPECT_EQ(a.mul_by_xi(), a * Fq2(Fq::from_u64(9), Fq::one()));
        EXPECT_EQ(f.mul_sparse(a, b), f * Fq6(a, b, Fq2::zero()));
        EXPECT_EQ(f.mul_by_v(), f * v);
        const Fq12 g = Fq12::random(rng);
        const Fq12 line{{a, Fq2::zero(), Fq2::zero()}, {b, c, Fq2::zero()}};
        EXPECT_EQ(g.mul_by_line(a, b, c), g * line);
        EXPECT_EQ(a.conjugate(), a.pow(Fq::kModulus));
        EXPECT_TRUE((g * g.conjugate()).c1.is_zero());
    }
}

}  // namespace
}  // namespace mintmark
