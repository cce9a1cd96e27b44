// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IAggregatorV3} from "../../src/interfaces/IAggregatorV3.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {ModelId, VersionId} from "../../src/types/Ids.sol";

/// @dev A price or uptime feed that says what it is told to.
contract MockFeed is IAggregatorV3 {
    uint8 public decimals;
    int256 public answer;
    uint256 public startedAt;
    uint256 public updatedAt;
    bool public broken;

    constructor(uint8 decimals_, int256 answer_) {
        decimals = decimals_;
        set(answer_, block.timestamp, block.timestamp);
    }

    function set(int256 answer_, uint256 startedAt_, uint256 updatedAt_) public {
        (answer, startedAt, updatedAt) = (answer_, startedAt_, updatedAt_);
    }

    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    function setBroken(bool broken_) external {
        broken = broken_;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        require(!broken, "feed is gone");
        return (1, answer, startedAt, updatedAt, 1);
    }
}

/// @dev The part of the registry that sellers' contracts ask: owners, statuses and the canonical version.
contract MockRegistry {
    mapping(ModelId => address) public modelOwner;
    mapping(ModelId => mapping(VersionId => IModelRegistry.Status)) public statusOf;
    mapping(ModelId => VersionId) public canonicalVersion;

    function setOwner(ModelId modelId, address owner) external {
        modelOwner[modelId] = owner;
    }

    function setStatus(ModelId modelId, VersionId versionId, IModelRegistry.Status status) external {
        statusOf[modelId][versionId] = status;
    }

    function setCanonical(ModelId modelId, VersionId versionId) external {
        canonicalVersion[modelId] = versionId;
    }

    function payoutOf(ModelId modelId) external view returns (address) {
        return modelOwner[modelId];
    }
}

/// @dev An ordinary ERC-20 that anybody can mint.
contract MarketToken is ERC20 {
    uint8 private immutable _decimals;

    constructor(string memory name_, uint8 decimals_) ERC20(name_, name_) {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
