// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ProgramSections} from "./ProgramSections.sol";
import {VectorLoader} from "./VectorLoader.sol";

/// @notice Keys whose program has records that no honest key of the vectors needs: the verifier runs them, and no proof is one for
///         such a key. What the records evaluate to is checked in Libraries.t.sol.
contract MoreRecordsTest is VectorLoader {
    function test_verify_falseForMoreStridedFactors() public {
        // rows 0 … 3 of two variables, at index -1, 0, 1, 2 of a box of 2
        _refuses(
            "ref_mlp_public",
            ProgramSections.DENSE,
            1,
            abi.encodePacked(_slices(2, 2), uint24(4), uint32(2), uint16(1), int48(-1))
        );
    }

    function test_verify_falseForShiftsOutOfTheBox() public {
        bytes memory nothingLeft = abi.encodePacked(_slices(2, 2), int32(-5), uint32(3));
        bytes memory carried = abi.encodePacked(_slices(2, 2), int32(1), uint32(4));
        bytes memory carriedLater = abi.encodePacked(_slices(2, 2), int32(2), uint32(4));
        _refuses("ref_mlp_public", ProgramSections.SHIFT, 3, bytes.concat(nothingLeft, carried, carriedLater));
    }

    /// @dev u8 first variable, u8 axes there, u8 axes here, u16 chunk; variable, log, dim; log, dim twice, once of a single element.
    function test_verify_falseForARegroupedAxisOfOneElement() public {
        bytes memory record =
            abi.encodePacked(uint8(0), uint8(1), uint8(2), uint16(0), uint8(2), uint8(1), uint24(2));
        record = bytes.concat(record, abi.encodePacked(uint8(1), uint24(2), uint8(0), uint24(1)));
        _refuses("ref_mlp_public", ProgramSections.REGROUP, 1, record);
    }

    function test_verify_falseForMoreLongTerms() public {
        bytes memory term = abi.encodePacked(uint16(0), uint8(8), new bytes(16));
        _refuses("ref_mlp_public", ProgramSections.LONG, 1, term);
    }

    /// @dev Enough places among the last variables of z that trees of the ones before them pay, and places that even these do not reach.
    function test_verify_falseForManyPlaces() public {
        bytes memory vk = load("lenet_mu15").vk;
        uint256 zEnd = uint256(uint8(vk[5])) + uint8(vk[6]) + uint8(vk[1]);
        bytes memory records;
        for (uint32 i = 0; i < 64; ++i) {
            uint8 variables = i < 4 ? 12 : i < 34 ? 7 : 10;
            records = bytes.concat(records, abi.encodePacked(uint8(zEnd - variables), variables, i));
        }
        _refuses("lenet_mu15", ProgramSections.AT, 64, records);
    }

    /// @dev Variables 0 and on, and those behind them.
    function _slices(uint8 na, uint8 nb) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(0), na, na, nb);
    }

    function _refuses(string memory name, uint256 kind, uint256 many, bytes memory records) private {
        Vector memory v = load(name);
        assertTrue(check(v), "honest");
        v.key = placeKey(ProgramSections.inserted(v.vk, kind, many, records));
        assertFalse(check(v));
    }
}
