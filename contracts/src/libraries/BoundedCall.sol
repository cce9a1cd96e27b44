// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Asking a contract that may be hostile
/// @notice The callee gets a limited amount of gas and at most one word of its answer is copied: it can refuse, and
/// nothing else.
library BoundedCall {
    /// @dev `ok` only if the call succeeded and answered at least one word.
    function word(address target, uint256 gasLimit, bytes memory data)
        internal
        view
        returns (bool ok, uint256 answer)
    {
        assembly ("memory-safe") {
            mstore(0x00, 0)
            ok := staticcall(gasLimit, target, add(data, 0x20), mload(data), 0x00, 0x20)
            ok := and(ok, gt(returndatasize(), 0x1f))
            answer := mload(0x00)
        }
        if (!ok) answer = 0;
    }

    /// @dev The answer as an address; zero if there is none.
    function account(address target, uint256 gasLimit, bytes memory data) internal view returns (address) {
        (, uint256 answer) = word(target, gasLimit, data);
        return answer >> 160 == 0 ? address(uint160(answer)) : address(0);
    }
}
