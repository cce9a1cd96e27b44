// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// What local_chain_test.cpp deploys. Probe.json is forge's out/Probe.sol/Probe.json, reduced to "abi" and
/// "bytecode.object": copy this file into contracts/src, build, and
///   jq '{abi, bytecode: {object: .bytecode.object}}' out/Probe.sol/Probe.json
contract Probe {
    error Probe_TooLarge(uint256 value, uint256 limit);

    event Changed(address indexed by, uint256 value, string note);

    uint256 public value;
    string public note;

    constructor(uint256 value_, string memory note_) {
        (value, note) = (value_, note_);
    }

    function set(uint256 value_, string calldata note_) external {
        if (value_ > 100) revert Probe_TooLarge(value_, 100);
        (value, note) = (value_, note_);
        emit Changed(msg.sender, value_, note_);
    }

    function refuse() external pure {
        revert("refused on principle");
    }

    function divide(uint256 by) external view returns (uint256) {
        return value / by;
    }

    function recover(bytes32 hash, uint8 v, bytes32 r, bytes32 s) external pure returns (address) {
        return ecrecover(hash, v, r, s);
    }
}
