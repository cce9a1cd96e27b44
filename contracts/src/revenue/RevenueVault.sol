// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IERC7641} from "../interfaces/IERC7641.sol";
import {IRevenueRouter} from "../interfaces/IRevenueRouter.sol";
import {IRevenueVault} from "../interfaces/IRevenueVault.sol";
import {TokenTransfer} from "../libraries/TokenTransfer.sol";
import {ModelId} from "../types/Ids.sol";

/// @title RevenueVault
/// @notice An ERC-1167 copy per model; the RevenueRouter makes them. The number of shares is fixed, so the accumulator is
/// the router's lifetime sum itself: an account accrues `balance × growth of the sum`, exactly, and that is divided by the
/// number of shares only when it is claimed. No sequence of transfers and claims creates or loses anything.
contract RevenueVault is IRevenueVault, IERC7641, ERC20, ReentrancyGuardTransient {
    /// @notice Most shares of one vault: a thousand million tokens of 18 decimals.
    uint256 public constant MAX_SHARES = 1e27;

    /// @dev Income in units × shares: the whole below is never rounded.
    struct Holding {
        uint256 accrued;
        uint128 seen; // lifetime sum up to which `accrued` counts
    }

    IRevenueRouter private immutable _router;

    /// @inheritdoc IRevenueVault
    ModelId public modelId;

    mapping(address account => mapping(address token => Holding)) private _holding;

    /// @dev The RevenueRouter deploys the common code; copies share this immutable.
    constructor() ERC20("", "") {
        _router = IRevenueRouter(msg.sender);
    }

    /// @notice Native income, from the RevenueRouter alone.
    receive() external payable {
        if (msg.sender != address(_router)) revert RevenueVault_NotRouter(msg.sender);
    }

    /// @inheritdoc IRevenueVault
    function initialise(ModelId modelId_, uint256 shares, address to) external {
        if (msg.sender != address(_router)) revert RevenueVault_NotRouter(msg.sender);
        if (ModelId.unwrap(modelId) != 0) revert RevenueVault_Initialised();
        if (shares == 0 || shares > MAX_SHARES) revert RevenueVault_SharesOutOfRange(shares, MAX_SHARES);
        modelId = modelId_;
        _mint(to, shares);
    }

    /// @inheritdoc IRevenueVault
    function claim(address token, address to) external returns (uint256 amount) {
        return _claim(token, to);
    }

    /// @inheritdoc IERC7641
    function claim(uint256 snapshotId) external {
        _checkSnapshot(snapshotId);
        _claim(TokenTransfer.NATIVE, msg.sender);
    }

    /// @inheritdoc IERC7641
    function snapshot() external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IERC7641
    function claimableRevenue(address account, uint256 snapshotId) external view returns (uint256) {
        _checkSnapshot(snapshotId);
        return claimable(account, TokenTransfer.NATIVE);
    }

    /// @inheritdoc IERC7641
    function redeemableOnBurn(uint256) external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IRevenueVault
    function router() external view returns (address) {
        return address(_router);
    }

    /// @inheritdoc IRevenueVault
    function claimable(address account, address token) public view returns (uint256) {
        (uint256 accounted,) = _router.vaultAccount(modelId, token);
        Holding storage holding = _holding[account][token];
        return (holding.accrued + balanceOf(account) * (accounted - holding.seen)) / totalSupply();
    }

    /// @notice "Mintmark Revenue " and the model's number.
    function name() public view override returns (string memory) {
        return string.concat("Mintmark Revenue ", Strings.toString(ModelId.unwrap(modelId)));
    }

    /// @notice "MREV-" and the model's number.
    function symbol() public view override returns (string memory) {
        return string.concat("MREV-", Strings.toString(ModelId.unwrap(modelId)));
    }

    /// @dev Before shares move, both sides' income until now is written down, for at most the router's MAX_TOKENS.
    function _update(address from, address to, uint256 value) internal override {
        (address[] memory list, uint256[] memory accounted) = _router.vaultIncome(modelId);
        for (uint256 i = 0; i < list.length; ++i) {
            if (accounted[i] == 0) continue;
            _accrue(from, list[i], accounted[i]);
            _accrue(to, list[i], accounted[i]);
        }
        super._update(from, to, value);
    }

    function _claim(address token, address to) private nonReentrant returns (uint256 amount) {
        if (to == address(0)) revert RevenueVault_ZeroAddress();
        ModelId id = modelId;
        (uint256 accounted,) = _router.vaultAccount(id, token);
        _accrue(msg.sender, token, accounted);
        Holding storage holding = _holding[msg.sender][token];
        uint256 shares = totalSupply();
        amount = holding.accrued / shares;
        if (amount == 0) return 0;
        if (_balance(token) < amount) _router.claimVault(id, token);
        // A token that takes a fee, or shrinks, may leave less: what is there is paid, the rest stays owed.
        amount = Math.min(amount, _balance(token));
        holding.accrued -= amount * shares;
        emit IncomeClaimed(msg.sender, token, to, amount);
        TokenTransfer.send(token, to, amount);
    }

    /// @dev No overflow: the router's sums are 128 bits, and shares are at most MAX_SHARES < 2^90.
    function _accrue(address account, address token, uint256 accounted) private {
        Holding storage holding = _holding[account][token];
        uint256 growth = accounted - holding.seen;
        if (growth == 0) return;
        uint256 balance = balanceOf(account);
        if (balance != 0) holding.accrued += balance * growth;
        holding.seen = uint128(accounted);
    }

    function _balance(address token) private view returns (uint256) {
        if (token == TokenTransfer.NATIVE) return address(this).balance;
        return IERC20(token).balanceOf(address(this));
    }

    function _checkSnapshot(uint256 snapshotId) private pure {
        if (snapshotId != 0) revert RevenueVault_NoSnapshots(snapshotId);
    }
}
