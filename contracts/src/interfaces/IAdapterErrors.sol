// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What every adapter of a proof system may refuse
interface IAdapterErrors {
    error Adapter_MalformedKey(address key);
    error Adapter_OtherSystem(address key, bytes32 system);
    error Adapter_CodeChanged(address target, bytes32 codehash);
    error Adapter_TooLittleGas(uint256 gasLeft, uint256 gasLimit);
}
