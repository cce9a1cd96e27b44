#include "mintmark/math/pairing.hpp"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <string_view>

#include "mintmark/math/pairing_steps.hpp"

namespace mintmark {
namespace {

using Pairs = std::vector<std::pair<G1Affine, G2Affine>>;

Fq12 pairing(const G1Affine& p, const G2Affine& q) {
    return final_exponentiation(miller_loop(Pairs{{p, q}}));
}
G1Affine g1(const Fr& a) {
    return G1::generator().mul(a).to_affine();
}
G2Affine g2(const Fr& a) {
    return G2::generator().mul(a).to_affine();
}

Fq12 power(const Fq12& base, const mpz_class& exponent) {
    Fq12 result = Fq12::one();
    for (std::size_t i = mpz_sizeinbase(exponent.get_mpz_t(), 2); i > 0; --i) {
        result = result.square();
        if (mpz_tstbit(exponent.get_mpz_t(), i - 1) != 0) result = result * base;
    }
    return result;
}
const mpz_class kX("4965661367192848881");
mpz_class modulus_q() {
    return 36 * kX * kX * kX * kX + 36 * kX * kX * kX + 24 * kX * kX + 6 * kX + 1;
}

TEST(Pairing, Bilinear) {
    SeededRng rng(1);
    const Fq12 e = pairing(G1Affine::generator(), G2Affine::generator());
    EXPECT_NE(e, Fq12::one());
    for (int i = 0; i < 3; ++i) {
        const Fr a = Fr::random(rng), b = Fr::random(rng);
        const Bytes32 product = (a * b).to_bytes();
        mpz_class exponent;
        mpz_import(exponent.get_mpz_t(), 32, 1, 1, 1, 0, product.data());
        EXPECT_EQ(pairing(g1(a), g2(b)), power(e, exponent));
        EXPECT_EQ(pairing(g1(a), g2(b)), pairing(g1(b), g2(a)));
        EXPECT_EQ(pairing(g1(a), g2(Fr::one())) * pairing(g1(b), g2(Fr::one())),
                  pairing(g1(a + b), g2(Fr::one())));
    }
    EXPECT_EQ(power(e, modulus_q() - 6 * kX * kX), Fq12::one());  // r = q - 6x^2
}

TEST(Pairing, FrobeniusIsTheQthPower) {
    SeededRng rng(2);
    const Fq12 a = Fq12::random(rng);
    EXPECT_EQ(frobenius(a), power(a, modulus_q()));
}

TEST(Pairing, FinalExponentiationIsTheStatedPower) {
    SeededRng rng(3);
    const Fq12 a = Fq12::random(rng);
    const mpz_class q = modulus_q();
    const mpz_class r = q - 6 * kX * kX;
    mpz_class q12;
    mpz_pow_ui(q12.get_mpz_t(), q.get_mpz_t(), 12);
    ASSERT_EQ(mpz_class((q12 - 1) % r), 0);
    const mpz_class factor = 2 * kX * (6 * kX * kX + 3 * kX + 1);
    EXPECT_EQ(gcd(factor, r), 1);
    EXPECT_EQ(final_exponentiation(a), power(a, (q12 - 1) / r * factor));
    EXPECT_EQ(final_exponentiation(Fq12::zero()), Fq12::zero());
}

TEST(Pairing, ProductCheck) {
    SeededRng rng(4);
    const Fr a = Fr::random(rng), b = Fr::random(rng);
    EXPECT_TRUE(pairing_product_is_one({}));
    EXPECT_TRUE(pairing_product_is_one(Pairs{{g1(a), g2(b)}, {g1(-(a * b)), g2(Fr::one())}}));
    EXPECT_FALSE(pairing_product_is_one(Pairs{{g1(a), g2(b)}, {g1(a * b), g2(Fr::one())}}));
    EXPECT_FALSE(pairing_product_is_one(Pairs{{g1(a), g2(b)}}));
    const Pairs with_infinity = {{G1Affine::identity(), g2(b)}, {g1(a), G2Affine::identity()}};
    EXPECT_TRUE(pairing_product_is_one(with_infinity));
}

// ---- known answers: inputs and outputs of the Ethereum precompile 0x08 (EIP-197) --------------

struct Vector {
    bool result;
    std::string_view input;
};

Pairs decode(std::string_view hex) {
    const Bytes bytes = from_hex(hex).value();
    Pairs out;
    for (std::size_t i = 0; i + 192 <= bytes.size(); i += 192) {
        const auto p = std::span<const std::uint8_t, 64>(bytes.data() + i, 64);
        const auto q = std::span<const std::uint8_t, 128>(bytes.data() + i + 64, 128);
        out.emplace_back(G1Affine::from_bytes(p).value(), G2Affine::from_bytes(q).value());
        EXPECT_TRUE(in_subgroup(out.back().second));
    }
    EXPECT_EQ(out.size() * 192, bytes.size());
    return out;
}

const Vector kVectors[] = {{true,
                            "1c76476f4def4bb94541d57ebba1193381ffa7aa76ada664dd31c16024c43f59"
                            "3034dd2920f673e204fee2811c678745fc819b55d3e9d294e45c9b03a76aef41"
                            "209dd15ebff5d46c4bd888e51a93cf99a7329636c63514396b4a452003a35bf7"
                            "04bf11ca01483bfa8b34b43561848d28905960114c8ac04049af4b6315a41678"
                            "2bb8324af6cfc93537a2ad1a445cfd0ca2a71acd7ac41fadbf933c2a51be344d"
                            "120a2a4cf30c1bf9845f20c6fe39e07ea2cce61f0c9bb048165fe5e4de877550"
                            "111e129f1cf1097710d41c4ac70fcdfa5ba2023c6ff1cbeac322de49d1b6df7c"
                            "2032c61a830e3c17286de9462bf242fca2883585b93870a73853face6a6bf411"
                            "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                            "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                            "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                            "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"},
                           {true,
                            "2eca0c7238bf16e83e7a1e6c5d49540685ff51380f309842a98561558019fc02"
                            "03d3260361bb8451de5ff5ecd17f010ff22f5c31cdf184e9020b06fa5997db84"
                            "1213d2149b006137fcfb23036606f848d638d576a120ca981b5b1a5f9300b3ee"
                            "2276cf730cf493cd95d64677bbb75fc42db72513a4c1e387b476d056f80aa75f"
                            "21ee6226d31426322afcda621464d0611d226783262e21bb3bc86b537e986237"
                            "096df1f82dff337dd5972e32a8ad43e28a78a96a823ef1cd4debe12b6552ea5f"
                            "06967a1237ebfeca9aaae0d6d0bab8e28c198c5a339ef8a2407e31cdac516db9"
                            "22160fa257a5fd5b280642ff47b65eca77e626cb685c84fa6d3b6882a283ddd1"
                            "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                            "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                            "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                            "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"},
                           {true,  // three pairs
                            "20a754d2071d4d53903e3b31a7e98ad6882d58aec240ef981fdf0a9d22c5926a"
                            "29c853fcea789887315916bbeb89ca37edb355b4f980c9a12a94f30deeed3021"
                            "1213d2149b006137fcfb23036606f848d638d576a120ca981b5b1a5f9300b3ee"
                            "2276cf730cf493cd95d64677bbb75fc42db72513a4c1e387b476d056f80aa75f"
                            "21ee6226d31426322afcda621464d0611d226783262e21bb3bc86b537e986237"
                            "096df1f82dff337dd5972e32a8ad43e28a78a96a823ef1cd4debe12b6552ea5f"
                            "1abb4a25eb9379ae96c84fff9f0540abcfc0a0d11aeda02d4f37e4baf74cb0c1"
                            "1073b3ff2cdbb38755f8691ea59e9606696b3ff278acfc098fa8226470d03869"
                            "217cee0a9ad79a4493b5253e2e4e3a39fc2df38419f230d341f60cb064a0ac29"
                            "0a3d76f140db8418ba512272381446eb73958670f00cf46f1d9e64cba057b53c"
                            "26f64a8ec70387a13e41430ed3ee4a7db2059cc5fc13c067194bcc0cb49a9855"
                            "2fd72bd9edb657346127da132e5b82ab908f5816c826acb499e22f2412d1a2d7"
                            "0f25929bcb43d5a57391564615c9e70a992b10eafa4db109709649cf48c50dd2"
                            "198a1f162a73261f112401aa2db79c7dab1533c9935c77290a6ce3b191f2318d"
                            "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                            "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                            "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                            "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"},
                           {false,  // the first one with a point negated
                            "1c76476f4def4bb94541d57ebba1193381ffa7aa76ada664dd31c16024c43f59"
                            "3034dd2920f673e204fee2811c678745fc819b55d3e9d294e45c9b03a76aef41"
                            "209dd15ebff5d46c4bd888e51a93cf99a7329636c63514396b4a452003a35bf7"
                            "04bf11ca01483bfa8b34b43561848d28905960114c8ac04049af4b6315a41678"
                            "2bb8324af6cfc93537a2ad1a445cfd0ca2a71acd7ac41fadbf933c2a51be344d"
                            "120a2a4cf30c1bf9845f20c6fe39e07ea2cce61f0c9bb048165fe5e4de877550"
                            "111e129f1cf1097710d41c4ac70fcdfa5ba2023c6ff1cbeac322de49d1b6df7c"
                            "103188585e2364128fe25c70558f1560f4f9350baf3959e603cc91486e110936"
                            "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                            "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                            "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                            "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"},
                           {false,  // one pair of generators
                            "0000000000000000000000000000000000000000000000000000000000000001"
                            "0000000000000000000000000000000000000000000000000000000000000002"
                            "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                            "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                            "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                            "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"},
                           {true,
                            "105456a333e6d636854f987ea7bb713dfd0ae8371a72aea313ae0c32c0bf1016"
                            "0cf031d41b41557f3e7e3ba0c51bebe5da8e6ecd855ec50fc87efcdeac168bcc"
                            "0476be093a6d2b4bbf907172049874af11e1b6267606e00804d3ff0037ec57fd"
                            "3010c68cb50161b7d1d96bb71edfec9880171954e56871abf3d93cc94d745fa1"
                            "14c059d74e5b6c4ec14ae5864ebe23a71781d86c29fb8fb6cce94f70d3de7a21"
                            "01b33461f39d9e887dbb100f170a2345dde3c07e256d1dfa2b657ba5cd030427"
                            "0000000000000000000000000000000000000000000000000000000000000001"
                            "0000000000000000000000000000000000000000000000000000000000000002"
                            "1a2c3013d2ea92e13c800cde68ef56a294b883f6ac35d25f587c09b1b3c635f7"
                            "290158a80cd3d66530f74dc94c94adb88f5cdb481acca997b6e60071f08a115f"
                            "2f997f3dbd66a7afe07fe7862ce239edba9e05c5afff7f8a1259c9733b2dfbb9"
                            "29d1691530ca701b4a106054688728c9972c8512e9789e9567aae23e302ccd75"}};

TEST(Eip197, KnownAnswers) {
    for (const Vector& v : kVectors) {
        EXPECT_EQ(pairing_product_is_one(decode(v.input)), v.result);
    }
}

}  // namespace
}  // namespace mintmark
