// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import "../../src/verifier/Verdict.sol";
import {KeyParts} from "../utils/KeyParts.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice A proof under a key that is too long for one contract's code, and heads that name something else.
contract KeyInPartsTest is VectorLoader {
    Vector internal wide;
    address[] internal parts;

    function setUp() public {
        wide = load("net_wide_mu7");
        assertGt(wide.vk.length, VerifyingKeyCode.MAX_KEY_BYTES);
        parts = KeyParts.deployParts(wide.vk);
        wide.key = KeyParts.head(wide.vk.length, parts);
    }

    function test_verify_readsAllParts() public {
        Vector memory inSome = wide;
        Vector memory v = wide;
        v.key = placeKey(v.vk);
        assertTrue(check(inSome) && check(v)); // accounts and memory are warm from here on
        uint256 before = gasleft();
        assertTrue(check(inSome));
        uint256 inParts = before - gasleft();
        before = gasleft();
        assertTrue(check(v));
        uint256 inOne = before - gasleft();
        assertLt(inParts, inOne + 2000, "beside the account accesses");
        assertEq(v.verifier.inputWords(inSome.key), v.verifier.inputWords(v.key));
    }

    function test_verify_refusesAnotherPart() public {
        bytes memory other = parts[1].code;
        other[other.length - 1] ^= 0x01;
        vm.etch(parts[1], other);
        assertFalse(check(wide));
    }

    function test_verify_revertsForReorderedParts() public {
        (parts[0], parts[1]) = (parts[1], parts[0]);
        _noKey(wide.vk.length);
    }

    function test_verify_revertsForAMissingPart() public {
        parts[1] = address(0xdead);
        _noKey(wide.vk.length);
        parts.pop();
        _noKey(wide.vk.length);
    }

    function test_verify_revertsForAnotherLength() public {
        _noKey(wide.vk.length - 1);
        _noKey(wide.vk.length + 1);
    }

    /// @dev A head needs two parts at least and sixteen at most, and names as many as the key's length says.
    function test_verify_revertsForOtherNumbersOfParts() public {
        uint256 length = wide.vk.length;
        address[] memory named = parts;
        parts = new address[](0);
        _noKey(length);
        parts = new address[](1);
        parts[0] = named[0];
        _noKey(VerifyingKeyCode.MAX_KEY_BYTES);
        parts = new address[](VerifyingKeyCode.MAX_PARTS + 1);
        _noKey(VerifyingKeyCode.MAX_KEY_BYTES * (VerifyingKeyCode.MAX_PARTS + 1));
        parts = new address[](named.length + 1);
        _noKey(length);
    }

    function test_verify_revertsForAPartThatIsNotStopped() public {
        bytes memory code = parts[0].code;
        code[0] = 0x01;
        vm.etch(parts[0], code);
        _noKey(wide.vk.length);
    }

    function _noKey(uint256 length) private {
        Vector memory v = wide;
        v.key = KeyParts.head(length, parts);
        vm.expectRevert(abi.encodeWithSelector(Verifier_NotAKey.selector, v.key));
        v.verifier.verify(v.key, v.context, v.instances, v.proof);
    }
}
