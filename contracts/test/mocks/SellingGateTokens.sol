// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {PassRental} from "../../src/access/PassRental.sol";

/// @dev A collection that anybody can mint.
contract PlainNft is ERC721 {
    constructor() ERC721("NFT", "NFT") {}

    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

/// @dev A collection whose tokens can be rented (ERC-4907).
contract RentableNft is PassRental {
    constructor() ERC721("NFT", "NFT") {}

    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

/// @dev ERC20Votes; its clock runs in seconds, or in blocks as OpenZeppelin's default does.
contract VotesToken is ERC20, ERC20Permit, ERC20Votes {
    bool private immutable _seconds;

    constructor(bool seconds_) ERC20("VOTE", "VOTE") ERC20Permit("VOTE") {
        _seconds = seconds_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function clock() public view override returns (uint48) {
        return _seconds ? uint48(block.timestamp) : uint48(block.number);
    }

    function CLOCK_MODE() public view override returns (string memory) {
        return _seconds ? "mode=timestamp" : "mode=blocknumber&from=default";
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }
}

/// @dev Behaves until it is told to do harm: then it answers every question in the given way.
contract HostileTarget {
    enum Harm {
        None,
        BurnGas,
        Revert,
        ReturnBomb,
        RevertBomb,
        NoAnswer
    }

    Harm public harm;

    function arm(Harm harm_) external {
        harm = harm_;
    }

    fallback() external {
        if (harm == Harm.BurnGas) {
            while (true) {}
        }
        if (harm == Harm.Revert) revert("no");
        assembly ("memory-safe") {
            let kind := sload(0)
            if eq(kind, 3) { return(0, 1000000) }
            if eq(kind, 4) { revert(0, 1000000) }
            if eq(kind, 5) { stop() }
            mstore(0, 1)
            return(0, 32)
        }
    }
}

/// @dev delegate.xyz's registry as far as it is asked; put at its address with `vm.etch`.
contract MockDelegateRegistry {
    mapping(bytes32 => bool) private _allowed;

    function allowContract(address to, address from, address target) external {
        _allowed[keccak256(abi.encode(to, from, target))] = true;
    }

    function allowToken(address to, address from, address target, uint256 id) external {
        _allowed[keccak256(abi.encode(to, from, target, id))] = true;
    }

    function checkDelegateForContract(address to, address from, address target, bytes32)
        public
        view
        returns (bool)
    {
        return _allowed[keccak256(abi.encode(to, from, target))];
    }

    function checkDelegateForERC721(address to, address from, address target, uint256 id, bytes32 rights)
        external
        view
        returns (bool)
    {
        return _allowed[keccak256(abi.encode(to, from, target, id))]
            || checkDelegateForContract(to, from, target, rights);
    }
}
