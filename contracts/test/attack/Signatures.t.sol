// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {NativeTransfer} from "../../src/libraries/NativeTransfer.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {ModelId, PassId} from "../../src/types/Ids.sol";
import {Refuser} from "../mocks/Receivers.sol";
import {TestBase} from "../utils/TestBase.sol";

contract SignaturesTest is TestBase {
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function test_attack_malleableSignature() public {
        PassId passId = buy(10, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(buyerKey, verifierRouter.requestDigest(request));
        bytes memory twin = abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : 27);
        bytes memory proof = prove(request, instancesOf(1));
        expectNotSigned(request, twin, proof);
        verifierRouter.settle(request, abi.encodePacked(r, s, v), instancesOf(1), proof);
    }

    function test_attack_emptyAndGarbledSignatures() public {
        PassId passId = buy(10, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory proof = prove(request, instancesOf(1));
        expectNotSigned(request, "", proof);
        expectNotSigned(request, new bytes(65), proof);
        expectNotSigned(request, abi.encodePacked(sign(request, buyerKey), uint8(0)), proof);
    }

    function test_attack_formerOwnersSignatureDiesWithTheTransfer() public {
        setTerms(true, 0);
        PassId passId = buy(10, 1);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        bytes memory signature = sign(request, buyerKey);
        bytes memory proof = prove(request, instancesOf(1));
        vm.prank(buyer);
        accessPass.transferFrom(buyer, stranger, PassId.unwrap(passId));
        expectNotSigned(request, signature, proof);
    }

    function test_attack_strangerCannotSettleWithoutTheHolder() public {
        // The creator itself makes a proof and tries to eat the buyer's pass.
        PassId passId = buy(10, 1);
        (address cheat, uint256 cheatKey) = makeAddrAndKey("cheat");
        vm.prank(creator);
        registry.transferFrom(creator, cheat, ModelId.unwrap(modelId));
        vm.prank(cheat);
        registry.setPayout(modelId, cheat);
        IVerifierRouter.Request memory request = requestFor(passId, 1);
        expectNotSigned(request, sign(request, cheatKey), prove(request, instancesOf(1)));
    }

    function test_attack_buyerThatRefusesItsSurplusLosesNothing() public {
        address refuser = address(new Refuser());
        vm.deal(refuser, 10 ether);
        vm.prank(refuser);
        vm.expectRevert(
            abi.encodeWithSelector(
                NativeTransfer.NativeTransfer_Refused.selector, refuser, 10 ether - CALL_PRICE - DAY_PRICE
            )
        );
        accessPass.buy{value: 10 ether}(order(1, 1));
        vm.prank(refuser);
        accessPass.buy{value: CALL_PRICE + DAY_PRICE}(order(1, 1));
        assertEq(refuser.balance, 10 ether - CALL_PRICE - DAY_PRICE);
    }

    function expectNotSigned(
        IVerifierRouter.Request memory request,
        bytes memory signature,
        bytes memory proof
    ) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_NotSignedByHolder.selector, request.passId)
        );
        verifierRouter.settle(request, signature, instancesOf(1), proof);
    }
}
