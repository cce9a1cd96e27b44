// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Roles} from "../../src/governance/Roles.sol";
import {ITeeSigners} from "../../src/interfaces/ITeeSigners.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {TeeVerifier} from "../../src/verifier/adapters/TeeVerifier.sol";
import {AdapterBase} from "./AdapterBase.sol";

contract TeeVerifierTest is AdapterBase {
    bytes32 internal constant MEASUREMENT = keccak256("enclave program");

    TeeVerifier internal adapter;
    AccessManager internal manager;
    address internal enclave;
    uint256 internal enclaveKey;
    IVerifierRouter.Request internal request;
    bytes32 internal context;

    function setUp() public override {
        super.setUp();
        (enclave, enclaveKey) = makeAddrAndKey("enclave");
        manager = new AccessManager(address(this));
        adapter = new TeeVerifier(address(manager));
        bytes4[] memory one = new bytes4[](1);
        one[0] = ITeeSigners.attest.selector;
        manager.setTargetFunctionRole(address(adapter), one, Roles.OPERATOR);
        one[0] = ITeeSigners.revoke.selector;
        manager.setTargetFunctionRole(address(adapter), one, Roles.GUARDIAN);
        manager.grantRole(Roles.OPERATOR, operator, 0);
        manager.grantRole(Roles.GUARDIAN, guardian, 0);
        publishUnder("tee-signer-v1", address(adapter), deployKey(MEASUREMENT, 1 days));
        request = longRequest(buy(3, 30), 1);
        context = verifierRouter.contextOf(request);
        attest(enclave, MEASUREMENT, 7 days);
    }

    function deployKey(bytes32 measurement, uint256 maxAge) internal returns (address) {
        return VerifyingKeyCode.deploy(
            abi.encode(TeeVerifier.Key(adapter.SYSTEM(), INPUT_WORDS, measurement, maxAge))
        );
    }

    function attest(address signer, bytes32 measurement, uint256 time) internal {
        vm.prank(operator);
        adapter.attest(signer, measurement, uint64(block.timestamp + time), keccak256("report"));
    }

    function signed(uint256 signerKey, address k, uint256[] memory instances, uint64 issuedAt)
        internal
        view
        returns (bytes memory)
    {
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(signerKey, adapter.resultDigest(k, context, instances, issuedAt));
        return abi.encodePacked(issuedAt, r, s, v);
    }

    function result() internal view returns (bytes memory) {
        return signed(enclaveKey, key, instancesOf(1), uint64(block.timestamp));
    }

    function accepted(bytes memory proof) internal view returns (bool) {
        return adapter.verify(key, context, instancesOf(1), proof);
    }

    function test_tee_signedResultSettles() public {
        settleWith(request, instancesOf(1), result());
    }

    function test_Z1_teeResultBelongsToItsRequestKeyAndAnswer() public {
        bytes memory proof = result();
        assertTrue(accepted(proof));
        assertFalse(adapter.verify(key, keccak256("other"), instancesOf(1), proof));
        assertFalse(adapter.verify(key, context, instancesOf(2), proof));
        assertFalse(adapter.verify(deployKey(MEASUREMENT, 1 days), context, instancesOf(1), proof));
        TeeVerifier another = new TeeVerifier(address(manager));
        vm.prank(address(this));
        assertFalse(another.verify(key, context, instancesOf(1), proof));
    }

    function test_tee_onlyAttestedSignersOfTheMeasurement() public {
        (address rogue, uint256 rogueKey) = makeAddrAndKey("rogue");
        bytes memory proof = signed(rogueKey, key, instancesOf(1), uint64(block.timestamp));
        assertFalse(accepted(proof));
        attest(rogue, keccak256("another program"), 1 days);
        assertFalse(accepted(proof));
        attest(rogue, MEASUREMENT, 1 days);
        assertTrue(accepted(proof));
    }

    function test_tee_revokedSignerCountsForNothing() public {
        bytes memory before = result();
        vm.prank(guardian);
        adapter.revoke(enclave);
        assertFalse(accepted(before));
        refuseToSettle(request, instancesOf(1), before);
        assertEq(adapter.validUntil(enclave, MEASUREMENT), 0);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(ITeeSigners.TeeSigners_Revoked.selector, enclave));
        adapter.attest(enclave, MEASUREMENT, uint64(block.timestamp + 1), 0);
    }

    function test_tee_expiry() public {
        bytes memory proof = result();
        skip(1 days);
        assertTrue(accepted(proof));
        skip(1);
        assertFalse(accepted(proof)); // too old a result
        skip(6 days - 1);
        assertTrue(accepted(result()));
        skip(1);
        assertFalse(accepted(result())); // too old an attestation
        attest(enclave, MEASUREMENT, 1 days);
        assertFalse(accepted(signed(enclaveKey, key, instancesOf(1), uint64(block.timestamp + 1))));
    }

    function test_tee_malformedSignatures() public {
        bytes memory proof = result();
        assertFalse(accepted(bytes.concat(proof, hex"00")));
        assertFalse(accepted(""));
        proof[72] = 0x05;
        assertFalse(accepted(proof));
    }

    function test_tee_rolesAndArguments() public {
        vm.expectPartialRevert(IAccessManaged.AccessManagedUnauthorized.selector);
        adapter.attest(stranger, MEASUREMENT, type(uint64).max, 0);
        vm.prank(operator);
        vm.expectPartialRevert(IAccessManaged.AccessManagedUnauthorized.selector);
        adapter.revoke(enclave);
        vm.startPrank(operator);
        vm.expectRevert(ITeeSigners.TeeSigners_ZeroAddress.selector);
        adapter.attest(address(0), MEASUREMENT, type(uint64).max, 0);
        vm.expectRevert(ITeeSigners.TeeSigners_ZeroMeasurement.selector);
        adapter.attest(stranger, 0, type(uint64).max, 0);
        vm.expectPartialRevert(ITeeSigners.TeeSigners_AlreadyOver.selector);
        adapter.attest(stranger, MEASUREMENT, uint64(block.timestamp), 0);
        vm.stopPrank();
        assertEq(adapter.inputWords(key), INPUT_WORDS);
    }
}
