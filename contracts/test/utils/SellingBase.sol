// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {Test} from "forge-std/Test.sol";
import {Allowlist} from "../../src/gating/Allowlist.sol";
import {QuotaLedger} from "../../src/gating/QuotaLedger.sol";
import {StakeVault} from "../../src/gating/StakeVault.sol";
import {IAggregatorV3} from "../../src/interfaces/IAggregatorV3.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {Currencies} from "../../src/pricing/Currencies.sol";
import {PriceBook} from "../../src/pricing/PriceBook.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";
import {Unit} from "../../src/types/Unit.sol";
import {MarketToken, MockFeed, MockRegistry} from "../mocks/MockMarket.sol";

/// @dev The sellers' contracts on a registry that is told what to say: one model, owned by `creator`, version 1 Active.
/// The test is ADMIN. ETH costs 2,500 dollars, USDC one.
abstract contract SellingBase is Test {
    uint64 internal constant NOTICE = 1 days;
    uint32 internal constant HEARTBEAT = 1 hours;
    uint256 internal constant PICO_USD = 1e12;
    ModelId internal constant MODEL = ModelId.wrap(1);
    VersionId internal constant VERSION = VersionId.wrap(1);
    address internal constant NATIVE = address(0);

    address internal creator = makeAddr("creator");
    address internal stranger = makeAddr("stranger");
    address internal provider = makeAddr("provider");
    address internal buyer;
    uint256 internal buyerKey;

    AccessManager internal authority;
    MockRegistry internal registry;
    Currencies internal currencies;
    PriceBook internal priceBook;
    QuotaLedger internal ledger;
    StakeVault internal vault;
    Allowlist internal allowlist;
    MarketToken internal usdc;
    MockFeed internal ethFeed;
    MockFeed internal usdcFeed;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (buyer, buyerKey) = makeAddrAndKey("buyer");
        authority = new AccessManager(address(this));
        registry = new MockRegistry();
        registry.setOwner(MODEL, creator);
        setStatus(IModelRegistry.Status.Active);
        registry.setCanonical(MODEL, VERSION);

        currencies = new Currencies(address(authority), IAggregatorV3(address(0)));
        priceBook = new PriceBook(IModelRegistry(address(registry)), currencies, NOTICE);
        ledger = new QuotaLedger(address(authority), IModelRegistry(address(registry)));
        vault = StakeVault(address(ledger.stakeVault()));
        allowlist = new Allowlist(address(authority));

        usdc = new MarketToken("USDC", 6);
        (ethFeed, usdcFeed) = (new MockFeed(8, 2500e8), new MockFeed(8, 1e8));
        currencies.list(NATIVE, 18, address(ethFeed), HEARTBEAT, 100e8, 100_000e8);
        currencies.list(address(usdc), 6, address(usdcFeed), HEARTBEAT, 0.9e8, 1.1e8);
    }

    function setStatus(IModelRegistry.Status status) internal {
        registry.setStatus(MODEL, VERSION, status);
    }

    /// @dev A card without any offer.
    function emptyCard() internal pure returns (IRateBook.RateCard memory card) {
        (card.minMultiplierPpm, card.maxMultiplierPpm) = (1_000_000, 1_000_000);
    }

    /// @dev $0.05 per million tokens read, $0.20 per million produced, $0.01 per call and day.
    function tokenCard() internal pure returns (IRateBook.RateCard memory card) {
        card = emptyCard();
        card.rates[uint256(Unit.InputToken)] = 50_000;
        card.rates[uint256(Unit.CachedInputToken)] = 5000;
        card.rates[uint256(Unit.OutputToken)] = 200_000;
        card.rates[uint256(Unit.Call)] = uint64(PICO_USD / 100);
        card.rates[uint256(Unit.Day)] = uint64(PICO_USD / 100);
    }

    function setRates(IRateBook.RateCard memory card) internal {
        vm.prank(creator);
        priceBook.setRates(MODEL, VERSION, card);
    }

    function use(Unit unit, uint256 quantity) internal pure returns (uint256[12] memory quantities) {
        quantities[uint256(unit)] = quantity;
    }

    function signDigest(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
