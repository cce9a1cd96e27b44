// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {IModelDisputes} from "../../src/interfaces/IModelDisputes.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IPriceBook} from "../../src/interfaces/IPriceBook.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {IVerifierRouter} from "../../src/interfaces/IVerifierRouter.sol";
import {DerivativeGraph} from "../../src/licensing/DerivativeGraph.sol";
import {RevenueLedger} from "../../src/revenue/RevenueLedger.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {ModelId, PassId, VersionId} from "../../src/types/Ids.sol";
import {LicenseId} from "../../src/types/Licensing.sol";
import {PicoAmount} from "../../src/types/PicoAmount.sol";
import {VerifierRouter} from "../../src/verifier/VerifierRouter.sol";
import {TeeVerifier} from "../../src/verifier/adapters/TeeVerifier.sol";
import {SellingVectors} from "../utils/SellingVectors.sol";

/// @dev The router's own ledger with rates of the test's choice.
contract Waterfall is RevenueRouter {
    constructor(address authority, IModelRegistry models)
        RevenueRouter(authority, models, IDerivativeGraph(authority), IModelDisputes(authority), authority, 0)
    {}

    function book(ModelId modelId, uint256 amount, Rates calldata rates) external returns (Split memory) {
        return _book(modelId, address(0), amount, msg.sender, rates);
    }
}

/// @dev Requests, approvals, enclaves' results, prices of passes and splits against the vectors.
contract RightsDifferentialTest is SellingVectors {
    using stdJson for string;

    uint256 internal constant SPLITS = 20;

    function vectors() internal pure override returns (string memory) {
        return "rights";
    }

    function setUp() public override {
        super.setUp();
        IModelRegistry models = IModelRegistry(address(registry));
        VerifierRouter settler = new VerifierRouter(address(authority), models, IAccessPass(address(passes)));
        DerivativeGraph graph =
            new DerivativeGraph(address(authority), models, ILicenseTerms(address(authority)));
        vm.etch(at("VerifierRouter"), address(settler).code);
        vm.etch(at("DerivativeGraph"), address(graph).code);
        vm.etch(at("TeeVerifier"), address(new TeeVerifier(address(authority))).code);
    }

    function test_requests() public view {
        string memory kind = "request";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            IVerifierRouter.Request memory request = IVerifierRouter.Request({
                modelId: ModelId.wrap(number(kind, i, "modelId")),
                versionId: VersionId.wrap(number(kind, i, "versionId")),
                passId: PassId.wrap(number(kind, i, "passId")),
                inputCommitment: word(kind, i, "inputCommitment"),
                nonce: number(kind, i, "nonce"),
                deadline: number(kind, i, "deadline")
            });
            bytes32 digest = VerifierRouter(at("VerifierRouter")).requestDigest(request);
            assertEq(digest, word(kind, i, "digest"));
        }
    }

    function test_approvals() public view {
        string memory kind = "approval";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            IDerivativeGraph.ParentLink memory asked = IDerivativeGraph.ParentLink({
                licenseId: LicenseId.wrap(number(kind, i, "licenseId")),
                versionId: VersionId.wrap(number(kind, i, "versionId")),
                relation: IDerivativeGraph.Relation(number(kind, i, "relation")),
                approvalDeadline: uint64(number(kind, i, "deadline")),
                approval: ""
            });
            bytes32 digest = DerivativeGraph(at("DerivativeGraph"))
                .approvalDigest(
                    ModelId.wrap(number(kind, i, "child")), ModelId.wrap(number(kind, i, "parent")), asked
                );
            assertEq(digest, word(kind, i, "digest"));
        }
    }

    function test_resultsOfEnclaves() public {
        string memory kind = "result";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            address key = account(kind, i, "key");
            vm.etch(key, json.readBytes(field(kind, i, "keyCode")));
            bytes32 digest = TeeVerifier(at("TeeVerifier"))
                .resultDigest(
                    key,
                    word(kind, i, "context"),
                    json.readUintArray(field(kind, i, "instances")),
                    uint64(number(kind, i, "issuedAt"))
                );
            assertEq(digest, word(kind, i, "digest"));
        }
    }

    function test_pricesOfPasses() public {
        string memory kind = "passPrice";
        for (uint256 i = 0; i < SUMS; ++i) {
            (uint256 perCall, uint256 perDay) = (number(kind, i, "perCall"), number(kind, i, "perDay"));
            vm.prank(creator);
            priceBook.setPrice(
                MODEL,
                VERSION,
                IPriceBook.Price(
                    PicoAmount.wrap(uint128(perCall)),
                    PicoAmount.wrap(uint128(perDay)),
                    perCall == 0 && perDay == 0
                )
            );
            skip(NOTICE);
            uint256 price =
                priceBook.quotePass(MODEL, VERSION, number(kind, i, "calls"), number(kind, i, "days"));
            assertEq(price, number(kind, i, "wei"));
        }
    }

    function test_splits() public {
        Waterfall waterfall = new Waterfall(address(authority), IModelRegistry(address(registry)));
        for (uint256 i = 0; i < SPLITS; ++i) {
            uint256[] memory rates = column(i, "rates");
            IRevenueRouter.Split[] memory expected = splitsOf(i);
            uint256[] memory amounts = column(i, "amount");
            for (uint256 j = 0; j < amounts.length; ++j) {
                IRevenueRouter.Split memory split = waterfall.book(
                    ModelId.wrap(i + 1),
                    amounts[j],
                    RevenueLedger.Rates(rates[0], rates[1], rates[2], rates[3])
                );
                assertEq(abi.encode(split), abi.encode(expected[j]));
            }
        }
    }

    function splitsOf(uint256 i) internal view returns (IRevenueRouter.Split[] memory out) {
        (uint256[] memory platform, uint256[] memory royalties) =
            (column(i, "platform"), column(i, "royalties"));
        (uint256[] memory node, uint256[] memory vault, uint256[] memory rest) =
            (column(i, "node"), column(i, "vault"), column(i, "creator"));
        out = new IRevenueRouter.Split[](platform.length);
        for (uint256 j = 0; j < out.length; ++j) {
            out[j] = IRevenueRouter.Split(platform[j], royalties[j], node[j], vault[j], rest[j]);
        }
    }

    function column(uint256 i, string memory name) internal view returns (uint256[] memory) {
        return json.readUintArray(field("split", i, name));
    }
}
