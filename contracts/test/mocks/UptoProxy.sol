// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPermit2} from "../../src/interfaces/IPermit2.sol";

/// @dev What x402's scheme "upto" settles through, written from its specification (scheme_upto_evm.md); put at its address, with
/// MockPermit2 at Permit2's.
contract MockUptoProxy {
    struct Witness {
        address to;
        address facilitator;
        uint256 validAfter;
    }

    IPermit2 private constant PERMIT2 = IPermit2(0x000000000022D473030F116dDEE9F6B43aC78BA3);
    bytes32 private constant WITNESS =
        keccak256("Witness(address to,address facilitator,uint256 validAfter)");

    function settle(
        IPermit2.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        require(amount != 0 && amount <= permit.permitted.amount, "amount");
        require(msg.sender == witness.facilitator, "facilitator");
        require(block.timestamp >= witness.validAfter, "early");
        bytes32 bound = keccak256(abi.encode(WITNESS, witness.to, witness.facilitator, witness.validAfter));
        PERMIT2.permitWitnessTransferFrom(
            permit,
            IPermit2.SignatureTransferDetails(witness.to, amount),
            owner,
            bound,
            "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)",
            signature
        );
    }
}
