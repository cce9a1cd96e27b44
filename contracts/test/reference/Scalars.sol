// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

uint256 constant R =
    21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;

/// @notice Arithmetic of docs/spec/protocol.md §0, written to be read. A point is the list of its variables.
library Scalars {
    function add(uint256 a, uint256 b) internal pure returns (uint256) {
        return addmod(a, b, R);
    }

    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        return addmod(a, R - b % R, R);
    }

    function mul(uint256 a, uint256 b) internal pure returns (uint256) {
        return mulmod(a, b, R);
    }

    function pow(uint256 a, uint256 n) internal pure returns (uint256 x) {
        x = 1;
        for (uint256 i = 0; i < n; ++i) {
            x = mul(x, a);
        }
    }

    /// @notice 2^-n.
    function half(uint256 n) internal pure returns (uint256) {
        return pow((R + 1) / 2, n);
    }

    function fromInt(int256 x) internal pure returns (uint256) {
        return x >= 0 ? uint256(x) % R : R - uint256(-x) % R;
    }

    /// @notice Variables `from` to `from + n - 1` of a point.
    function slice(uint256[] memory point, uint256 from, uint256 n)
        internal
        pure
        returns (uint256[] memory part)
    {
        part = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            part[i] = point[from + i];
        }
    }

    /// @notice The last n variables.
    function last(uint256[] memory point, uint256 n) internal pure returns (uint256[] memory) {
        return slice(point, point.length - n, n);
    }

    /// @notice eq(a, b) = product of a_i b_i + (1 - a_i)(1 - b_i).
    function eq(uint256[] memory a, uint256[] memory b) internal pure returns (uint256 product) {
        product = 1;
        for (uint256 i = 0; i < a.length; ++i) {
            product = mul(product, add(mul(a[i], b[i]), mul(sub(1, a[i]), sub(1, b[i]))));
        }
    }

    /// @notice eq(a, j) for an integer j, whose bits beyond a's variables are ignored.
    function eqIndex(uint256[] memory a, uint256 j) internal pure returns (uint256 product) {
        product = 1;
        for (uint256 i = 0; i < a.length; ++i) {
            product = mul(product, j >> i & 1 == 1 ? a[i] : sub(1, a[i]));
        }
    }

    /// @notice lt(bound, a) = sum of eq(a, j) over j < bound, from the definition's recursion over a's highest variable.
    function lt(uint256 bound, uint256[] memory a) internal pure returns (uint256 sum) {
        uint256 prefix = 1; // eq of the variables above with the bound's bits
        for (uint256 i = a.length; i > 0; --i) {
            if (bound >> i != 0) return 1;
            uint256 x = a[i - 1];
            if (bound >> (i - 1) & 1 == 1) {
                sum = add(sum, mul(prefix, sub(1, x)));
                prefix = mul(prefix, x);
                bound -= 1 << (i - 1);
                if (bound == 0) return sum;
            } else {
                prefix = mul(prefix, sub(1, x));
            }
        }
        if (bound != 0) sum = 1; // no variables: eq is 1
    }
}
