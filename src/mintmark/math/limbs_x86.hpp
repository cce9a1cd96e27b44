// x86-64 versions of the functions in limbs.hpp; the tests compare the two. Addition and
// subtraction use the base instruction set; the product needs BMI2 and ADX (has_adx).
//
// g++ 12 does not turn 128-bit arithmetic into carry chains: these additions are four times
// faster than what it makes of the portable ones, and the product is 1.5 times faster.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(MINTMARK_PORTABLE)
#define MINTMARK_X86_ASM 1

#include <cstdint>

#include "mintmark/math/modulus.hpp"

namespace mintmark::limbs::x86 {

/// The processor has mulx, adcx and adox.
inline const bool has_adx = __builtin_cpu_supports("adx") && __builtin_cpu_supports("bmi2");

/// (a + b) mod p for a, b < p < 2^255.
[[gnu::always_inline]] inline Limbs add_mod(const Limbs& a, const Limbs& b,
                                            const Limbs& p) noexcept {
    std::uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], s0, s1, s2, s3;
    asm("addq (%[b]),%[t0]\n\tadcq 8(%[b]),%[t1]\n\tadcq 16(%[b]),%[t2]\n\tadcq 24(%[b]),%[t3]\n\t"
        "movq %[t0],%[s0]\n\tmovq %[t1],%[s1]\n\tmovq %[t2],%[s2]\n\tmovq %[t3],%[s3]\n\t"
        "subq (%[p]),%[t0]\n\tsbbq 8(%[p]),%[t1]\n\tsbbq 16(%[p]),%[t2]\n\tsbbq 24(%[p]),%[t3]\n\t"
        "cmovcq %[s0],%[t0]\n\tcmovcq %[s1],%[t1]\n\tcmovcq %[s2],%[t2]\n\tcmovcq %[s3],%[t3]"
        : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [s0] "=&r"(s0),
          [s1] "=&r"(s1), [s2] "=&r"(s2), [s3] "=&r"(s3)
        : [b] "r"(&b), [p] "r"(&p)
        : "cc", "memory");
    return {t0, t1, t2, t3};
}

/// (a - b) mod p for a, b < p.
[[gnu::always_inline]] inline Limbs sub_mod(const Limbs& a, const Limbs& b,
                                            const Limbs& p) noexcept {
    std::uint64_t t0 = a[0], t1 = a[1], t2 = a[2], t3 = a[3], mask;
    std::uint64_t s0 = p[0], s1 = p[1], s2 = p[2], s3 = p[3];
    asm("subq (%[b]),%[t0]\n\tsbbq 8(%[b]),%[t1]\n\tsbbq 16(%[b]),%[t2]\n\tsbbq 24(%[b]),%[t3]\n\t"
        "sbbq %[mask],%[mask]\n\t"
        "andq %[mask],%[s0]\n\tandq %[mask],%[s1]\n\tandq %[mask],%[s2]\n\tandq %[mask],%[s3]\n\t"
        "addq %[s0],%[t0]\n\tadcq %[s1],%[t1]\n\tadcq %[s2],%[t2]\n\tadcq %[s3],%[t3]"
        : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [mask] "=&r"(mask),
          [s0] "+&r"(s0), [s1] "+&r"(s1), [s2] "+&r"(s2), [s3] "+&r"(s3)
        : [b] "r"(&b)
        : "cc", "memory");
    return {t0, t1, t2, t3};
}

// One round's reduction: t <- (t + h 2^256 + q p) / 2^64, q = t0 * ninv. adcx and adox carry two
// independent chains.
#define MINTMARK_MONT_REDUCE                                                   \
    "movq 32(%[p]),%%rdx\n\timulq %[t0],%%rdx\n\txorl %%eax,%%eax\n\t"         \
    "mulxq (%[p]),%%rax,%[c]\n\tadcxq %[t0],%%rax\n\tmovq %[c],%[t0]\n\t"      \
    "adcxq %[t1],%[t0]\n\tmulxq 8(%[p]),%%rax,%[t1]\n\tadoxq %%rax,%[t0]\n\t"  \
    "adcxq %[t2],%[t1]\n\tmulxq 16(%[p]),%%rax,%[t2]\n\tadoxq %%rax,%[t1]\n\t" \
    "adcxq %[t3],%[t2]\n\tmulxq 24(%[p]),%%rax,%[t3]\n\tadoxq %%rax,%[t2]\n\t" \
    "movl $0,%%eax\n\tadcxq %%rax,%[t3]\n\tadoxq %[h],%[t3]\n\t"
// One round: t + h 2^256 <- t + a_i b, then the reduction.
#define MINTMARK_MONT_ROUND(ai)                                              \
    "xorl %%eax,%%eax\n\tmovq " ai                                           \
    ",%%rdx\n\t"                                                             \
    "mulxq (%[b]),%%rax,%[h]\n\tadoxq %%rax,%[t0]\n\t"                       \
    "adcxq %[h],%[t1]\n\tmulxq 8(%[b]),%%rax,%[h]\n\tadoxq %%rax,%[t1]\n\t"  \
    "adcxq %[h],%[t2]\n\tmulxq 16(%[b]),%%rax,%[h]\n\tadoxq %%rax,%[t2]\n\t" \
    "adcxq %[h],%[t3]\n\tmulxq 24(%[b]),%%rax,%[h]\n\tadoxq %%rax,%[t3]\n\t" \
    "movl $0,%%eax\n\tadcxq %%rax,%[h]\n\tadoxq %%rax,%[h]\n\t" MINTMARK_MONT_REDUCE

/// As limbs::mont_mul; only when has_adx.
[[gnu::always_inline]] inline Limbs mont_mul(const Limbs& a, const Limbs& b,
                                             const Modulus& p) noexcept {
    std::uint64_t t0, t1, t2, t3, h, c;
    asm("xorl %%eax,%%eax\n\tmovq (%[a]),%%rdx\n\t"
        "mulxq (%[b]),%[t0],%[t1]\n\t"
        "mulxq 8(%[b]),%%rax,%[t2]\n\tadoxq %%rax,%[t1]\n\t"
        "mulxq 16(%[b]),%%rax,%[t3]\n\tadoxq %%rax,%[t2]\n\t"
        "mulxq 24(%[b]),%%rax,%[h]\n\tadoxq %%rax,%[t3]\n\t"
        "movl $0,%%eax\n\tadoxq %%rax,%[h]\n\t"  //
        MINTMARK_MONT_REDUCE MINTMARK_MONT_ROUND("8(%[a])") MINTMARK_MONT_ROUND("16(%[a])")
            MINTMARK_MONT_ROUND("24(%[a])")
        "movq %[t0],%[h]\n\tmovq %[t1],%[c]\n\tmovq %[t2],%%rax\n\tmovq %[t3],%%rdx\n\t"
        "subq (%[p]),%[t0]\n\tsbbq 8(%[p]),%[t1]\n\tsbbq 16(%[p]),%[t2]\n\tsbbq 24(%[p]),%[t3]\n\t"
        "cmovcq %[h],%[t0]\n\tcmovcq %[c],%[t1]\n\tcmovcq %%rax,%[t2]\n\tcmovcq %%rdx,%[t3]"
        : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [h] "=&r"(h),
          [c] "=&r"(c)
        : [a] "r"(&a), [b] "r"(&b), [p] "r"(&p)
        : "cc", "memory", "rax", "rdx");
    return {t0, t1, t2, t3};
}
#undef MINTMARK_MONT_ROUND
#undef MINTMARK_MONT_REDUCE

}  // namespace mintmark::limbs::x86
#endif
