// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ModelId, VersionId} from "../types/Ids.sol";

/// @title Benchmark scores of versions from feeds of Chainlink's shape
interface IBenchmarkOracle {
    /// @notice A feed and what is believed of it. A score below `floor` keeps a version from becoming canonical.
    struct Source {
        address feed; // zero: none
        uint32 heartbeat; // seconds after which an answer is stale
        uint8 decimals;
        int256 minAnswer; // sanity bounds, inclusive
        int256 maxAnswer;
        int256 floor;
    }

    error BenchmarkOracle_NotTimelock(address caller);
    error BenchmarkOracle_BadSource();
    error BenchmarkOracle_NoSource(ModelId modelId, VersionId versionId);
    error BenchmarkOracle_AnswerStale(address feed, uint256 updatedAt);
    error BenchmarkOracle_AnswerOutOfBounds(address feed, int256 answer);
    error BenchmarkOracle_DecimalsChanged(address feed, uint8 actual, uint8 expected);

    event SourceChanged(ModelId indexed modelId, VersionId indexed versionId, Source source);

    /// @notice Sets a version's feed, or removes it with a feed of zero. The timelock.
    function setSource(ModelId modelId, VersionId versionId, Source calldata source) external;

    /// @notice The score; reverts when it is missing, stale or out of bounds.
    function scoreOf(ModelId modelId, VersionId versionId)
        external
        view
        returns (int256 answer, uint256 updatedAt);

    /// @notice Whether the version has no feed, or a believable score of at least its floor; a feed that cannot be
    /// believed reverts.
    function isGoodEnough(ModelId modelId, VersionId versionId) external view returns (bool);
}
