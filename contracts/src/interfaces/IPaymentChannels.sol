// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, VersionId} from "../types/Ids.sol";
import {IPermit2} from "./IPermit2.sol";

/// @title Payment channels: escrow per buyer, provider and token
/// @notice A buyer signs, after each answer, the total that he owes for one version through one provider. The latest
/// voucher is worth all earlier ones, so a replay pays nothing and a lost voucher costs nothing. Zero is the native
/// currency; amounts are in the token's smallest unit.
interface IPaymentChannels {
    /// @notice Money of one buyer for one provider.
    struct Channel {
        uint128 balance; // escrow that is neither settled nor withdrawn
        uint128 settled; // paid out over the channel's life
        uint128 thawing; // part of the balance that the buyer takes back at `thawEnds`
        uint64 thawEnds;
        uint64 closes; // how many times the channel was closed; nonce of a provider's consent
    }

    /// @notice A key that may sign vouchers of one channel besides the buyer.
    struct Session {
        uint96 cap; // the most that vouchers of this key settle in all
        uint96 spent;
        uint64 expires; // last second at which they settle
    }

    /// @notice What the items of a batch have in common.
    struct Batch {
        ModelId modelId;
        VersionId versionId;
        address provider;
        address token;
    }

    /// @notice One voucher of a batch.
    struct Item {
        address buyer;
        uint128 cumulative; // owed in all for this version through this provider
        uint64 validUntil; // last second at which the voucher settles
        bytes32 receiptRoot; // of the receipts behind the total; not interpreted here
        bytes signature; // by the buyer, his session key or his wallet contract
    }

    /// @notice What became of a voucher.
    enum Status {
        Settled,
        SettledInPart, // escrow or session cap did not cover the rest; it can be settled later
        NothingNew,
        Expired,
        Empty, // no escrow left
        NotSigned, // not by the buyer nor by a key of the channel that has not expired
        CapReached
    }

    /// @notice A buyer's ERC-3009 authorisation; its nonce must be `authorizationNonce(provider, salt)`.
    struct Authorization {
        uint256 validAfter;
        uint256 validBefore;
        bytes32 salt;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    error PaymentChannels_ZeroAddress();
    error PaymentChannels_ZeroAmount();
    error PaymentChannels_TokenNotAccepted(address token);
    error PaymentChannels_ValueMismatch(uint256 value, uint256 amount);
    error PaymentChannels_ReceivedOther(uint256 received, uint256 amount);
    error PaymentChannels_AmountAboveLimit(uint256 amount, uint256 limit);
    error PaymentChannels_ThawPeriodOutOfRange(uint256 period, uint256 limit);
    error PaymentChannels_NothingThawed(bytes32 channelId);
    error PaymentChannels_StillThawing(bytes32 channelId, uint256 thawEnds);
    error PaymentChannels_SessionOutOfRange(uint256 cap, uint256 expires);
    error PaymentChannels_SessionWouldShrink(address signer);
    error PaymentChannels_SessionNotLive(address signer);
    error PaymentChannels_BatchSizeOutOfRange(uint256 size, uint256 limit);
    error PaymentChannels_VersionNotServed(ModelId modelId, VersionId versionId);
    error PaymentChannels_DeadlinePassed(uint256 nowSeconds, uint256 deadline);
    error PaymentChannels_CloseNotSigned(address provider);

    event Deposited(
        bytes32 indexed channelId,
        address indexed buyer,
        address indexed provider,
        address token,
        uint256 amount
    );
    event SessionAuthorised(bytes32 indexed channelId, address indexed signer, uint96 cap, uint64 expires);
    event SessionRevoked(bytes32 indexed channelId, address indexed signer, uint64 expires);
    /// @dev Which version and token: the batch's BatchSettled, which follows in the same transaction.
    event VoucherSettled(bytes32 indexed channelId, uint256 amount, bytes32 receiptRoot);
    event VoucherRefused(bytes32 indexed channelId, Status status);
    event BatchSettled(
        address indexed provider,
        ModelId indexed modelId,
        VersionId indexed versionId,
        address token,
        uint256 amount
    );
    event ThawStarted(bytes32 indexed channelId, uint256 amount, uint64 thawEnds);
    event Withdrawn(bytes32 indexed channelId, address indexed to, uint256 amount);
    event ChannelClosed(bytes32 indexed channelId, address indexed to, uint256 amount);

    /// @notice Adds to a buyer's channel what the caller pays. `msg.value` is `amount` for the native currency, else zero.
    function deposit(address buyer, address provider, address token, uint256 amount) external payable;

    /// @notice Deposits the caller's own tokens with an ERC-2612 permit. A permit that somebody has already used is no
    /// obstacle.
    function depositWithPermit(
        address provider,
        address token,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Deposits a buyer's tokens with his ERC-3009 authorisation; anybody may send it. Its nonce binds the provider.
    function depositWithAuthorization(
        address buyer,
        address provider,
        address token,
        uint256 amount,
        Authorization calldata authorization
    ) external;

    /// @notice Deposits a buyer's tokens with his Permit2 signature; anybody may send it. Its witness binds the provider.
    function depositWithPermit2(
        address buyer,
        address provider,
        IPermit2.PermitTransferFrom calldata permit,
        bytes calldata signature
    ) external;

    /// @notice Lets a key sign vouchers of the caller's channel. A live session can only be widened; to narrow it, revoke
    /// it first.
    function authoriseSession(address provider, address token, address signer, uint96 cap, uint64 expires)
        external;

    /// @notice Ends a session after the thawing period, so that vouchers which the provider holds still settle.
    function revokeSession(address provider, address token, address signer) external;

    /// @notice Pays what vouchers have become worth since they were last settled into the RevenueRouter. Open to
    /// everybody. An item that does not settle changes nothing and hinders no other.
    /// @param items 1 to MAX_ITEMS
    function settleMany(Batch calldata batch, Item[] calldata items)
        external
        returns (Status[] memory statuses, uint256 total);

    /// @notice Starts to take back part of the caller's escrow; replaces what was thawing. Zero stops.
    function thaw(address provider, address token, uint256 amount) external;

    /// @notice Sends what has thawed, or what settlements left of it, to `to`.
    function withdraw(address provider, address token, address to) external returns (uint256 amount);

    /// @notice Ends the caller's channel at once with the provider's consent: the whole balance goes to `to`.
    /// @param signature of `closeDigest(channelId, deadline)` by the provider
    function close(address provider, address token, address to, uint256 deadline, bytes calldata signature)
        external
        returns (uint256 amount);

    /// @notice Ends a channel of the calling provider at once: the whole balance goes back to the buyer.
    function closeAsProvider(address buyer, address token) external returns (uint256 amount);

    /// @notice Identifier of a channel.
    function channelIdOf(address buyer, address provider, address token)
        external
        view
        returns (bytes32 channelId);

    /// @notice The channel; all zero when nothing was ever deposited.
    function getChannel(bytes32 channelId) external view returns (Channel memory channel);

    /// @notice The session of a key in a channel.
    function sessionOf(bytes32 channelId, address signer) external view returns (Session memory session);

    /// @notice What a channel has settled for one version.
    function settledFor(bytes32 channelId, ModelId modelId, VersionId versionId)
        external
        view
        returns (uint256 amount);

    /// @notice What a provider may still serve against a channel: escrow that is not thawing.
    /// @dev He adds what his unsettled vouchers are worth on his own side, and stops serving before that exceeds this.
    function exposureLimit(bytes32 channelId) external view returns (uint256 amount);

    /// @notice The EIP-712 digest of a voucher.
    function voucherDigest(Batch calldata batch, Item calldata item) external view returns (bytes32 digest);

    /// @notice The EIP-712 digest of a provider's consent to close a channel as it stands: with what has been settled by
    /// now, and once.
    function closeDigest(bytes32 channelId, uint256 deadline) external view returns (bytes32 digest);

    /// @notice The ERC-3009 nonce that binds an authorisation to a provider.
    function authorizationNonce(address provider, bytes32 salt) external pure returns (bytes32 nonce);
}
