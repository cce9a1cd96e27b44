// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {R} from "./Scalars.sol";

struct ReferenceTranscript {
    bytes32 state;
}

/// @notice docs/spec/protocol.md §0.
library Transcripts {
    function start() internal pure returns (ReferenceTranscript memory) {
        return ReferenceTranscript(keccak256("mintmark-flat-v5"));
    }

    function absorb(ReferenceTranscript memory t, bytes32 label, bytes memory data) internal pure {
        t.state = keccak256(abi.encodePacked(t.state, label, data.length, data));
    }

    function challenge(ReferenceTranscript memory t, bytes32 label) internal pure returns (uint256) {
        absorb(t, label, "");
        return uint256(t.state) % R;
    }

    function challenges(ReferenceTranscript memory t, bytes32 label, uint256 n)
        internal
        pure
        returns (uint256[] memory all)
    {
        all = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            all[i] = challenge(t, label);
        }
    }
}
