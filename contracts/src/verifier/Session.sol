// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Key} from "./KeyReader.sol";
import {Run} from "./Program.sol";

/// @notice Positions in calldata (sections of the proof, §7).
struct Sections {
    uint256 trace;
    uint256 masks;
    uint256 inverses;
    uint256 sum;
    uint256 rounds;
    uint256 evals;
    uint256 evalsEnd;
    uint256 merge;
    uint256 opening;
}

/// @notice One proof under verification.
struct Session {
    Key key;
    Run run;
    Sections sections;
    uint256 t; // transcript
    uint256 rho; // points, one behind the other
    uint256 r;
    uint256 z;
    uint256 alpha;
    uint256 beta;
    uint256 gamma;
    uint256 delta;
    uint256 lambda;
    uint256 product; // last claim of the product sumcheck
    uint256 slope; // of the merge sumcheck's last claim in its first
    uint256 intercept;
    uint256 instances; // calldata positions of the input's and of the output's part
    uint256 outInstances;
    uint256 publics; // Pub
}
