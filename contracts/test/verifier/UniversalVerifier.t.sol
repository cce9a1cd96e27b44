// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VectorLoader} from "./VectorLoader.sol";

contract UniversalVerifierTest is VectorLoader {
    function test_verify_acceptsPublicMlp() public {
        assertTrue(check(load("ref_mlp_public")));
    }

    function test_verify_acceptsCommittedMlp() public {
        assertTrue(check(load("ref_mlp_committed")));
    }

    function test_verify_acceptsCommittedConv() public {
        assertTrue(check(load("ref_conv_committed")));
    }

    function test_verify_acceptsPublicConv() public {
        assertTrue(check(load("ref_conv_public")));
    }
}
