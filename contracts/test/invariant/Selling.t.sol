// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {AccessPass} from "../../src/access/AccessPass.sol";
import {QuotaLedger} from "../../src/gating/QuotaLedger.sol";
import {StakeVault} from "../../src/gating/StakeVault.sol";
import {IAccessPass} from "../../src/interfaces/IAccessPass.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {PaymentChannels} from "../../src/payments/PaymentChannels.sol";
import {PassId} from "../../src/types/Ids.sol";
import {SellingHandler} from "./SellingHandler.sol";
import {PublicInvariants} from "./PublicInvariants.sol";

contract SellingInvariantTest is PublicInvariants {
    SellingHandler internal handler;
    PaymentChannels internal channels;
    AccessPass internal passes;
    QuotaLedger internal ledger;
    StakeVault internal vault;

    function setUp() public {
        handler = new SellingHandler();
        handler.setUp();
        (channels, passes, ledger, vault) = handler.contracts();
        bytes4[] memory selectors = new bytes4[](18);
        selectors[0] = SellingHandler.depositSome.selector;
        selectors[1] = SellingHandler.settleSome.selector;
        selectors[2] = SellingHandler.authoriseSome.selector;
        selectors[3] = SellingHandler.revokeSome.selector;
        selectors[4] = SellingHandler.thawSome.selector;
        selectors[5] = SellingHandler.withdrawSome.selector;
        selectors[6] = SellingHandler.closeSome.selector;
        selectors[7] = SellingHandler.buySome.selector;
        selectors[8] = SellingHandler.meterSome.selector;
        selectors[9] = SellingHandler.refundSome.selector;
        selectors[10] = SellingHandler.useSome.selector;
        selectors[11] = SellingHandler.moveNft.selector;
        selectors[12] = SellingHandler.stakeSome.selector;
        selectors[13] = SellingHandler.unstakeSome.selector;
        selectors[14] = SellingHandler.wait.selector;
        selectors[15] = SellingHandler.togglePause.selector;
        selectors[16] = SellingHandler.changeRates.selector;
        selectors[17] = SellingHandler.askPrice.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
        targetContract(address(handler));
    }

    /// @dev After every sixteenth action and the last one.
    function invariant_sales() public {
        hold("invariant 1_balancesCoverWhatIsOwed", this.check_1_balancesCoverWhatIsOwed);
        hold("invariant 5_settledWithinSignedAndDeposited", this.check_5_settledWithinSignedAndDeposited);
        hold("invariant 6_quotasAreNeverExceeded", this.check_6_quotasAreNeverExceeded);
        hold(
            "invariant 8_usersMoneyLeavesByTheirSignatureOnly",
            this.check_8_usersMoneyLeavesByTheirSignatureOnly
        );
        hold("invariant 9_pauseBlocksNobodysExit", this.check_9_pauseBlocksNobodysExit);
        hold("invariant 11_priceIsNeverZero", this.check_11_priceIsNeverZero);
        allHeld();
    }

    function channelAt(uint256 user, uint256 node, uint256 currency) internal view returns (bytes32) {
        return
            channels.channelIdOf(handler.users(user), handler.providers(node), handler.currencyOf(currency));
    }

    function held(address token, address account) internal view returns (uint256) {
        return token == address(0) ? account.balance : IERC20(token).balanceOf(account);
    }

    /// Public invariant 1: per token, the balance is what the contract owes.
    function check_1_balancesCoverWhatIsOwed() external view {
        for (uint256 c = 0; c < 2; ++c) {
            address token = handler.currencyOf(c);
            uint256 inChannels;
            for (uint256 i = 0; i < 6; ++i) {
                inChannels += channels.getChannel(channelAt(i % 3, i / 3, c)).balance;
            }
            assertEq(held(token, address(channels)), inChannels);
            uint256 escrow;
            for (uint256 id = 1; id <= passes.totalPasses(); ++id) {
                IAccessPass.Pass memory pass = passes.getPass(PassId.wrap(id));
                if (pass.token == token) escrow += pass.escrow;
            }
            assertEq(held(token, address(passes)), escrow);
        }
        uint256 staked;
        for (uint256 i = 0; i < 3; ++i) {
            staked += vault.stakeOf(handler.stakeGate(), handler.users(i)).amount;
        }
        address dollar = handler.currencyOf(1);
        assertEq(held(dollar, address(vault)), staked);
        assertEq(vault.totalStaked(dollar), staked);
    }

    /// Public invariant 5: settled ≤ min(signed cumulative, deposit); a session never beyond its cap.
    function check_5_settledWithinSignedAndDeposited() external view {
        for (uint256 i = 0; i < 12; ++i) {
            bytes32 id = channelAt(i % 3, (i / 3) % 2, i / 6);
            IPaymentChannels.Channel memory channel = channels.getChannel(id);
            assertLe(channel.settled, handler.depositedInto(id));
            (uint256 paid, bool astray) = handler.lanesOf(id);
            assertFalse(astray, "lane astray");
            assertEq(channel.settled, paid);
            address signer = handler.sessionSigner(i % 3);
            IPaymentChannels.Session memory session = channels.sessionOf(id, signer);
            assertEq(handler.sessionSettled(id, signer), session.spent);
            assertLe(session.spent, session.cap);
        }
        assertEq(handler.forgeries(), 0);
    }

    /// Public invariant 6: used ≤ quota, per gate, key and epoch.
    function check_6_quotasAreNeverExceeded() external view {
        (uint256 nftGate, uint256 stakeGate) = (handler.nftGate(), handler.stakeGate());
        uint256 epochs = ledger.epochAt(nftGate, block.timestamp) + 1;
        for (uint256 epoch = 0; epoch < epochs; ++epoch) {
            for (uint256 i = 0; i < 3; ++i) {
                assertLe(ledger.usedOf(nftGate, i, epoch), 50);
                assertLe(ledger.usedOf(stakeGate, uint160(handler.users(i)), epoch), 150);
            }
        }
    }

    /// Public invariant 8: what a user put into channels is there, settled with his signature, or back with him.
    function check_8_usersMoneyLeavesByTheirSignatureOnly() external view {
        for (uint256 u = 0; u < 3; ++u) {
            for (uint256 c = 0; c < 2; ++c) {
                (address user, address token) = (handler.users(u), handler.currencyOf(c));
                uint256 accounted = handler.returned(user, token);
                for (uint256 p = 0; p < 2; ++p) {
                    IPaymentChannels.Channel memory channel = channels.getChannel(channelAt(u, p, c));
                    accounted += uint256(channel.balance) + channel.settled;
                }
                assertEq(handler.deposited(user, token), accounted);
            }
        }
    }

    /// Public invariant 9: whether paused or not, nobody's withdrawal, close, refund or unstaking is refused.
    function check_9_pauseBlocksNobodysExit() external view {
        assertEq(handler.blockedExits(), 0);
    }

    /// Public invariant 11: nothing that has a price costs nothing.
    function check_11_priceIsNeverZero() external view {
        assertEq(handler.zeroPrices(), 0);
    }
}
