// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {ILicenseToken} from "../../src/interfaces/ILicenseToken.sol";
import {IERC5192} from "../../src/interfaces/IERC5192.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {LicenseId, TermsId} from "../../src/types/Licensing.sol";
import {Reentrant} from "../mocks/Receivers.sol";
import {FeeToken} from "../mocks/Tokens.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

contract LicenseTokenTest is LicensingBase {
    // --- terms -------------------------------------------------------------------------------------------------------

    function test_register_theSameTermsHaveOneId() public {
        ILicenseTerms.Terms memory terms = absolute(5);
        vm.expectEmit();
        emit ILicenseTerms.TermsRegistered(licenseTerms.idOf(terms), terms);
        TermsId id = licenseTerms.register(terms);
        vm.prank(stranger);
        assertTrue(licenseTerms.register(terms) == id);
        assertEq(TermsId.unwrap(id), keccak256(abi.encode(terms)));
        assertTrue(licenseTerms.isRegistered(id));
        assertEq(licenseTerms.termsOf(id).sharePpm, 5);
        TermsId unknown = licenseTerms.idOf(absolute(6));
        assertTrue(unknown != id);
        vm.expectRevert(abi.encodeWithSelector(ILicenseTerms.LicenseTerms_Unknown.selector, unknown));
        licenseTerms.termsOf(unknown);
    }

    function testFuzz_register_everyFieldIsInTheId(uint256 x, uint256 y) public view {
        ILicenseTerms.Terms memory a = termsFrom(x);
        ILicenseTerms.Terms memory b = termsFrom(y);
        assertEq(licenseTerms.idOf(a) == licenseTerms.idOf(b), x == y);
        b = termsFrom(x);
        assertTrue(licenseTerms.idOf(a) == licenseTerms.idOf(b));
        uint256 field = y % 10;
        if (field == 0) b.right = ILicenseTerms.Right(1 - uint8(b.right));
        if (field == 1) b.policy = ILicenseTerms.Policy(1 - uint8(b.policy));
        if (field == 2) b.transferable = !b.transferable;
        if (field == 3) b.approval = !b.approval;
        if (field == 4) b.reciprocal = !b.reciprocal;
        if (field == 5) b.sharePpm ^= 1;
        if (field == 6) b.duration ^= 1;
        if (field == 7) b.mintFee ^= 1;
        if (field == 8) b.currency = address(uint160(b.currency) ^ 1);
        if (field == 9) b.textHash = ~b.textHash;
        assertTrue(licenseTerms.idOf(a) != licenseTerms.idOf(b));
    }

    function test_register_weightsLicencesSayNothingOfDerivatives() public {
        for (uint256 i = 0; i < 4; ++i) {
            ILicenseTerms.Terms memory terms;
            if (i == 0) terms.policy = ILicenseTerms.Policy.Relative;
            if (i == 1) terms.approval = true;
            if (i == 2) terms.reciprocal = true;
            if (i == 3) terms.sharePpm = 1;
            vm.expectRevert(ILicenseTerms.LicenseTerms_NotForWeights.selector);
            licenseTerms.register(terms);
        }
    }

    // --- sale --------------------------------------------------------------------------------------------------------

    function test_mint_theFeeIsTheModelsIncome() public {
        (TermsId termsId,) = priced(NATIVE, 1 ether);
        vm.expectEmit(true, true, true, true, address(licenseToken));
        emit ILicenseToken.LicenseMinted(LicenseId.wrap(1), modelId, termsId, buyer, tuner, 1 ether, 0);
        vm.prank(buyer);
        LicenseId id = licenseToken.mint{value: 1 ether}(licenseOrder(modelId, termsId, tuner));
        assertEq(licenseToken.ownerOf(LicenseId.unwrap(id)), tuner);
        assertEq(revenueRouter.claimable(modelId), 0.975 ether);
        assertEq(address(licenseToken).balance, 0);
        assertEq(licenseToken.totalLicenses(), 1);
        assertTrue(licenseToken.isHeldBy(id, tuner, modelId));
        assertFalse(licenseToken.isHeldBy(id, buyer, modelId));
        assertFalse(licenseToken.isHeldBy(id, tuner, ModelId.wrap(2)));
        assertFalse(licenseToken.isHeldBy(LicenseId.wrap(9), address(0), ModelId.wrap(0)));
    }

    function test_mint_inATokenGoesThroughTheRouter() public {
        (TermsId termsId,) = priced(address(usdc), 5e6);
        usdc.approve(address(licenseToken), 5e6);
        licenseToken.mint(licenseOrder(modelId, termsId, tuner));
        assertEq(revenueRouter.claimable(modelId, address(usdc)), 4.875e6);
        assertEq(usdc.balanceOf(address(licenseToken)), 0);
        assertEq(usdc.allowance(address(licenseToken), address(revenueRouter)), 0);
    }

    function test_mint_aTokenThatTakesAFeeIsRefused() public {
        FeeToken token = new FeeToken();
        addToken(address(token));
        (TermsId termsId,) = priced(address(token), 1000);
        token.mint(address(this), 1000);
        token.approve(address(licenseToken), 1000);
        token.setFee(100_000);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_ReceivedOther.selector, 900, 1000));
        licenseToken.mint(licenseOrder(modelId, termsId, tuner));
    }

    /// @dev A dollar that was broken and stopped buys no licence with worthless units, whatever is still offered for it.
    function test_mint_aStoppedTokenBuysNothing() public {
        (TermsId termsId,) = priced(address(usdc), 1000);
        usdc.approve(address(licenseToken), 1000);
        vm.prank(operator);
        revenueRouter.stopToken(address(usdc), true);
        vm.expectRevert(
            abi.encodeWithSelector(IRevenueRouter.RevenueRouter_TokenNotAccepted.selector, address(usdc))
        );
        licenseToken.mint(licenseOrder(modelId, termsId, tuner));
        vm.prank(operator);
        revenueRouter.stopToken(address(usdc), false);
        licenseToken.mint(licenseOrder(modelId, termsId, tuner));
        assertEq(revenueRouter.claimable(modelId, address(usdc)), 975);
    }

    function test_A2_theValueIsTheFee() public {
        (TermsId termsId,) = priced(NATIVE, 1 ether);
        ILicenseToken.Order memory o = licenseOrder(modelId, termsId, tuner);
        vm.startPrank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(ILicenseToken.LicenseToken_WrongValue.selector, 2 ether, 1 ether)
        );
        licenseToken.mint{value: 2 ether}(o);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_WrongValue.selector, 0, 1 ether));
        licenseToken.mint(o);
        vm.stopPrank();
        (TermsId inUsdc,) = priced(address(usdc), 1);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_WrongValue.selector, 1, 0));
        licenseToken.mint{value: 1}(licenseOrder(modelId, inUsdc, tuner));
    }

    function test_A7_theBuyersLimitsHold() public {
        (TermsId termsId, ILicenseTerms.Terms memory terms) = priced(NATIVE, 1 ether);
        ILicenseToken.Order memory o = licenseOrder(modelId, termsId, tuner);
        o.maxFee = 1 ether - 1;
        vm.expectRevert(
            abi.encodeWithSelector(ILicenseToken.LicenseToken_FeeAboveMax.selector, 1 ether, o.maxFee)
        );
        licenseToken.mint{value: 1 ether}(o);
        o.maxFee = 1 ether;
        o.maxRevenueShare = terms.sharePpm - 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                ILicenseToken.LicenseToken_RevenueShareAboveMax.selector, terms.sharePpm, terms.sharePpm - 1
            )
        );
        licenseToken.mint{value: 1 ether}(o);
        o.maxRevenueShare = terms.sharePpm;
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ILicenseToken.LicenseToken_DeadlinePassed.selector, block.timestamp, o.deadline
            )
        );
        licenseToken.mint{value: 1 ether}(o);
        o.deadline += 1;
        licenseToken.mint{value: 1 ether}(o);
    }

    function test_R4_noLicencesOfAModelThatIsNotActive() public {
        (TermsId termsId,) = priced(NATIVE, 0);
        licenseToken.mint(licenseOrder(modelId, termsId, tuner));
        setStatus(modelId, versionId, IModelRegistry.Status.Deprecated);
        ILicenseToken.Order memory o = licenseOrder(modelId, termsId, tuner);
        bytes memory refused =
            abi.encodeWithSelector(ILicenseToken.LicenseToken_ModelNotActive.selector, modelId);
        vm.expectRevert(refused);
        licenseToken.mint(o);
        setStatus(modelId, versionId, IModelRegistry.Status.Revoked);
        vm.expectRevert(refused);
        licenseToken.mint(o);
    }

    function test_mint_onlyWhatIsOffered() public {
        (TermsId termsId,) = priced(NATIVE, 0);
        vm.expectEmit();
        emit ILicenseToken.TermsOffered(modelId, termsId, false);
        vm.prank(creator);
        licenseToken.offer(modelId, termsId, false);
        assertFalse(licenseToken.isOffered(modelId, termsId));
        ILicenseToken.Order memory o = licenseOrder(modelId, termsId, tuner);
        vm.expectRevert(
            abi.encodeWithSelector(ILicenseToken.LicenseToken_NotOffered.selector, modelId, termsId)
        );
        licenseToken.mint(o);
        vm.expectRevert(
            abi.encodeWithSelector(ILicenseToken.LicenseToken_NotModelOwner.selector, modelId, address(this))
        );
        licenseToken.offer(modelId, termsId, true);
    }

    function test_A11_notToTheZeroAddress() public {
        (TermsId termsId,) = priced(NATIVE, 0);
        ILicenseToken.Order memory o = licenseOrder(modelId, termsId, address(0));
        vm.expectRevert(ILicenseToken.LicenseToken_ZeroAddress.selector);
        licenseToken.mint(o);
    }

    function test_grant_onlyByTheModelsOwner() public {
        TermsId termsId = licenseTerms.register(absolute(1));
        vm.expectRevert(
            abi.encodeWithSelector(ILicenseToken.LicenseToken_NotModelOwner.selector, modelId, address(this))
        );
        licenseToken.grant(modelId, termsId, tuner);
        TermsId unknown = TermsId.wrap("x");
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSelector(ILicenseTerms.LicenseTerms_Unknown.selector, unknown));
        licenseToken.grant(modelId, unknown, tuner);
    }

    function test_pause_stopsSalesAndNoTransfer() public {
        ILicenseTerms.Terms memory terms = absolute(1);
        terms.transferable = true;
        LicenseId id = give(modelId, terms, tuner);
        TermsId termsId = offered(modelId, terms);
        ILicenseToken.Order memory o = licenseOrder(modelId, termsId, tuner);
        vm.prank(guardian);
        licenseToken.pause();
        vm.expectRevert(abi.encodeWithSignature("EnforcedPause()"));
        licenseToken.mint(o);
        vm.prank(creator);
        vm.expectRevert(abi.encodeWithSignature("EnforcedPause()"));
        licenseToken.grant(modelId, termsId, tuner);
        vm.prank(tuner);
        licenseToken.transferFrom(tuner, stranger, LicenseId.unwrap(id));
        linkTo(unborn(stranger), id);
    }

    // --- life --------------------------------------------------------------------------------------------------------

    function test_A5_theTermsSayWhetherALicenceMoves() public {
        LicenseId bound = give(modelId, absolute(1), tuner);
        assertTrue(licenseToken.locked(LicenseId.unwrap(bound)));
        vm.prank(tuner);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_NotTransferable.selector, bound));
        licenseToken.transferFrom(tuner, stranger, LicenseId.unwrap(bound));

        ILicenseTerms.Terms memory terms = absolute(1);
        terms.transferable = true;
        LicenseId free = give(modelId, terms, tuner);
        assertFalse(licenseToken.locked(LicenseId.unwrap(free)));
        vm.prank(tuner);
        licenseToken.transferFrom(tuner, stranger, LicenseId.unwrap(free));
    }

    function test_use_aLicenceServesOneDerivative() public {
        ILicenseTerms.Terms memory terms = absolute(1);
        terms.transferable = true;
        LicenseId id = give(modelId, terms, tuner);
        ModelId first = unborn(tuner);
        linkTo(first, id);
        ModelId second = unborn(tuner);
        bytes memory inUse = abi.encodeWithSelector(ILicenseToken.LicenseToken_InUse.selector, id, first);
        vm.startPrank(tuner);
        vm.expectRevert(inUse);
        graph.link(second, one(parentLink(id)), 1_000_000);
        vm.expectRevert(inUse);
        licenseToken.transferFrom(tuner, stranger, LicenseId.unwrap(id));
        vm.stopPrank();
        assertTrue(licenseToken.locked(LicenseId.unwrap(id)));
    }

    function test_use_onlyByTheGraph() public {
        LicenseId id = give(modelId, absolute(1), tuner);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_NotGraph.selector, address(this)));
        licenseToken.use(id, modelId, tuner);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_NotGraph.selector, address(this)));
        licenseToken.release(id);
    }

    function test_use_notAfterItsEnd() public {
        ILicenseTerms.Terms memory terms = absolute(1);
        terms.duration = 1 days;
        LicenseId id = give(modelId, terms, tuner);
        assertEq(licenseToken.getLicense(id).expires, block.timestamp + 1 days);
        ModelId child = unborn(tuner);
        skip(1 days);
        assertTrue(licenseToken.isHeldBy(id, tuner, modelId));
        skip(1);
        assertFalse(licenseToken.isHeldBy(id, tuner, modelId));
        vm.prank(tuner);
        vm.expectRevert(
            abi.encodeWithSelector(ILicenseToken.LicenseToken_Expired.selector, id, block.timestamp - 1)
        );
        graph.link(child, one(parentLink(id)), 1_000_000);
    }

    function test_use_notAWeightsLicence() public {
        ILicenseTerms.Terms memory weights;
        LicenseId id = give(modelId, weights, tuner);
        ModelId child = unborn(tuner);
        vm.prank(tuner);
        vm.expectRevert(abi.encodeWithSelector(ILicenseToken.LicenseToken_NotFineTune.selector, id));
        graph.link(child, one(parentLink(id)), 1_000_000);
    }

    function test_release_unlocksATransferableLicence() public {
        ILicenseTerms.Terms memory terms = absolute(1);
        (terms.transferable, terms.approval) = (true, true);
        LicenseId id = give(modelId, terms, tuner);
        ModelId child = unborn(tuner);
        linkTo(child, id);
        vm.expectEmit();
        emit ILicenseToken.LicenseReleased(id, child);
        vm.expectEmit();
        emit IERC5192.Unlocked(LicenseId.unwrap(id));
        vm.prank(creator);
        graph.reject(child, 0, "");
        vm.prank(tuner);
        licenseToken.transferFrom(tuner, stranger, LicenseId.unwrap(id));
    }

    function test_A14_metadataAndInterfaces() public {
        LicenseId id = give(modelId, absolute(1), tuner);
        assertGt(bytes(licenseToken.tokenURI(LicenseId.unwrap(id))).length, 100);
        assertTrue(licenseToken.supportsInterface(type(IERC5192).interfaceId));
        assertTrue(licenseToken.supportsInterface(type(ILicenseToken).interfaceId));
        assertTrue(licenseToken.supportsInterface(0x80ac58cd));
        assertFalse(licenseToken.supportsInterface(0xffffffff));
        vm.expectRevert();
        licenseToken.getLicense(LicenseId.wrap(9));
        vm.expectRevert();
        licenseToken.tokenURI(9);
        vm.expectRevert();
        licenseToken.locked(9);
        ILicenseTerms.Terms memory weights;
        LicenseId second = give(modelId, weights, tuner);
        assertGt(bytes(licenseToken.tokenURI(LicenseId.unwrap(second))).length, 100);
    }

    function test_attack_mintFromWithinTheReceipt() public {
        (TermsId termsId,) = priced(NATIVE, 0);
        Reentrant attacker = new Reentrant();
        bytes memory call =
            abi.encodeCall(ILicenseToken.mint, (licenseOrder(modelId, termsId, address(attacker))));
        attacker.arm(address(licenseToken), call, 0);
        attacker.run(address(licenseToken), call, 0);
        assertEq(attacker.attempts(), 1);
        assertFalse(attacker.succeeded());
        assertEq(licenseToken.totalLicenses(), 1);
    }

    function termsFrom(uint256 seed) private pure returns (ILicenseTerms.Terms memory) {
        bytes32 hash = keccak256(abi.encode(seed));
        uint256 word = uint256(hash);
        return ILicenseTerms.Terms({
            right: ILicenseTerms.Right(word & 1),
            policy: ILicenseTerms.Policy((word >> 1) & 1),
            transferable: (word >> 2) & 1 == 1,
            approval: (word >> 3) & 1 == 1,
            reciprocal: (word >> 4) & 1 == 1,
            sharePpm: uint32(word >> 8),
            duration: uint32(word >> 40),
            mintFee: uint128(word >> 72),
            currency: address(uint160(word >> 96)),
            textHash: hash
        });
    }

    function priced(address currency, uint128 fee)
        private
        returns (TermsId termsId, ILicenseTerms.Terms memory terms)
    {
        terms = absolute(100_000);
        (terms.currency, terms.mintFee) = (currency, fee);
        termsId = offered(modelId, terms);
    }
}
