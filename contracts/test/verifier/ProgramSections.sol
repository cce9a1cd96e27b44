// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where the parts of a key's program lie, and the same key with more in it (docs/spec/protocol.md §8, §8a).
/// @dev Of small keys: the low bytes of the counts are all.
library ProgramSections {
    uint256 internal constant AT = 2;
    uint256 internal constant SHIFT = 4;
    uint256 internal constant DENSE = 5;
    uint256 internal constant REGROUP = 6;
    uint256 internal constant SUM = 7;
    uint256 internal constant TERMS = 8; // with one factor, two, … seven
    uint256 internal constant LONG = 15;

    uint256 private constant LENGTH = 29; // u24 in the header

    function program(bytes memory vk) internal pure returns (uint256) {
        uint256 records = uint8(vk[9]) + uint256(uint8(vk[11]));
        return 64 + 32 * records + u24(vk, 26);
    }

    /// @notice Where the counts of the sections lie, u16 each.
    function counts(bytes memory vk) internal pure returns (uint256) {
        return program(vk) + 6;
    }

    function count(bytes memory vk, uint256 kind) internal pure returns (uint256) {
        return uint8(vk[counts(vk) + 2 * kind + 1]);
    }

    /// @notice Where the records of that kind begin, in a program without long terms before them.
    function section(bytes memory vk, uint256 kind) internal pure returns (uint256 at) {
        uint8[6] memory sizes = [32, 3, 6, 6, 12, 19];
        at = counts(vk) + 34;
        for (uint256 i = 0; i < kind; ++i) {
            if (i < REGROUP) at += sizes[i] * count(vk, i);
            else if (i == REGROUP) at = _behindRegroups(vk, at);
            else if (i == SUM) at = _behindSums(vk, at);
            else at += (2 * i - 12) * count(vk, i);
        }
    }

    /// @notice The key with `records`, so many of that kind, behind the others of the kind.
    function inserted(bytes memory vk, uint256 kind, uint256 many, bytes memory records)
        internal
        pure
        returns (bytes memory longer)
    {
        uint256 at = section(vk, kind + 1);
        longer = bytes.concat(slice(vk, 0, at), records, slice(vk, at, vk.length));
        uint256 length = u24(vk, LENGTH) + records.length;
        (longer[LENGTH], longer[LENGTH + 1], longer[LENGTH + 2]) =
        (bytes1(uint8(length >> 16)), bytes1(uint8(length >> 8)), bytes1(uint8(length)));
        uint256 place = counts(vk) + 2 * kind;
        uint256 all = (uint256(uint8(vk[place])) << 8 | uint8(vk[place + 1])) + many;
        (longer[place], longer[place + 1]) = (bytes1(uint8(all >> 8)), bytes1(uint8(all)));
    }

    function u24(bytes memory vk, uint256 at) internal pure returns (uint256) {
        return uint256(uint8(vk[at])) << 16 | uint256(uint8(vk[at + 1])) << 8 | uint8(vk[at + 2]);
    }

    function slice(bytes memory data, uint256 from, uint256 to) internal pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i = 0; i < part.length; ++i) {
            part[i] = data[from + i];
        }
    }

    function _behindRegroups(bytes memory vk, uint256 at) private pure returns (uint256) {
        for (uint256 left = count(vk, REGROUP); left != 0; --left) {
            at += 5 + 5 * uint256(uint8(vk[at + 1])) + 4 * uint256(uint8(vk[at + 2]));
        }
        return at;
    }

    function _behindSums(bytes memory vk, uint256 at) private pure returns (uint256) {
        for (uint256 left = count(vk, SUM); left != 0; --left) {
            at += 2 + 6 * (uint256(uint8(vk[at])) << 8 | uint8(vk[at + 1]));
        }
        return at;
    }
}
