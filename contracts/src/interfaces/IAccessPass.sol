// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, PassId, VersionId} from "../types/Ids.sol";
import {Unit} from "../types/Unit.sol";
import {IRateBook} from "./IRateBook.sol";

/// @title Access passes: prepaid calls, or units of another kind, of one version
/// @notice A pass is an ERC-721 token. Its price stays in escrow here and is earned as its units are used; what is not
/// earned when the version is revoked or the pass ends goes back to the pass's owner. A pass of calls is debited by proofs
/// or by the holder's usage vouchers, a pass of other units by vouchers alone.
interface IAccessPass {
    /// @notice What a buyer asks for.
    struct Order {
        ModelId modelId;
        VersionId versionId;
        uint256 calls;
        uint256 numDays;
        uint256 maxPrice; // wei; the most that the buyer pays
        uint256 deadline; // last second at which the order holds
        address to; // the pass's owner
    }

    /// @notice What a buyer asks for at the price in dollars.
    struct UnitOrder {
        ModelId modelId;
        VersionId versionId;
        Unit unit; // not Day
        uint256 units; // seconds for durations
        uint256 numDays;
        address token; // zero for native currency
        uint256 maxPrice; // the token's smallest unit
        uint256 deadline;
        address to;
        IRateBook.Tariff tariff; // Holder: uses one unit of the discount gate's quota
        uint256 gateKey; // the buyer's key at that gate
    }

    /// @notice A holder's statement of how many units he has used through vouchers in all.
    struct Usage {
        PassId passId;
        uint64 cumulative;
        uint64 validUntil; // last second at which it settles
        address node; // who served, and is paid for it; zero for nobody
        bytes32 receiptRoot; // of the receipts behind the total; not interpreted here
    }

    /// @notice What a model's owner decides about passes, snapshotted into each pass when it is sold.
    struct Terms {
        bool transferable;
        uint24 resalePpm; // ERC-2981 royalty on a resale, at most MAX_RESALE_PPM
    }

    struct Pass {
        uint128 escrow; // not earned yet
        uint64 callsLeft; // calls, or units of the pass's kind
        uint64 expires; // last second at which a call settles
        uint64 modelId;
        uint32 versionId;
        Terms terms;
        Unit unit;
        bool inDollars; // sold, and renewed, at the price in dollars
        uint64 metered; // units used through vouchers
        address token; // of the escrow; zero for native currency
    }

    error AccessPass_DeadlinePassed(uint256 nowSeconds, uint256 deadline);
    error AccessPass_ZeroAddress();
    error AccessPass_VersionNotForSale(ModelId modelId, VersionId versionId);
    error AccessPass_PriceAboveMax(uint256 price, uint256 maxPrice);
    error AccessPass_Underpaid(uint256 paid, uint256 price);
    error AccessPass_NotModelOwner(ModelId modelId, address caller);
    error AccessPass_ResalePpmAboveLimit(uint256 ppm, uint256 limit);
    error AccessPass_NotTransferable(PassId passId);
    error AccessPass_NotAuthorised(PassId passId, address caller);
    error AccessPass_NotSettler(address caller);
    error AccessPass_SettlerFixed(address settler);
    error AccessPass_SettlerNotFixed();
    error AccessPass_SettlerWithoutCode(address settler);
    error AccessPass_Expired(PassId passId, uint256 expires);
    error AccessPass_NotEnoughCalls(uint256 units, uint256 callsLeft);
    error AccessPass_NotRefundable(PassId passId, uint256 expires);
    error AccessPass_NotRenewable(PassId passId, uint256 expires);
    error AccessPass_NothingToRefund(PassId passId);
    error AccessPass_UnitsOutOfRange(Unit unit, uint256 units, uint256 limit);
    error AccessPass_DaysOutOfRange(uint256 numDays, uint256 limit);
    error AccessPass_TokenNotAccepted(address token);
    error AccessPass_ReceivedOther(uint256 received, uint256 amount);
    error AccessPass_NotQuotedBuyer(address caller, address buyer);
    error AccessPass_QuoteUsed(bytes32 digest);
    error AccessPass_NotOfCalls(PassId passId, Unit unit);
    error AccessPass_VersionNotServed(ModelId modelId, VersionId versionId);
    error AccessPass_NothingNew(PassId passId, uint256 cumulative, uint256 metered);
    error AccessPass_NotSignedByHolder(PassId passId);
    error AccessPass_VersionStillSold(ModelId modelId, VersionId versionId);
    error AccessPass_UnexpectedValue(uint256 value);

    event PassBought(
        PassId indexed passId,
        ModelId indexed modelId,
        VersionId indexed versionId,
        address buyer,
        address to,
        uint256 calls,
        uint64 expires,
        uint256 price
    );
    event PassConsumed(PassId indexed passId, uint256 units, uint256 callsLeft, uint256 earned);
    event PassRenewed(PassId indexed passId, uint64 expires, uint256 price);
    event PassPaidIn(PassId indexed passId, address indexed token, Unit unit, bytes32 quoteDigest);
    event PassMetered(PassId indexed passId, address indexed node, uint256 cumulative, bytes32 receiptRoot);
    event PassMoved(PassId indexed passId, VersionId indexed versionId);
    event PassCancelled(PassId indexed passId, uint64 expires);
    event PassRefunded(PassId indexed passId, address indexed to, uint256 amount);
    event PassTermsChanged(ModelId indexed modelId, bool transferable, uint24 resalePpm);
    event SettlerBound(address indexed settler);

    /// @notice Sells a pass for an Active version at the price book's price; a surplus goes back to the caller.
    function buy(Order calldata order) external payable returns (PassId passId);

    /// @notice Sells a pass of any unit, in any currency that the price book and the RevenueRouter know, at the price in
    /// dollars. A surplus of native currency goes back to the caller; a token is pulled from him.
    function buyUnits(UnitOrder calldata order) external payable returns (PassId passId);

    /// @notice Sells what a signed quote says to the buyer whom it names. Each quote sells once.
    function buyQuoted(IRateBook.Quote calldata quote, bytes calldata signature, address to)
        external
        payable
        returns (PassId passId);

    /// @notice Debits what a holder has signed and was not debited before, as far as units are left. Anybody may call it.
    /// @param signature by the pass's owner or its user
    /// @return earned in the pass's currency
    function settleUsage(Usage calldata usage, bytes calldata signature) external returns (uint256 earned);

    /// @notice Moves a pass to the canonical version once its own is no longer sold. The pass's owner or an operator.
    function moveToCanonical(PassId passId) external;

    /// @notice The EIP-712 digest of a usage.
    function usageDigest(Usage calldata usage) external view returns (bytes32 digest);

    /// @notice Debits calls and passes on what they earned to the RevenueRouter. Only the settler, who has checked the
    /// holder's signature and the proof.
    /// @dev Earned: escrow × units / calls left, rounded down; the last call takes the remainder.
    /// @return earned wei
    function consume(PassId passId, uint256 units) external returns (uint256 earned);

    /// @notice Returns what is not earned, once the version is revoked or the pass has ended; ends the pass.
    /// @dev The pass's owner or an operator that he approved.
    function refund(PassId passId, address to) external returns (uint256 amount);

    /// @notice Sets the terms of passes sold from now on. Only the model's owner.
    function setPassTerms(ModelId modelId, Terms calldata terms) external;

    /// @notice Fixes for ever who may debit passes. Before that nothing can be bought.
    function bindSettler(address settler) external;

    /// @notice The pass; reverts when there is none.
    function getPass(PassId passId) external view returns (Pass memory pass);

    /// @notice Who may sign requests with the pass: owner, and ERC-4907 user (zero when there is none now).
    /// @return modelId the pass's model
    /// @return versionId the pass's version
    function holdersOf(PassId passId)
        external
        view
        returns (ModelId modelId, VersionId versionId, address owner, address user);

    /// @notice Terms of passes of this model sold from now on.
    function termsOf(ModelId modelId) external view returns (Terms memory terms);

    /// @notice The passes of `owner` among ids `from` to `from + span - 1`; for reading off-chain, page by page.
    function passesOf(address owner, uint256 from, uint256 span)
        external
        view
        returns (PassId[] memory passIds);

    /// @notice How many passes were ever sold; they are numbered from 1.
    function totalPasses() external view returns (uint256 count);
}
