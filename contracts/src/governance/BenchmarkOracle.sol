// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IBenchmarkOracle} from "../interfaces/IBenchmarkOracle.sol";
import {ModelId, VersionId} from "../types/Ids.sol";

/// @title BenchmarkOracle
/// @notice Evidence beside a review, never instead of one: where the timelock named a feed for a version, the gate wants
/// a fresh, sane answer of at least the floor.
contract BenchmarkOracle is IBenchmarkOracle {
    address private immutable _timelock;
    mapping(ModelId modelId => mapping(VersionId versionId => Source)) private _source;

    constructor(address timelock_) {
        _timelock = timelock_;
    }

    /// @inheritdoc IBenchmarkOracle
    function setSource(ModelId modelId, VersionId versionId, Source calldata source) external {
        if (msg.sender != _timelock) revert BenchmarkOracle_NotTimelock(msg.sender);
        if (source.feed != address(0)) {
            bool sane = source.heartbeat != 0 && source.minAnswer <= source.floor
                && source.floor <= source.maxAnswer && source.feed.code.length != 0;
            if (!sane) revert BenchmarkOracle_BadSource();
        }
        _source[modelId][versionId] = source;
        emit SourceChanged(modelId, versionId, source);
    }

    /// @inheritdoc IBenchmarkOracle
    function isGoodEnough(ModelId modelId, VersionId versionId) external view returns (bool) {
        Source storage source = _source[modelId][versionId];
        if (source.feed == address(0)) return true;
        (int256 answer,) = scoreOf(modelId, versionId);
        return answer >= source.floor;
    }

    /// @inheritdoc IBenchmarkOracle
    function scoreOf(ModelId modelId, VersionId versionId)
        public
        view
        returns (int256 answer, uint256 updatedAt)
    {
        Source memory source = _source[modelId][versionId];
        if (source.feed == address(0)) revert BenchmarkOracle_NoSource(modelId, versionId);
        (, answer,, updatedAt,) = IAggregatorV3(source.feed).latestRoundData();
        if (updatedAt == 0 || updatedAt > block.timestamp || block.timestamp - updatedAt > source.heartbeat) {
            revert BenchmarkOracle_AnswerStale(source.feed, updatedAt);
        }
        if (answer < source.minAnswer || answer > source.maxAnswer) {
            revert BenchmarkOracle_AnswerOutOfBounds(source.feed, answer);
        }
        uint8 actual = IAggregatorV3(source.feed).decimals();
        if (actual != source.decimals) {
            revert BenchmarkOracle_DecimalsChanged(source.feed, actual, source.decimals);
        }
    }
}
