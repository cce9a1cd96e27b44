// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VerifyingKeyCode} from "../libraries/VerifyingKeyCode.sol";
import {FQ} from "./Bn254.sol";
import {Verifier_InvalidTau} from "./Verdict.sol";

/// @title [tau^(2^k)]_2 of a structured reference string, as contract code
/// @notice The code is one zero byte (STOP), then 128 bytes for every k from 0 on. An opening of a polynomial with 2^mu
///         coefficients is checked with k = 0 and k = ceil(mu / 2) (docs/spec/protocol.md §6).
library TauPowers {
    uint256 internal constant MAX_POWERS = 13; // chunks of 2^24 coefficients
    uint256 private constant ROW_BYTES = 192;

    bytes private constant ONE_G1 = abi.encode(1, 2);
    bytes private constant ONE_G2 = abi.encode(
        0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2,
        0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed,
        0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b,
        0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
    );

    /// @notice Checks and keeps the powers. All follow from the first one, so the digest of that one names them all.
    /// @param rows for each k: [tau^(2^k)]_1 (EIP-196), [tau^(2^k)]_2 (EIP-197)
    /// @return kept the contract whose code they are
    /// @return digest keccak256 of [tau]_2
    function deploy(bytes memory rows) internal returns (address kept, bytes32 digest) {
        uint256 count = rows.length / ROW_BYTES;
        if (rows.length == 0 || rows.length % ROW_BYTES != 0 || count > MAX_POWERS) {
            revert Verifier_InvalidTau();
        }
        bytes memory g1;
        bytes memory g2;
        bytes memory all;
        for (uint256 k = 0; k < count; ++k) {
            bytes memory nextG1 = _part(rows, k * ROW_BYTES, 64);
            bytes memory nextG2 = _part(rows, k * ROW_BYTES + 64, 128);
            if (k == 0) digest = keccak256(nextG2);
            // tau^(2^k) is the square of the one before, and the same in both groups
            else _checkEqual(g1, g2, nextG1, ONE_G2);
            _checkEqual(nextG1, ONE_G2, ONE_G1, nextG2);
            (g1, g2) = (nextG1, nextG2);
            all = bytes.concat(all, nextG2);
        }
        kept = VerifyingKeyCode.deploy(all);
    }

    /// @dev Reverts unless e(a, p) = e(b, q) for points other than infinity.
    function _checkEqual(bytes memory a, bytes memory p, bytes memory b, bytes memory q) private view {
        (uint256 x, uint256 y) = abi.decode(b, (uint256, uint256));
        bool isFinite = y != 0 && y < FQ && keccak256(a) != keccak256(new bytes(64));
        if (!isFinite) revert Verifier_InvalidTau();
        (bool ok, bytes memory answer) = address(8).staticcall(bytes.concat(a, p, abi.encode(x, FQ - y), q));
        if (!ok || abi.decode(answer, (uint256)) != 1) revert Verifier_InvalidTau();
    }

    function _part(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), from), length)
        }
    }
}
