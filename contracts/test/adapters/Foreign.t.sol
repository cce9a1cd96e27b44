// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {IAdapterErrors} from "../../src/interfaces/IAdapterErrors.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {EzklVerifier} from "../../src/verifier/adapters/EzklVerifier.sol";
import {RiscZeroVerifier} from "../../src/verifier/adapters/RiscZeroVerifier.sol";
import {RiscZeroGroth16} from "../fixtures/RiscZeroGroth16.sol";

/// @dev ezkl's own verifier and proof (test/vectors/ezkl/make.py) behind the adapter.
contract EzklVerifierTest is Test {
    uint256 internal constant NOWHERE = type(uint256).max;

    EzklVerifier internal adapter = new EzklVerifier();
    address internal halo2 = makeAddr("halo2");
    bytes internal proof;
    uint256[] internal full; // x (4), context, y (2), context again
    bytes32 internal context;

    function setUp() public {
        string memory json = vm.readFile("test/vectors/ezkl/bound_mlp.json");
        vm.etch(halo2, vm.parseJsonBytes(json, ".verifier_code"));
        proof = vm.parseJsonBytes(json, ".proof");
        full = vm.parseJsonUintArray(json, ".instances");
        context = bytes32(full[4]);
    }

    function key(uint256 contextAt, uint256 echoAt) internal returns (address) {
        return VerifyingKeyCode.deploy(
            abi.encode(EzklVerifier.Key(adapter.SYSTEM(), 4, halo2, halo2.codehash, contextAt, echoAt))
        );
    }

    function statement() internal view returns (uint256[] memory s) {
        s = new uint256[](6);
        for (uint256 i = 0; i < 6; ++i) {
            s[i] = full[i < 4 ? i : i + 1];
        }
    }

    function test_ezkl_acceptsItsOwnProof() public {
        address k = key(4, 7);
        assertEq(adapter.inputWords(k), 4);
        assertTrue(adapter.verify(k, context, statement(), proof));
        vm.snapshotValue("ezkl verify", vm.lastCallGas().gasTotalUsed);
    }

    function test_Z1_ezklProofBelongsToItsContext() public {
        address k = key(4, 7);
        assertFalse(adapter.verify(k, bytes32(uint256(context) + 1), statement(), proof));
        // Put at another place the context shifts the statement.
        assertFalse(adapter.verify(key(3, 7), context, statement(), proof));
    }

    function test_ezkl_withoutContextTheWholeListIsTheStatement() public {
        address k = key(NOWHERE, NOWHERE);
        assertTrue(adapter.verify(k, keccak256("any"), full, proof));
        full[5] += 1;
        assertFalse(adapter.verify(k, keccak256("any"), full, proof));
    }

    function test_ezkl_oneContextInstance() public {
        uint256[] memory s = new uint256[](7);
        for (uint256 i = 0; i < 7; ++i) {
            s[i] = full[i < 4 ? i : i + 1];
        }
        assertTrue(adapter.verify(key(4, NOWHERE), context, s, proof));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_ezkl_refusesAChangedByte(uint256 at, uint8 flip) public {
        at = bound(at, 0, proof.length - 1);
        proof[at] = bytes1(uint8(proof[at]) ^ uint8(bound(flip, 1, 255)));
        (bool ok, bytes memory answer) =
            address(adapter).call(abi.encodeCall(adapter.verify, (key(4, 7), context, statement(), proof)));
        assertFalse(ok && abi.decode(answer, (bool)));
    }

    function test_ezkl_refusesAnotherAnswer() public {
        uint256[] memory s = statement();
        s[4] += 1;
        assertFalse(adapter.verify(key(4, 7), context, s, proof));
    }

    function test_Z7_ezklVerifierWhoseCodeChanged() public {
        address k = key(4, 7);
        vm.etch(halo2, hex"600160005260206000f3"); // answers 1 to everything
        bytes32 was =
            keccak256(vm.parseJsonBytes(vm.readFile("test/vectors/ezkl/bound_mlp.json"), ".verifier_code"));
        vm.expectRevert(abi.encodeWithSelector(IAdapterErrors.Adapter_CodeChanged.selector, halo2, was));
        adapter.verify(k, context, statement(), proof);
    }

    function test_ezkl_contextBeyondTheInstances() public {
        address k = key(40, 41);
        uint256[] memory s = statement();
        vm.expectRevert();
        adapter.verify(k, context, s, proof);
    }

    function test_ezkl_malformedKeys() public {
        bytes32 system = adapter.SYSTEM();
        address k = VerifyingKeyCode.deploy(abi.encode(system, 4));
        vm.expectRevert(abi.encodeWithSelector(IAdapterErrors.Adapter_MalformedKey.selector, k));
        adapter.inputWords(k);
        k = VerifyingKeyCode.deploy(abi.encode(EzklVerifier.Key(keccak256("other"), 4, halo2, 0, 0, 0)));
        vm.expectRevert(abi.encodeWithSelector(IAdapterErrors.Adapter_OtherSystem.selector, k, system));
        adapter.inputWords(k);
        k = makeAddr("no stop byte");
        vm.etch(k, abi.encodePacked(hex"01", abi.encode(EzklVerifier.Key(system, 4, halo2, 0, 0, 0))));
        vm.expectRevert(abi.encodeWithSelector(IAdapterErrors.Adapter_MalformedKey.selector, k));
        adapter.inputWords(k);
    }

    /// @dev A foreign verifier that answers a megabyte, burns its gas or answers 2 has refused.
    function test_ezkl_bombs() public {
        bytes[3] memory bombs =
            [bytes(hex"62100000600052620fffff6000f3"), hex"5b600056", hex"600260005260206000f3"];
        for (uint256 i = 0; i < bombs.length; ++i) {
            vm.etch(halo2, bombs[i]);
            assertFalse(adapter.verify{gas: 5_000_000}(key(4, 7), context, statement(), proof));
        }
    }
}

/// @dev A receipt that RISC Zero published (risc0-ethereum, contracts/test/TestReceiptV5_0.sol, the commit of the fixture) behind the adapter.
contract RiscZeroVerifierTest is Test {
    bytes internal constant SEAL =
        hex"c27d1bc00c716176eced28e5ed50a5261ce0ece0fae94044342815d11e18fc839f6300751e1153a9841056ea8a38e47edd8587c2f15c6b78c3e152e8bc22a5670db4f8e1099f6a315197cf0628df1003274212bebf4ed34e441754c16832fa1e5c8815990317e3fce32b253eb3f8ca740a7a02108f8514d6db6beeedbf6fac77ca61c55610636c83396ca983ccb6ddd262cb5ce2946a80c925fa72fc3214fc4eeef2bd44257c5f9f9bf254282c733af28315af5bbd4ad8e47bf0c25cdedd6d351dce5a1e17783af72dbb8b52005e5d36f58189515813aebc2cf43ba6a882c98a5850b2880302139af44f8712914cc492c9a255f096d5e1775c7d8640dcbd26c6caffac0f";
    bytes32 internal constant IMAGE_ID =
        hex"51350de41e575076bf180dbe2efb38edc25b32e47195a92b2c05850457e457a0";
    bytes internal constant JOURNAL = "just a simple receipt";

    RiscZeroVerifier internal adapter = new RiscZeroVerifier();
    RiscZeroGroth16 internal groth16 = new RiscZeroGroth16();

    function key(address verifier, bytes32 image, uint256 journalBytes, bool isBound)
        internal
        returns (address)
    {
        return VerifyingKeyCode.deploy(
            abi.encode(
                RiscZeroVerifier.Key(
                    adapter.SYSTEM(), 1, verifier, verifier.codehash, image, journalBytes, isBound
                )
            )
        );
    }

    function words() internal pure returns (uint256[] memory w) {
        w = new uint256[](1);
        w[0] = uint256(bytes32(JOURNAL));
    }

    function test_riscZero_acceptsAPublishedReceipt() public {
        address k = key(address(groth16), IMAGE_ID, 21, false);
        assertEq(adapter.inputWords(k), 1);
        assertTrue(adapter.verify(k, 0, words(), SEAL));
        vm.snapshotValue("risc zero verify", vm.lastCallGas().gasTotalUsed);
    }

    function test_riscZero_refusesAnotherProgramJournalOrSeal() public {
        refuses(key(address(groth16), keccak256("image"), 21, false), 0, words(), SEAL);
        uint256[] memory w = words();
        w[0] ^= 1 << 255;
        refuses(key(address(groth16), IMAGE_ID, 21, false), 0, w, SEAL);
        bytes memory seal = SEAL;
        seal[40] ^= 0x01;
        refuses(key(address(groth16), IMAGE_ID, 21, false), 0, words(), seal);
    }

    function test_riscZero_nothingBeyondTheJournal() public {
        uint256[] memory w = words();
        w[0] |= 1;
        refuses(key(address(groth16), IMAGE_ID, 21, false), 0, w, SEAL);
        refuses(key(address(groth16), IMAGE_ID, 33, false), 0, words(), SEAL);
    }

    /// @dev A bound guest's journal begins with the context; this receipt's does not.
    function test_Z1_riscZeroReceiptBelongsToItsContext() public {
        address k = key(address(groth16), IMAGE_ID, 21, true);
        refuses(k, keccak256("request"), words(), SEAL);

        address recorder = makeAddr("recorder");
        vm.etch(recorder, hex"00");
        bytes32 context = keccak256("request");
        bytes32 digest = sha256(abi.encodePacked(context, words()));
        k = key(recorder, IMAGE_ID, 32, true);
        vm.expectCall(recorder, abi.encodeCall(RiscZeroGroth16.verify, (SEAL, IMAGE_ID, digest)));
        assertTrue(adapter.verify(k, context, words(), SEAL));
    }

    function test_Z7_riscZeroVerifierWhoseCodeChanged() public {
        address k = key(address(groth16), IMAGE_ID, 21, false);
        vm.etch(address(groth16), hex"00");
        vm.expectPartialRevert(IAdapterErrors.Adapter_CodeChanged.selector);
        adapter.verify(k, 0, words(), SEAL);
    }

    function refuses(address k, bytes32 context, uint256[] memory w, bytes memory seal) internal {
        (bool ok, bytes memory answer) =
            address(adapter).call(abi.encodeCall(adapter.verify, (k, context, w, seal)));
        assertFalse(ok && abi.decode(answer, (bool)));
    }
}
