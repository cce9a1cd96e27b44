// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {stdJson} from "forge-std/StdJson.sol";
import {MintGovernor} from "../../src/governance/MintGovernor.sol";
import {MintToken} from "../../src/governance/MintToken.sol";
import {IPaymentChannels} from "../../src/interfaces/IPaymentChannels.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {PaymentChannels} from "../../src/payments/PaymentChannels.sol";
import {DollarToken, MockPermit2} from "../mocks/SellingPayments.sol";
import {SellingVectors} from "../utils/SellingVectors.sol";

/// @dev What people sign under others' domains. The contracts do not show these digests: a signature of the vector's digest must
/// do what it says, and one of another must not. Manifest roots, which no contract computes, are computed once more here.
contract SignedDifferentialTest is SellingVectors {
    using stdJson for string;

    uint256 internal constant DEPOSITS = 12;
    uint256 internal constant MANIFESTS = 12;

    PaymentChannels internal channel;
    DollarToken internal coin;

    function vectors() internal pure override returns (string memory) {
        return "signed";
    }

    function setUp() public override {
        super.setUp();
        channel = PaymentChannels(at("PaymentChannels"));
        vm.etch(address(channel), address(channels).code);
        vm.etch(address(channels.PERMIT2()), type(MockPermit2).runtimeCode);
        coin = DollarToken(account("deposit", 0, "token"));
        vm.etch(address(coin), address(dollar).code);
        router.accept(address(coin), true);
    }

    function test_deposits() public {
        for (uint256 i = 0; i < DEPOSITS; ++i) {
            (uint256 key, uint256 amount) =
                (uint256(word("deposit", i, "key")), number("deposit", i, "amount"));
            address owner = account("deposit", i, "buyer");
            assertEq(vm.addr(key), owner);
            coin.mint(owner, amount);
            address permit2 = address(channel.PERMIT2());
            vm.prank(owner);
            coin.approve(permit2, amount);
            bytes32 digest = word("deposit", i, "digest");
            assertFalse(tryDeposit(i, key, digest ^ bytes32(uint256(1))));
            assertTrue(tryDeposit(i, key, digest));
            bytes32 id = channel.channelIdOf(owner, account("deposit", i, "provider"), address(coin));
            assertEq(channel.getChannel(id).balance, amount);
        }
    }

    function tryDeposit(uint256 i, uint256 key, bytes32 digest) internal returns (bool done) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        address node = account("deposit", i, "provider");
        (uint256 amount, uint256 nonce, uint256 deadline) =
            (number("deposit", i, "amount"), number("deposit", i, "nonce"), number("deposit", i, "deadline"));
        bytes memory data;
        if (i % 3 == 0) {
            data = abi.encodeCall(channel.depositWithPermit, (node, address(coin), amount, deadline, v, r, s));
        } else if (i % 3 == 1) {
            IPermit2.PermitTransferFrom memory permit = IPermit2.PermitTransferFrom(
                IPermit2.TokenPermissions(address(coin), amount), nonce, deadline
            );
            data = abi.encodeCall(
                channel.depositWithPermit2, (vm.addr(key), node, permit, abi.encodePacked(r, s, v))
            );
        } else {
            data = abi.encodeCall(
                channel.depositWithAuthorization,
                (
                    vm.addr(key),
                    node,
                    address(coin),
                    amount,
                    IPaymentChannels.Authorization(0, deadline, bytes32(nonce), v, r, s)
                )
            );
        }
        vm.prank(vm.addr(key));
        (done,) = address(channel).call(data);
    }

    function test_ballots() public {
        MintToken votes = new MintToken("Mintmark", "MINT", buyer, 1e24);
        address[] memory none = new address[](0);
        TimelockController lock = new TimelockController(1, none, none, address(this));
        MintGovernor made =
            new MintGovernor(votes, lock, MintGovernor.Settings(1, 1 days, 1e18, 4, 1 hours, address(0)));
        for (uint256 i = 0; i < DIGESTS; ++i) {
            MintGovernor governor = MintGovernor(payable(account("ballot", i, "governor")));
            vm.etch(address(governor), address(made).code);
            (uint256 key, uint256 proposal) =
                (uint256(word("ballot", i, "key")), number("ballot", i, "proposal"));
            address voter = account("ballot", i, "voter");
            uint8 support = uint8(number("ballot", i, "support"));
            bytes32 digest = word("ballot", i, "digest");
            vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, voter));
            governor.castVoteBySig(proposal, support, voter, signDigest(key, digest ^ bytes32(uint256(1))));
            // The signature is accepted; then there is no such proposal.
            vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorNonexistentProposal.selector, proposal));
            governor.castVoteBySig(proposal, support, voter, signDigest(key, digest));
        }
    }

    function test_delegations() public {
        MintToken made = new MintToken("Mintmark", "MINT", buyer, 1e24);
        for (uint256 i = 0; i < DIGESTS; ++i) {
            MintToken votes = MintToken(account("delegation", i, "token"));
            vm.etch(address(votes), address(made).code);
            (uint8 v, bytes32 r, bytes32 s) =
                vm.sign(uint256(word("delegation", i, "key")), word("delegation", i, "digest"));
            address to = account("delegation", i, "to");
            votes.delegateBySig(to, 0, number("delegation", i, "expiry"), v, r, s);
            assertEq(votes.delegates(account("delegation", i, "from")), to);
        }
    }

    // --- manifest roots (docs/spec/storage.md) -------------------------------------------------------------------------------

    function test_manifestRoots() public view {
        for (uint256 i = 0; i < MANIFESTS; ++i) {
            bytes[] memory leaves = new bytes[](i + 2);
            bytes memory card = bytes(json.readString(field("manifest", i, "card")));
            leaves[0] = abi.encodePacked("mintmark-manifest-1", uint32(card.length), card);
            for (uint256 j = 0; j <= i; ++j) {
                string memory file = string.concat(field("manifest", i, "files"), "[", vm.toString(j), "]");
                bytes memory path = bytes(json.readString(string.concat(file, ".path")));
                leaves[j + 1] = abi.encodePacked(
                    uint32(path.length),
                    path,
                    uint64(json.readUint(string.concat(file, ".sizeBytes"))),
                    json.readBytes32(string.concat(file, ".sha256")),
                    json.readBytes32(string.concat(file, ".chunkRoot"))
                );
            }
            assertEq(root(leaves, 0, leaves.length), word("manifest", i, "root"));
        }
    }

    /// @dev RFC 6962, section 2.1, over leaves from..to.
    function root(bytes[] memory leaves, uint256 from, uint256 to) internal pure returns (bytes32) {
        if (to - from == 1) return sha256(abi.encodePacked(hex"00", leaves[from]));
        uint256 half = 1;
        while (2 * half < to - from) half *= 2;
        return
            sha256(abi.encodePacked(hex"01", root(leaves, from, from + half), root(leaves, from + half, to)));
    }
}
