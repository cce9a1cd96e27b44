// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Deployment} from "../../script/Deployment.sol";
import {AccessPass} from "../../src/access/AccessPass.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPriceBook} from "../../src/interfaces/IPriceBook.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {VerifyingKeyCode} from "../../src/libraries/VerifyingKeyCode.sol";
import {DerivativeGraph} from "../../src/licensing/DerivativeGraph.sol";
import {LicenseTerms} from "../../src/licensing/LicenseTerms.sol";
import {LicenseToken} from "../../src/licensing/LicenseToken.sol";
import {ModelDisputes} from "../../src/licensing/ModelDisputes.sol";
import {PriceBook} from "../../src/pricing/PriceBook.sol";
import {ModelRegistry} from "../../src/registry/ModelRegistry.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {ModelId, PassId, ProofSystemId, VersionId} from "../../src/types/Ids.sol";
import {PICO, PicoAmount} from "../../src/types/PicoAmount.sol";
import {VerifierRouter} from "../../src/verifier/VerifierRouter.sol";
import {MockProofVerifier} from "../mocks/MockProofVerifier.sol";

/// @dev A deployed system with one model whose version 1 is Active and priced, and the steps that tests repeat.
abstract contract TestBase is Test {
    string internal constant SYSTEM_NAME = "mintmark-flat-v5";
    ProofSystemId internal constant SYSTEM = ProofSystemId.wrap(bytes4(keccak256("mintmark-flat-v5")));
    uint64 internal constant MIN_COMMIT_AGE = 60;
    uint64 internal constant NOTICE = 1 days;
    uint32 internal constant PLATFORM_PPM = 25_000;
    uint256 internal constant CALL_PRICE = 0.001 ether;
    uint256 internal constant DAY_PRICE = 0.01 ether;
    uint256 internal constant DISPUTE_BOND = 0.1 ether;
    uint256 internal constant INPUT_WORDS = 3;

    address internal admin = makeAddr("admin");
    address internal guardian = makeAddr("guardian");
    address internal operator = makeAddr("operator");
    address internal arbiter = makeAddr("arbiter");
    address internal treasury = makeAddr("treasury");
    address internal creator = makeAddr("creator");
    address internal payout = makeAddr("payout");
    address internal stranger = makeAddr("stranger");
    address internal buyer;
    uint256 internal buyerKey;

    Deployment.Config internal config;
    ModelRegistry internal registry;
    PriceBook internal priceBook;
    RevenueRouter internal revenueRouter;
    AccessPass internal accessPass;
    VerifierRouter internal verifierRouter;
    LicenseTerms internal licenseTerms;
    LicenseToken internal licenseToken;
    DerivativeGraph internal graph;
    ModelDisputes internal disputes;
    MockProofVerifier internal verifier;
    Deployment.Contracts internal deployed;

    ModelId internal modelId;
    VersionId internal versionId;
    address internal key;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (buyer, buyerKey) = makeAddrAndKey("buyer");
        vm.deal(buyer, 1000 ether);
        config = Deployment.Config({
            admin: admin,
            guardian: guardian,
            operator: operator,
            treasury: treasury,
            adminDelay: 0,
            operatorDelay: 0,
            platformPpm: PLATFORM_PPM,
            minCommitAge: MIN_COMMIT_AGE,
            priceNotice: NOTICE,
            thawPeriod: 3 days,
            sequencerFeed: address(0),
            arbiter: arbiter,
            arbiterDelay: 0,
            disputeBond: DISPUTE_BOND
        });
        deployed = Deployment.deploy(config, address(this));
        (registry, priceBook, revenueRouter, accessPass, verifierRouter) =
        (
            deployed.registry,
            deployed.priceBook,
            deployed.revenueRouter,
            deployed.accessPass,
            deployed.verifierRouter
        );
        (licenseTerms, licenseToken, graph, disputes) =
        (deployed.licenseTerms, deployed.licenseToken, deployed.derivativeGraph, deployed.modelDisputes);
        verifier = new MockProofVerifier();
        verifierRouter.registerProofSystem(SYSTEM_NAME, address(verifier), 1_000_000);
        Deployment.handOver(deployed, config, address(this));

        key = VerifyingKeyCode.deploy(publicKeyBytes(INPUT_WORDS));
        modelId = register(creator);
        versionId = publishActive(modelId, creator, commitment("weights"));
        setPrice(modelId, versionId, CALL_PRICE * PICO, DAY_PRICE * PICO);
    }

    // --- keys -------------------------------------------------------------------------------------------------------

    /// @dev A key with a public input of `words` values, one table, and a W tensor before the IN tensor.
    function publicKeyBytes(uint256 words) internal pure returns (bytes memory) {
        bytes memory header = abi.encodePacked(
            hex"0108080800", // proof system, mu, nu, kappa, flags
            hex"000000", // n_rho, n_prod, zero
            hex"000100020000", // tables, tensors, steps
            hex"000000000000000000000000", // chunks
            hex"000000000000", // steps_bytes, zero
            keccak256("srs")
        );
        bytes memory table = new bytes(32);
        bytes memory weights = abi.encodePacked(uint8(0), uint8(1), new bytes(30));
        bytes memory input = abi.encodePacked(
            uint8(1), uint8(2), uint32(0), uint8(0), uint24(1), uint8(8), uint24(words), new bytes(18)
        );
        return abi.encodePacked(header, table, weights, input);
    }

    /// @dev A key with a committed input of `chunks` chunks.
    function committedKeyBytes(uint16 chunks) internal pure returns (bytes memory data) {
        data = publicKeyBytes(9);
        data[4] = 0x01;
        (data[16], data[17]) = (bytes1(uint8(chunks >> 8)), bytes1(uint8(chunks)));
    }

    // --- creator ----------------------------------------------------------------------------------------------------

    function commitment(string memory weights)
        internal
        view
        returns (IModelRegistry.VersionCommitment memory)
    {
        return IModelRegistry.VersionCommitment({
            manifestRoot: keccak256(abi.encode("manifest", weights)),
            weightsHash: sha256(bytes(weights)),
            circuitHash: keccak256("circuit"),
            vkHash: keyHash(key),
            tokenizerHash: 0,
            verifyingKey: key,
            verifier: address(verifier),
            proofSystem: SYSTEM,
            parameterCount: 61_706,
            encrypted: true,
            architecture: "LeNet-5",
            storageURI: "ipfs://bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
        });
    }

    function keyHash(address key_) internal view returns (bytes32 hash) {
        (, hash) = VerifyingKeyCode.inspect(key_);
    }

    function register(address owner) internal returns (ModelId) {
        vm.prank(owner);
        return registry.registerModel("lenet", "ipfs://card", payout);
    }

    function commit(address owner, IModelRegistry.VersionCommitment memory version) internal {
        bytes32 hash = registry.commitmentOf(owner, version.weightsHash, version.manifestRoot, "salt");
        vm.prank(owner);
        registry.commitVersion(hash);
    }

    function reveal(ModelId model, address owner, IModelRegistry.VersionCommitment memory version)
        internal
        returns (VersionId)
    {
        vm.prank(owner);
        return registry.publishVersion(model, version, "salt");
    }

    function publish(ModelId model, address owner, IModelRegistry.VersionCommitment memory version)
        internal
        returns (VersionId)
    {
        commit(owner, version);
        skip(MIN_COMMIT_AGE);
        return reveal(model, owner, version);
    }

    function publishActive(ModelId model, address owner, IModelRegistry.VersionCommitment memory version)
        internal
        returns (VersionId published)
    {
        published = publish(model, owner, version);
        setStatus(model, published, IModelRegistry.Status.Active);
    }

    function setStatus(ModelId model, VersionId version, IModelRegistry.Status status) internal {
        vm.prank(registry.modelOwner(model));
        registry.setStatus(model, version, status, "");
    }

    function setPrice(ModelId model, VersionId version, uint256 perCall, uint256 perDay) internal {
        vm.prank(registry.modelOwner(model));
        priceBook.setPrice(model, version, picoPrice(perCall, perDay));
    }

    function picoPrice(uint256 perCall, uint256 perDay) internal pure returns (IPriceBook.Price memory) {
        return IPriceBook.Price(
            PicoAmount.wrap(uint128(perCall)), PicoAmount.wrap(uint128(perDay)), perCall == 0 && perDay == 0
        );
    }

    function setTerms(bool transferable, uint24 resalePpm) internal {
        vm.prank(creator);
        accessPass.setPassTerms(modelId, IAccessPass.Terms(transferable, resalePpm));
    }

    // --- buyer ------------------------------------------------------------------------------------------------------

    function order(uint256 calls, uint256 numDays) internal view returns (IAccessPass.Order memory) {
        return IAccessPass.Order({
            modelId: modelId,
            versionId: versionId,
            calls: calls,
            numDays: numDays,
            maxPrice: type(uint256).max,
            deadline: block.timestamp,
            to: buyer
        });
    }

    function buy(uint256 calls, uint256 numDays) internal returns (PassId) {
        IAccessPass.Order memory o = order(calls, numDays);
        uint256 price = priceBook.quotePass(o.modelId, o.versionId, calls, numDays);
        vm.prank(buyer);
        return accessPass.buy{value: price}(o);
    }

    function lastPass() internal view returns (PassId) {
        return PassId.wrap(accessPass.totalPasses());
    }

    // --- settlement -------------------------------------------------------------------------------------------------

    function instancesOf(uint256 seed) internal pure returns (uint256[] memory instances) {
        instances = new uint256[](INPUT_WORDS + 2);
        for (uint256 i = 0; i < instances.length; ++i) {
            instances[i] = uint256(keccak256(abi.encode(seed, i))) >> 8;
        }
    }

    function inputCommitment(uint256[] memory instances, uint256 words) internal pure returns (bytes32) {
        uint256[] memory input = new uint256[](words);
        for (uint256 i = 0; i < words; ++i) {
            input[i] = instances[i];
        }
        return keccak256(abi.encodePacked(input));
    }

    function requestFor(PassId passId, uint256 nonce) internal view returns (IVerifierRouter.Request memory) {
        return IVerifierRouter.Request({
            modelId: modelId,
            versionId: versionId,
            passId: passId,
            inputCommitment: inputCommitment(instancesOf(nonce), INPUT_WORDS),
            nonce: nonce,
            deadline: block.timestamp + 1 hours
        });
    }

    function sign(IVerifierRouter.Request memory request, uint256 signerKey)
        internal
        view
        returns (bytes memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(signerKey, verifierRouter.requestDigest(request));
        return abi.encodePacked(r, s, v);
    }

    function prove(IVerifierRouter.Request memory request, uint256[] memory instances)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodePacked(verifier.seal(key, verifierRouter.contextOf(request), instances));
    }

    /// @dev Signs, proves and settles the call with this nonce.
    function settle(PassId passId, uint256 nonce) internal returns (bytes32) {
        IVerifierRouter.Request memory request = requestFor(passId, nonce);
        uint256[] memory instances = instancesOf(nonce);
        return verifierRouter.settle(request, sign(request, buyerKey), instances, prove(request, instances));
    }
}
