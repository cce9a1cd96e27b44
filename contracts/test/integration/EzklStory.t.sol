// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Test} from "forge-std/Test.sol";
import {AccessPass} from "../../src/access/AccessPass.sol";
import {QuotaLedger} from "../../src/gating/QuotaLedger.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IAggregatorV3} from "../../src/interfaces/IAggregatorV3.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPriceBook} from "../../src/interfaces/IPriceBook.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {DerivativeGraph} from "../../src/licensing/DerivativeGraph.sol";
import {LicenseTerms} from "../../src/licensing/LicenseTerms.sol";
import {ModelDisputes} from "../../src/licensing/ModelDisputes.sol";
import {Currencies} from "../../src/pricing/Currencies.sol";
import {PriceBook} from "../../src/pricing/PriceBook.sol";
import {ModelRegistry} from "../../src/registry/ModelRegistry.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {ModelId, PassId, ProofSystemId, VersionId} from "../../src/types/Ids.sol";
import {PicoAmount} from "../../src/types/PicoAmount.sol";
import {VerifierRouter} from "../../src/verifier/VerifierRouter.sol";
import {EzklVerifier} from "../../src/verifier/adapters/EzklVerifier.sol";

/// @dev A proof that ezkl made for one signed request of the real contracts, from sale to income. What the request's context
/// depends on is fixed here: registry and router are their makers' first contracts, model, version, pass, buyer, payout and
/// nonce are constants. test/vectors/ezkl/make.py proves for the context that `test_ezkl_contextOfTheVector` demands.
contract EzklStoryTest is Test {
    uint256 internal constant FR =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;
    string internal constant SYSTEM_NAME = "ezkl-halo2-v1";
    ModelId internal constant MODEL = ModelId.wrap(1);
    VersionId internal constant VERSION = VersionId.wrap(1);
    PassId internal constant PASS = PassId.wrap(1);
    uint256 internal constant CALL_PRICE = 0.001 ether;
    uint256 internal constant START = 1_800_000_000;

    address internal creator = makeAddr("creator");
    address internal payout = makeAddr("payout");
    address internal buyer;
    uint256 internal buyerKey;

    ModelRegistry internal registry;
    AccessPass internal passes;
    RevenueRouter internal revenue;
    VerifierRouter internal router;
    address internal key;
    address internal adapter;

    bytes internal proof;
    uint256[] internal full; // ezkl's instances: x (4), context, y (2), context again
    uint256[] internal statement; // without the context

    function setUp() public {
        vm.warp(START);
        (buyer, buyerKey) = makeAddrAndKey("buyer");
        vm.deal(buyer, 1 ether);
        _readVector();
        _deployAndSell();
    }

    function _readVector() private {
        string memory json = vm.readFile("test/vectors/ezkl/bound_mlp.json");
        address halo2 = makeAddr("halo2");
        vm.etch(halo2, vm.parseJsonBytes(json, ".verifier_code"));
        proof = vm.parseJsonBytes(json, ".proof");
        full = vm.parseJsonUintArray(json, ".instances");
        for (uint256 i = 0; i < 7; ++i) {
            if (i != 4) statement.push(full[i]);
        }
        EzklVerifier ezkl = new EzklVerifier();
        adapter = address(ezkl);
        key = VerifyingKeyCode.deploy(
            abi.encode(EzklVerifier.Key(ezkl.SYSTEM(), 4, halo2, halo2.codehash, 4, 7))
        );
    }

    function _deployAndSell() private {
        address authority = address(new AccessManager(address(this)));
        vm.prank(makeAddr("maker of the registry"));
        registry = new ModelRegistry(authority, 1);
        PriceBook prices =
            new PriceBook(registry, new Currencies(authority, IAggregatorV3(address(0))), 1 days);
        QuotaLedger quotas = new QuotaLedger(authority, registry);
        DerivativeGraph graph = new DerivativeGraph(authority, registry, new LicenseTerms());
        ModelDisputes disputes = new ModelDisputes(authority, registry, 0.1 ether);
        revenue = new RevenueRouter(authority, registry, graph, disputes, makeAddr("treasury"), 25_000);
        passes = new AccessPass(authority, registry, prices, revenue, quotas);
        quotas.bindConsumer(address(passes));
        vm.prank(makeAddr("maker of the router"));
        router = new VerifierRouter(authority, registry, passes);
        passes.bindSettler(address(router));
        registry.bindDerivatives(address(graph));
        router.registerProofSystem(SYSTEM_NAME, adapter, 3_000_000);

        vm.startPrank(creator);
        registry.registerModel("mlp", "ipfs://card", payout);
        IModelRegistry.VersionCommitment memory version = _version();
        registry.commitVersion(
            registry.commitmentOf(creator, version.weightsHash, version.manifestRoot, "salt")
        );
        skip(1);
        registry.publishVersion(MODEL, version, "salt");
        PicoAmount price = PicoAmount.wrap(uint128(CALL_PRICE * 1e12));
        prices.setPrice(MODEL, VERSION, IPriceBook.Price(price, PicoAmount.wrap(0), false));
        registry.setStatus(MODEL, VERSION, IModelRegistry.Status.Active, "");
        vm.stopPrank();
        vm.prank(buyer);
        passes.buy{value: 2 * CALL_PRICE}(
            IAccessPass.Order(MODEL, VERSION, 2, 5, 2 * CALL_PRICE, block.timestamp, buyer)
        );
    }

    function _version() private view returns (IModelRegistry.VersionCommitment memory) {
        (, bytes32 keyHash) = VerifyingKeyCode.inspect(key);
        return IModelRegistry.VersionCommitment({
            manifestRoot: keccak256("manifest"),
            weightsHash: sha256("weights"),
            circuitHash: keyHash,
            vkHash: keyHash,
            tokenizerHash: 0,
            verifyingKey: key,
            verifier: adapter,
            proofSystem: ProofSystemId.wrap(bytes4(keccak256(bytes(SYSTEM_NAME)))),
            parameterCount: 10,
            encrypted: true,
            architecture: "MLP",
            storageURI: "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
        });
    }

    /// @dev The buyer's request for the answer to his four words, and his signature.
    function ask(uint256 nonce)
        internal
        view
        returns (IVerifierRouter.Request memory request, bytes memory signature)
    {
        bytes32 input = keccak256(abi.encodePacked(full[0], full[1], full[2], full[3]));
        request = IVerifierRouter.Request(MODEL, VERSION, PASS, input, nonce, START + 1 hours);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(buyerKey, router.requestDigest(request));
        signature = abi.encodePacked(r, s, v);
    }

    function test_ezkl_contextOfTheVector() public view {
        (IVerifierRouter.Request memory request,) = ask(1);
        uint256 context = uint256(router.contextOf(request));
        assertEq(full[4], context % FR, "make.py must prove for the context of the other side");
        assertEq(full[7], context % FR);
    }

    function test_story_ezklsProofOfALiveRequestSettlesIt() public {
        (IVerifierRouter.Request memory request, bytes memory signature) = ask(1);
        bytes32 nullifier = router.settle(request, signature, statement, proof);
        assertEq(nullifier, router.nullifierOf(request));
        assertEq(passes.getPass(PASS).callsLeft, 1);
        assertEq(revenue.claim(MODEL), CALL_PRICE * 975 / 1000);
        assertEq(payout.balance, CALL_PRICE * 975 / 1000);

        vm.expectRevert(
            abi.encodeWithSelector(IVerifierRouter.VerifierRouter_RequestSettled.selector, nullifier)
        );
        router.settle(request, signature, statement, proof);
    }

    /// @dev The seller shows the same proof for the buyer's next request with the same input, to be paid without the work.
    function test_story_ezklsProofIsWorthNothingForTheNextRequest() public {
        (IVerifierRouter.Request memory request, bytes memory signature) = ask(2);
        vm.expectRevert(IVerifierRouter.VerifierRouter_ProofRejected.selector);
        router.settle(request, signature, statement, proof);
        assertEq(passes.getPass(PASS).callsLeft, 2);
    }

    /// @dev Nor is another answer worth anything under the request's own context.
    function test_story_ezklsProofShowsItsOwnAnswerOnly() public {
        (IVerifierRouter.Request memory request, bytes memory signature) = ask(1);
        statement[4] += 1;
        vm.expectRevert(IVerifierRouter.VerifierRouter_ProofRejected.selector);
        router.settle(request, signature, statement, proof);
    }
}
