// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Order of BN254's groups: the scalar field.
uint256 constant FR =
    21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
/// @dev 1/2 in the scalar field.
uint256 constant FR_HALF =
    10_944_121_435_919_637_611_123_202_872_628_637_544_274_182_200_208_017_171_849_102_093_287_904_247_809;

/// @title Scalars and points of multilinear polynomials
/// @notice A *point* is a memory address. Variable `i` of the point lies at `point + 64 i` as the pair `(1 - x, x)`,
///         canonical, so that bit `b` of an index selects the word at `point + 64 i + 32 b`. A slice that starts at
///         variable `i` is the address `point + 64 i`. Variable 0 is the least significant index bit.
/// @dev `mstore(0, FR)`, `mload(mload(0x60))` is FR (Solidity keeps the word at 0x60 zero, the one at 0 is free) in a
///      form that the optimizer leaves in a variable: a use then takes one byte of code instead of 33.
library Fr {
    /// @notice Writes variable `x < FR` at the address `at`.
    function putVariable(uint256 pos, uint256 x) internal pure {
        assembly ("memory-safe") {
            mstore(pos, addmod(1, sub(FR, x), FR))
            mstore(add(pos, 32), x)
        }
    }

    /// @notice FR, for a variable.
    function order() internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            mstore(0, FR)
            r := mload(mload(0x60))
        }
    }

    /// @notice `a - b` for canonical a and b.
    function sub(uint256 a, uint256 b) internal pure returns (uint256 c) {
        assembly ("memory-safe") {
            c := addmod(a, sub(FR, b), FR)
        }
    }

    /// @notice eq(a, b) over the first `n` variables of two points.
    function eq(uint256 a, uint256 b, uint256 n) internal pure returns (uint256 acc) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            // the sum of two canonical products does not overflow
            acc := 1
            let end := add(a, shl(6, n))
            if and(n, 1) {
                acc := addmod(
                    mulmod(mload(a), mload(b), r),
                    mulmod(mload(add(a, 32)), mload(add(b, 32)), r),
                    r
                )
                a := add(a, 64)
                b := add(b, 64)
            }
            for {} lt(a, end) {} {
                let e := add(mulmod(mload(a), mload(b), r), mulmod(mload(add(a, 32)), mload(add(b, 32)), r))
                acc := mulmod(acc, e, r)
                e := mulmod(mload(add(a, 64)), mload(add(b, 64)), r)
                e := add(e, mulmod(mload(add(a, 96)), mload(add(b, 96)), r))
                acc := mulmod(acc, e, r)
                a := add(a, 128)
                b := add(b, 128)
            }
        }
    }

    /// @notice eq(a, index) over variables `[0, n)`; bits of `index` above `n` are ignored.
    function eqIndex(uint256 a, uint256 n, uint256 index) internal pure returns (uint256 acc) {
        assembly ("memory-safe") {
            let end := add(a, shl(6, n))
            acc := 1
            index := shl(5, index)
            if and(n, 1) {
                acc := mload(add(a, and(index, 32)))
                index := shr(1, index)
                a := add(a, 64)
            }
            for {} lt(a, end) { a := add(a, 128) } {
                acc := mulmod(acc, mload(add(a, and(index, 32))), FR)
                index := shr(1, index)
                acc := mulmod(acc, mload(add(add(a, 64), and(index, 32))), FR)
                index := shr(1, index)
            }
        }
    }

    /// @notice lt(bound, a) = sum of eq(a, j) over j < bound, for bound <= 2^n.
    function lt(uint256 bound, uint256 a, uint256 n) internal pure returns (uint256 acc) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            switch shr(n, bound)
            case 0 {
                for { let end := add(a, shl(6, n)) } lt(a, end) { a := add(a, 64) } {
                    // bit 1: (1 - x) + x acc, bit 0: (1 - x) acc
                    switch and(bound, 1)
                    case 0 { acc := mulmod(acc, mload(a), r) }
                    default { acc := add(mload(a), mulmod(acc, mload(add(a, 32)), r)) }
                    bound := shr(1, bound)
                }
                acc := mod(acc, r)
            }
            default { acc := 1 }
        }
    }

    /// @notice Sum of eq(a, j) eq(b, j) over j < bound <= 2^na, where a has `na` and b has `nb >= na` variables.
    function eqBelow(uint256 bound, uint256 a, uint256 na, uint256 b, uint256 nb)
        internal
        pure
        returns (uint256 acc)
    {
        if (bound >> na != 0) {
            acc = eq(a, b, na);
        } else {
            assembly ("memory-safe") {
                mstore(0, FR)
                let r := mload(mload(0x60))
                let full := 1
                let y := b
                for { let end := add(a, shl(6, na)) } lt(a, end) {} {
                    let x0 := mulmod(mload(a), mload(y), r)
                    let x1 := mulmod(mload(add(a, 32)), mload(add(y, 32)), r)
                    switch and(bound, 1)
                    case 0 { acc := mulmod(x0, acc, r) }
                    default { acc := addmod(mulmod(x0, full, r), mulmod(x1, acc, r), r) }
                    full := mulmod(full, add(x0, x1), r)
                    bound := shr(1, bound)
                    a := add(a, 64)
                    y := add(y, 64)
                }
            }
        }
        assembly ("memory-safe") {
            // indices below 2^na have zeros in b's further bits
            let end := add(b, shl(6, nb))
            for { b := add(b, shl(6, na)) } lt(b, end) { b := add(b, 64) } {
                acc := mulmod(acc, mload(b), FR)
            }
        }
    }

    /// @notice Appends `n` variables above those of the eq table of `size` words at `table`.
    /// @return grown the new size, `size * 2^n`; entry j is eq(point, j)
    function growEqTable(uint256 table, uint256 size, uint256 a, uint256 n)
        internal
        pure
        returns (uint256 grown)
    {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let half := shl(5, size)
            for { let end := add(a, shl(6, n)) } lt(a, end) { a := add(a, 64) } {
                let x := mload(add(a, 32))
                let top := add(table, half)
                for { let j := table } lt(j, top) { j := add(j, 32) } {
                    let v := mload(j)
                    let p := mulmod(v, x, r)
                    mstore(add(j, half), p)
                    mstore(j, addmod(v, sub(r, p), r))
                }
                half := shl(1, half)
            }
            grown := shr(5, half)
        }
    }

    /// @notice Writes the eq table (2^n words) of a point at `table`; returns the address behind it.
    function eqTable(uint256 table, uint256 a, uint256 n) internal pure returns (uint256 end) {
        assembly ("memory-safe") {
            mstore(table, 1)
        }
        unchecked {
            end = table + (growEqTable(table, 1, a, n) << 5);
        }
    }
}
