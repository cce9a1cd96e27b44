// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {AccessPass} from "../../src/access/AccessPass.sol";
import {QuotaLedger} from "../../src/gating/QuotaLedger.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IQuotaLedger} from "../../src/interfaces/IQuotaLedger.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {UsageCost} from "../../src/libraries/UsageCost.sol";
import {PaymentChannels} from "../../src/payments/PaymentChannels.sol";
import {PriceBook} from "../../src/pricing/PriceBook.sol";
import {ModelId, PassId, VersionId} from "../../src/types/Ids.sol";
import {Unit} from "../../src/types/Unit.sol";
import {SellingVectors} from "../utils/SellingVectors.sol";

/// @dev The contracts against test/vectors/selling/selling.json, which a Python program has computed and the C++ tests read, too.
contract SellingDifferentialTest is SellingVectors {
    using stdJson for string;

    function setUp() public override {
        super.setUp();
        vm.etch(at("PaymentChannels"), address(channels).code);
        vm.etch(at("AccessPass"), address(passes).code);
        vm.etch(at("QuotaLedger"), address(ledger).code);
        vm.etch(at("PriceBook"), address(priceBook).code);
    }

    function vectors() internal pure override returns (string memory) {
        return "selling";
    }

    function test_vouchers() public view {
        PaymentChannels contract_ = PaymentChannels(at("PaymentChannels"));
        string memory kind = "voucher";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            IPaymentChannels.Batch memory batch = IPaymentChannels.Batch(
                ModelId.wrap(number(kind, i, "modelId")),
                VersionId.wrap(number(kind, i, "versionId")),
                account(kind, i, "provider"),
                account(kind, i, "token")
            );
            IPaymentChannels.Item memory item = IPaymentChannels.Item(
                account(kind, i, "buyer"),
                uint128(number(kind, i, "cumulative")),
                uint64(number(kind, i, "validUntil")),
                word(kind, i, "receiptRoot"),
                ""
            );
            assertEq(
                contract_.channelIdOf(item.buyer, batch.provider, batch.token), word(kind, i, "channelId")
            );
            assertEq(contract_.voucherDigest(batch, item), word(kind, i, "digest"));
        }
    }

    function test_closes() public view {
        string memory kind = "close";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            bytes32 digest = PaymentChannels(at("PaymentChannels"))
                .closeDigest(word(kind, i, "channelId"), number(kind, i, "deadline"));
            assertEq(digest, word(kind, i, "digest"));
        }
    }

    function test_usagesOfPasses() public view {
        string memory kind = "passUsage";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            IAccessPass.Usage memory usage = IAccessPass.Usage(
                PassId.wrap(number(kind, i, "passId")),
                uint64(number(kind, i, "cumulative")),
                uint64(number(kind, i, "validUntil")),
                account(kind, i, "node"),
                word(kind, i, "receiptRoot")
            );
            assertEq(AccessPass(at("AccessPass")).usageDigest(usage), word(kind, i, "digest"));
        }
    }

    function test_usagesOfQuotas() public view {
        string memory kind = "quotaUsage";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            IQuotaLedger.Usage memory usage = IQuotaLedger.Usage(
                number(kind, i, "gateId"),
                VersionId.wrap(number(kind, i, "versionId")),
                number(kind, i, "key"),
                number(kind, i, "epoch"),
                address(0),
                uint64(number(kind, i, "cumulative")),
                word(kind, i, "receiptRoot"),
                ""
            );
            bytes32 digest = QuotaLedger(at("QuotaLedger")).usageDigest(usage, account(kind, i, "provider"));
            assertEq(digest, word(kind, i, "digest"));
        }
    }

    function test_quotes() public view {
        string memory kind = "quote";
        for (uint256 i = 0; i < DIGESTS; ++i) {
            IRateBook.Quote memory quote = IRateBook.Quote(
                ModelId.wrap(number(kind, i, "modelId")),
                VersionId.wrap(number(kind, i, "versionId")),
                account(kind, i, "buyer"),
                account(kind, i, "token"),
                number(kind, i, "amount"),
                Unit(number(kind, i, "unit")),
                number(kind, i, "units"),
                number(kind, i, "numDays"),
                number(kind, i, "nonce"),
                number(kind, i, "deadline")
            );
            assertEq(PriceBook(at("PriceBook")).quoteDigest(quote), word(kind, i, "digest"));
        }
    }

    function test_bills() public view {
        string memory kind = "bill";
        for (uint256 i = 0; i < SUMS; ++i) {
            IRateBook.RateCard memory card;
            uint256[] memory rates = json.readUintArray(field(kind, i, "rates"));
            uint256[] memory used = json.readUintArray(field(kind, i, "usage"));
            uint256[12] memory usage;
            for (uint256 u = 0; u < 12; ++u) {
                (card.rates[u], usage[u]) = (uint64(rates[u]), used[u]);
            }
            (card.minimum, card.freeUnits) =
            (uint64(number(kind, i, "minimum")), uint16(number(kind, i, "freeUnits")));
            uint256 usd =
                UsageCost.bill(card, usage, number(kind, i, "multiplierPpm"), number(kind, i, "discountPpm"));
            assertEq(usd, number(kind, i, "usd"));
        }
    }
}
