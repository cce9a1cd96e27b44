// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VerifyingKeyCode} from "../libraries/VerifyingKeyCode.sol";
import {Verifier_MalformedKey, Verifier_NotAKey, Verifier_OtherSrs} from "./Verdict.sol";

/// @dev Columns in the order of docs/spec/protocol.md §1.
uint256 constant COLUMN_W = 0;
uint256 constant COLUMN_IN = 1;
uint256 constant COLUMN_OUT = 2;
uint256 constant COLUMN_F = 3;
uint256 constant COLUMN_G = 4;
uint256 constant COLUMN_M = 5;
uint256 constant COLUMN_H = 6;
uint256 constant COLUMN_HT = 7;
uint256 constant COLUMN_T = 8;
uint256 constant COLUMN_Z = 9;
uint256 constant COLUMN_R = 10;
uint256 constant NUM_COLUMNS = 11;

/// @notice A verifying key in memory. Sections are memory addresses of the packed bytes of §8.
struct Key {
    bytes32 digest; // keccak256 of the key's bytes
    uint256 mu; // log2 of the chunk size
    uint256 nu; // variables of the lanes
    uint256 kappa; // variables of the table rows
    uint256 nRho;
    uint256 nProd; // rounds of the product sumcheck
    uint256 tables;
    uint256 numTables;
    uint256 tensors;
    uint256 numTensors;
    uint256 steps;
    uint256 numSteps;
    uint256 program; // behind the steps
    uint256 commitments; // behind the program: W, then T
    uint256 counts; // address of NUM_COLUMNS words: chunks of every column
}

/// @title Reads a verifying key from contract code, one contract's or several contracts'
library KeyReader {
    uint256 private constant HEADER_BYTES = 64;
    uint256 private constant PROOF_SYSTEM = 5;
    uint256 private constant MIN_MU = 6;
    uint256 private constant MAX_MU = 32;

    /// @notice Copies the key into memory and checks its frame: version, SRS, sizes that must agree.
    /// @dev The circuit inside is trusted as registered; reading it is total whatever the bytes are.
    function load(address pos, bytes32 srsDigest) internal view returns (Key memory k) {
        unchecked {
            (uint256 vk, uint256 size) = VerifyingKeyCode.load(pos);
            uint256 header;
            bytes32 digest;
            assembly ("memory-safe") {
                header := mload(vk)
                digest := mload(add(vk, 32))
            }
            if (size < HEADER_BYTES || header >> 248 != PROOF_SYSTEM) revert Verifier_NotAKey(pos);
            if (digest != srsDigest) revert Verifier_OtherSrs(digest, srsDigest);
            assembly ("memory-safe") {
                digest := keccak256(vk, size)
            }
            k.digest = digest;
            _readHeader(k, header, vk);
            if (k.commitments + ((_count(k, COLUMN_W) + _count(k, COLUMN_T)) << 6) != vk + size) {
                revert Verifier_MalformedKey(size);
            }
        }
    }

    function _readHeader(Key memory k, uint256 header, uint256 vk) private pure {
        unchecked {
            k.mu = header >> 240 & 0xff;
            k.nu = header >> 232 & 0xff;
            k.kappa = header >> 224 & 0xff;
            k.nRho = header >> 208 & 0xff;
            k.nProd = header >> 200 & 0xff;
            k.numTables = header >> 176 & 0xffff;
            k.numTensors = header >> 160 & 0xffff;
            k.numSteps = header >> 144 & 0xffff;
            k.tables = vk + HEADER_BYTES;
            k.tensors = k.tables + (k.numTables << 5);
            k.steps = k.tensors + (k.numTensors << 5);
            k.program = k.steps + (header >> 24 & 0xffffff);
            k.commitments = k.program + (header & 0xffffff);
            uint256 nF = header >> 80 & 0xffff;
            uint256 nT = header >> 48 & 0xffff;
            bool sized = k.mu >= MIN_MU && k.mu <= MAX_MU && nF << k.mu <= 1 << k.nu
                && nT << k.mu <= 1 << k.kappa && k.nu >= k.mu && k.kappa >= k.mu && k.nu <= k.mu + 16
                && k.kappa <= k.mu + 16 && k.nu <= k.nRho && k.kappa <= k.nRho && k.nRho <= k.mu + 16
                && k.nu <= k.nProd && k.kappa <= k.nProd && k.nProd <= k.mu + 16;
            if (!sized) revert Verifier_MalformedKey(0);
            uint256 nW = header >> 128 & 0xffff;
            uint256 nIn = header >> 112 & 0xffff;
            uint256 nOut = header >> 96 & 0xffff;
            uint256 nG = header >> 64 & 0xffff;
            uint256 counts;
            assembly ("memory-safe") {
                counts := mload(0x40)
                mstore(0x40, add(counts, 352))
                mstore(counts, nW)
                mstore(add(counts, 32), nIn)
                mstore(add(counts, 64), nOut)
                mstore(add(counts, 96), nF)
                mstore(add(counts, 128), nG)
                mstore(add(counts, 160), nT)
                mstore(add(counts, 192), nF)
                mstore(add(counts, 224), nT)
                mstore(add(counts, 256), nT)
                mstore(add(counts, 288), 1)
                mstore(add(counts, 320), 1)
            }
            k.counts = counts;
        }
    }

    function _count(Key memory k, uint256 column) private pure returns (uint256 n) {
        uint256 counts = k.counts;
        assembly ("memory-safe") {
            n := mload(add(counts, shl(5, column)))
        }
    }
}
