// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {KeyParts} from "../utils/KeyParts.sol";

/// @notice Keys that lie in several contracts: read whole, and refused when a part is not what the head says.
contract KeyInPartsUnitTest is Test {
    uint256 internal constant FULL = VerifyingKeyCode.MAX_KEY_BYTES;

    bytes internal key;
    address[] internal parts;

    function setUp() public {
        key = random(2 * FULL + 1234, "key");
        parts = KeyParts.deployParts(key);
        assertEq(parts.length, 3);
    }

    function test_inspect_hashesTheWholeKey() public {
        assertEq(hashOf(KeyParts.head(key.length, parts)), keccak256(key));
        for (uint256 n = FULL - 1; n < FULL + 3; ++n) {
            bytes memory other = random(n, "other");
            address at = n > FULL ? KeyParts.deploy(other) : VerifyingKeyCode.deploy(other);
            assertEq(hashOf(at), keccak256(other), vm.toString(n));
        }
        bytes memory longest = random(VerifyingKeyCode.MAX_PARTS * FULL, "longest");
        assertEq(hashOf(KeyParts.deploy(longest)), keccak256(longest));
    }

    /// @dev Neither what lies behind a short code in memory nor the head's own bytes get into a key.
    function test_load_leavesMemoryAsItWas() public {
        address head = KeyParts.head(key.length, parts);
        bytes memory before = random(77, "before");
        (uint256 data, uint256 length) = VerifyingKeyCode.load(head);
        bytes memory behind = random(77, "before");
        bytes32 hash;
        assembly ("memory-safe") {
            hash := keccak256(data, length)
        }
        assertEq(hash, keccak256(key));
        assertEq(before, behind);
    }

    function test_inspect_reorderedPartsAreAnotherKey() public {
        (parts[0], parts[1]) = (parts[1], parts[0]);
        assertNotEq(hashOf(KeyParts.head(key.length, parts)), keccak256(key));
        (parts[1], parts[2]) = (parts[2], parts[1]); // the short one is not last
        refused(KeyParts.headBytes(key.length, parts));
    }

    function test_inspect_aWrongPartIsAnotherKey() public {
        parts[1] = VerifyingKeyCode.deploy(random(FULL, "wrong"));
        assertNotEq(hashOf(KeyParts.head(key.length, parts)), keccak256(key));
    }

    function test_inspect_refusesAMissingPart() public {
        parts[2] = address(0xdead);
        refused(KeyParts.headBytes(key.length, parts));
        parts.pop();
        refused(KeyParts.headBytes(key.length, parts));
    }

    function test_inspect_refusesPartsOfOtherLengths() public {
        refused(KeyParts.headBytes(key.length - 1, parts));
        refused(KeyParts.headBytes(key.length + 1, parts));
        refused(KeyParts.headBytes(type(uint32).max, parts));
        refused(bytes.concat(KeyParts.headBytes(key.length, parts), hex"00"));
        parts.push(parts[2]);
        refused(KeyParts.headBytes(key.length, parts));
        parts.pop();
        parts[0] = VerifyingKeyCode.deploy(random(FULL - 1, "short"));
        refused(KeyParts.headBytes(key.length, parts));
    }

    /// @dev A part that can run can destroy itself, and another can be put in its place.
    function test_inspect_refusesAPartThatIsNotStopped() public {
        bytes memory code = parts[1].code;
        code[0] = 0xff; // SELFDESTRUCT
        vm.etch(parts[1], code);
        refused(KeyParts.headBytes(key.length, parts));
    }

    function test_inspect_refusesOnePartAndMoreThanSixteen() public {
        address[] memory some = new address[](1);
        some[0] = VerifyingKeyCode.deploy(random(FULL, "one"));
        refused(KeyParts.headBytes(FULL, some));
        some = new address[](VerifyingKeyCode.MAX_PARTS + 1);
        for (uint256 i = 0; i < some.length; ++i) {
            some[i] = parts[0];
        }
        refused(KeyParts.headBytes(some.length * FULL, some));
    }

    /// @dev A head is no part: keys do not nest.
    function test_inspect_aHeadAsAPartIsBytes() public {
        address[] memory two = new address[](2);
        two[0] = parts[0];
        two[1] = KeyParts.head(key.length, parts);
        bytes memory inner = KeyParts.headBytes(key.length, parts);
        bytes memory all = bytes.concat(KeyParts.slice(key, 0, FULL), inner);
        assertEq(hashOf(KeyParts.head(FULL + inner.length, two)), keccak256(all));
    }

    /// forge-config: default.fuzz.runs = 500
    function testFuzz_inspect_isTotal(uint32 length, address[] memory names) public {
        vm.assume(names.length < 40);
        address head = KeyParts.head(length, names);
        (bool stopped, bytes32 hash) = VerifyingKeyCode.inspect(head);
        // the name itself is not the head's place: whatever these addresses are, they hold no full parts
        assertTrue(!stopped || hash == keccak256(KeyParts.slice(head.code, 1, head.code.length)));
    }

    function random(uint256 length, string memory seed) internal pure returns (bytes memory data) {
        data = new bytes(length);
        uint256 state = uint256(keccak256(bytes(seed)));
        assembly ("memory-safe") {
            mstore(0, state)
            let end := add(add(data, 32), length)
            for { let at := add(data, 32) } lt(at, end) { at := add(at, 32) } {
                mstore(0, keccak256(0, 32))
                let left := sub(end, at)
                let word := mload(0)
                if lt(left, 32) {
                    word := shl(sub(256, shl(3, left)), shr(sub(256, shl(3, left)), word))
                }
                mstore(at, word)
            }
        }
    }

    function hashOf(address at) internal view returns (bytes32 hash) {
        bool stopped;
        (stopped, hash) = VerifyingKeyCode.inspect(at);
        assertTrue(stopped);
    }

    function refused(bytes memory head) internal {
        (bool stopped, bytes32 hash) = VerifyingKeyCode.inspect(VerifyingKeyCode.deploy(head));
        assertFalse(stopped);
        assertEq(hash, 0);
    }
}
