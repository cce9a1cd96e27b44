// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {TestBase} from "../utils/TestBase.sol";

contract LibrariesTest is TestBase {
    function test_creationCode_isTheDocumentedBytes() public pure {
        assertEq(VerifyingKeyCode.creationCode(hex"c0ffee"), hex"61000480600a3d393df300c0ffee");
        assertEq(VerifyingKeyCode.creationCode(""), hex"61000180600a3d393df300");
    }

    function test_deploy_refusesMoreThanTheCodeLimit() public {
        assertEq(VerifyingKeyCode.deploy(new bytes(24_575)).code.length, 24_576);
        vm.expectRevert(
            abi.encodeWithSelector(VerifyingKeyCode.VerifyingKeyCode_TooLong.selector, 24_576, 24_575)
        );
        this.deploy(new bytes(24_576));
    }

    function test_deploy_outOfGasIsAnError() public {
        // Enough for the hashing and the call, not for 200 gas per byte of 24 kB of code.
        vm.expectRevert(VerifyingKeyCode.VerifyingKeyCode_CreationFailed.selector);
        this.deploy{gas: 1_000_000}(new bytes(24_575));
    }

    function testFuzz_deploy_storesTheBytesBehindAStop(bytes memory data) public {
        vm.assume(data.length > 0 && data.length <= VerifyingKeyCode.MAX_KEY_BYTES);
        address deployedKey = VerifyingKeyCode.deploy(data);
        assertEq(deployedKey.code, abi.encodePacked(hex"00", data));
        (bool stopped, bytes32 hash) = VerifyingKeyCode.inspect(deployedKey);
        assertTrue(stopped);
        assertEq(hash, keccak256(data));
        (bool ok, bytes memory result) = deployedKey.call("anything");
        assertTrue(ok);
        assertEq(result.length, 0);
    }

    function testFuzz_inputWords_ofAPublicInput(uint24 words) public {
        assertEq(verifier.inputWords(VerifyingKeyCode.deploy(publicKeyBytes(words))), words);
    }

    function testFuzz_inputWords_ofACommittedInput(uint16 chunks) public {
        assertEq(verifier.inputWords(VerifyingKeyCode.deploy(committedKeyBytes(chunks))), 2 * uint256(chunks));
    }

    function testFuzz_inputWords_isTotal(bytes memory data) public {
        vm.assume(data.length <= VerifyingKeyCode.MAX_KEY_BYTES);
        verifier.inputWords(VerifyingKeyCode.deploy(data));
    }

    function test_inputWords_ofMalformedKeys() public {
        assertEq(verifier.inputWords(address(0)), 0);
        bytes memory data = publicKeyBytes(9);
        data[128] = 0x02; // no tensor on IN
        assertEq(verifier.inputWords(VerifyingKeyCode.deploy(data)), 0);
        data = publicKeyBytes(9);
        data[129] = 0x07; // too many axes
        assertEq(verifier.inputWords(VerifyingKeyCode.deploy(data)), 0);
    }

    function deploy(bytes memory data) external returns (address) {
        return VerifyingKeyCode.deploy(data);
    }
}
