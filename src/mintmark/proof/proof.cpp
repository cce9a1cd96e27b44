#include "mintmark/proof/proof.hpp"

#include "mintmark/circuit/byte_io.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kPointBytes = 64;
constexpr std::size_t kScalarBytes = 32;

/// Reads canonical scalars and curve points; remembers the first failure.
class Parser {
  public:
    explicit Parser(ByteSpan bytes) : in_(bytes) {}

    void points(std::vector<G1Affine>& out, std::size_t count) {
        out.resize(count);
        for (G1Affine& p : out) point(p);
    }
    void point(G1Affine& out) {
        const ByteSpan bytes = in_.take(kPointBytes);
        const auto p = bytes.size() == kPointBytes
                           ? G1Affine::from_bytes(bytes.first<kPointBytes>())
                           : std::nullopt;
        points_ok_ = points_ok_ && p.has_value();
        if (p) out = *p;
    }
    void scalar(Fr& out) {
        const ByteSpan bytes = in_.take(kScalarBytes);
        const auto s = bytes.size() == kScalarBytes ? Fr::from_bytes(bytes.first<kScalarBytes>())
                                                    : std::nullopt;
        scalars_ok_ = scalars_ok_ && s.has_value();
        if (s) out = *s;
    }
    [[nodiscard]] Status status() const {
        if (!points_ok_) return fail(ErrorCode::kMalformed, "proof: point not on the curve");
        if (!scalars_ok_) return fail(ErrorCode::kMalformed, "proof: scalar not canonical");
        return {};
    }

  private:
    ByteReader in_;
    bool points_ok_ = true;
    bool scalars_ok_ = true;
};

/// The opening's fields in the order of the bytes: five points, seven scalars, two points.
template <class Opening, class Point, class Scalar>
void visit_opening(Opening& o, const Point& point, const Scalar& scalar) {
    for (auto* p : {&o.h, &o.q, &o.g, &o.s, &o.d}) point(*p);
    for (auto* s : {&o.zeta_inv, &o.g_z, &o.g_zi, &o.h_z, &o.h_zi, &o.s_z, &o.s_zi}) scalar(*s);
    for (auto* p : {&o.w, &o.w_y}) point(*p);
}

}  // namespace

std::size_t proof_size(const Circuit& c) noexcept {
    const std::size_t points = 2 * std::size_t{c.n_f} + c.n_g + 2 * std::size_t{c.n_t} + 2 + 7;
    const std::size_t scalars =
        1 + 3 * std::size_t{c.n_prod()} + 2 + 4 + 2 * c.num_products() + 2 * std::size_t{c.mu} + 7;
    return kPointBytes * points + kScalarBytes * scalars;
}

std::vector<Fr> to_scalars(const ProductEvals& evals) {
    std::vector<Fr> out{evals.h, evals.q, evals.ht, evals.t};
    for (const auto& [a, b] : evals.products) {
        out.push_back(a);
        out.push_back(b);
    }
    return out;
}

Bytes encode(const Proof& proof) {
    ByteWriter out;
    const auto point = [&](const G1Affine& p) { out.put(p.to_bytes()); };
    const auto scalar = [&](const Fr& s) { out.put(s.to_bytes()); };
    const auto points = [&](const std::vector<G1Affine>& column) {
        for (const G1Affine& p : column) point(p);
    };
    for (const auto* column : {&proof.f, &proof.g, &proof.m}) points(*column);
    point(proof.z);
    point(proof.r);
    for (const auto* column : {&proof.h, &proof.ht}) points(*column);
    scalar(proof.sum);
    for (const auto& round : proof.product_rounds)
        for (const Fr& c : round) scalar(c);
    for (const Fr& c : proof.last_product_round) scalar(c);
    for (const Fr& s : to_scalars(proof.evals)) scalar(s);
    for (const auto& round : proof.merge_rounds)
        for (const Fr& c : round) scalar(c);
    visit_opening(proof.opening, point, scalar);
    return std::move(out).take();
}

Result<Proof> decode_proof(const VerifyingKey& vk, ByteSpan bytes) {
    const Circuit& c = vk.circuit;
    if (bytes.size() != proof_size(c)) return fail(ErrorCode::kMalformed, "proof: wrong length");
    Parser in(bytes);
    Proof proof;
    in.points(proof.f, c.n_f);
    in.points(proof.g, c.n_g);
    in.points(proof.m, c.n_t);
    in.point(proof.z);
    in.point(proof.r);
    const bool unmasked = proof.z.infinity || proof.r.infinity;
    in.points(proof.h, c.n_f);
    in.points(proof.ht, c.n_t);
    in.scalar(proof.sum);
    proof.product_rounds.resize(c.n_prod() - std::size_t{1});
    for (auto& round : proof.product_rounds)
        for (Fr& s : round) in.scalar(s);
    for (Fr& s : proof.last_product_round) in.scalar(s);
    ProductEvals& evals = proof.evals;
    for (Fr* s : {&evals.h, &evals.q, &evals.ht, &evals.t}) in.scalar(*s);
    evals.products.resize(c.num_products());
    for (auto& [a, b] : evals.products) {
        in.scalar(a);
        in.scalar(b);
    }
    proof.merge_rounds.resize(c.mu);
    for (auto& round : proof.merge_rounds)
        for (Fr& s : round) in.scalar(s);
    visit_opening(proof.opening, [&](G1Affine& p) { in.point(p); }, [&](Fr& s) { in.scalar(s); });
    MINTMARK_CHECK(in.status());
    if (unmasked) return fail(ErrorCode::kMalformed, "proof: no masks");
    return proof;
}

}  // namespace mintmark
