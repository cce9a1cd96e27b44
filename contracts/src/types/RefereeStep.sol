// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Steps of a referee's program (docs/spec/referee.md §2): what one element of one step is the sum of.
/// Indices are logical and row-major; nothing is padded.

/// @dev Where an operand reads.
enum RefereeSource {
    Weight, // the registered weights
    Input, // the instances' input part
    Limb, // a limb of an earlier step
    Result // what that limb's table makes of it
}

/// @dev How one axis of the tensor (Regroup: some axes together, `dim` entries) is read. `p`, `t` are numbers of out or
/// contraction axes.
enum RefereeMapKind {
    All, // summed over all entries
    Eq, // entry e_p
    Win, // entry stride·e_p + dilation·e_t + offset
    SumWin, // summed over b < taps: entry stride·e_p + dilation·b + offset; p = 255: e_p = 0
    Regroup // the entry at the row-major place of (e_p … e_{p+t-1})
}

struct RefereeMap {
    RefereeMapKind kind;
    uint8 p;
    uint8 t;
    uint32 dim;
    uint32 taps;
    uint32 stride;
    uint32 dilation;
    int32 offset;
}

struct RefereeOperand {
    RefereeSource source;
    uint8 limb;
    uint64 base; // first weight, or first element of the earlier step
    RefereeMap[] maps;
}

/// @dev `coef` where lo ≤ index < hi on every axis, else 0.
struct RefereeConst {
    int128 coef;
    uint32[] lo;
    uint32[] hi;
}

struct RefereeLin {
    int128 coef;
    RefereeOperand operand;
}

/// @dev coef · Σ over the contraction axes of a · b.
struct RefereeProd {
    int128 coef;
    uint32[] contraction;
    RefereeOperand a;
    RefereeOperand b;
}

/// @dev A limb's values are lo … lo + 2^logSize − 1; the result of value v is row `row + v − lo` of the tables.
struct RefereeLimb {
    uint8 shift;
    uint8 logSize;
    bool isFunction;
    uint64 row;
    int64 lo;
}

/// @dev Σ 2^shift · limb = Σ terms at every element; in the last step, which has no limbs, the output = Σ terms.
struct RefereeStep {
    uint64 base; // number of the step's first element in the trace
    uint32[] dims;
    RefereeLimb[] limbs;
    RefereeConst[] consts;
    RefereeLin[] lins;
    RefereeProd[] prods;
}
