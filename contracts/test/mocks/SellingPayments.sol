// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {ModelId} from "../../src/types/Ids.sol";

/// @dev A dollar with ERC-2612 and ERC-3009, as USDC has them.
contract DollarToken is ERC20Permit, ERC3009 {
    constructor() ERC20("USD Coin", "USDC") ERC20Permit("USD Coin") {}

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @dev The RevenueRouter's way in: takes money and remembers for whom. Exactly the amount must arrive.
contract MockRouter {
    using SafeERC20 for IERC20;

    mapping(address token => bool) private _accepted;
    mapping(ModelId => mapping(address token => uint256)) public paidTo;
    mapping(address node => mapping(address token => uint256)) public servedBy;
    uint256 public payments;

    function accept(address token, bool accepted) external {
        _accepted[token] = accepted;
    }

    function isAccepted(address token) external view returns (bool) {
        return token == address(0) || _accepted[token];
    }

    function pay(ModelId modelId, address token, uint256 amount, address node) external payable {
        require(msg.value == (token == address(0) ? amount : 0), "value");
        if (token != address(0)) {
            uint256 before = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
            require(IERC20(token).balanceOf(address(this)) == before + amount, "received other");
        }
        paidTo[modelId][token] += amount;
        servedBy[node][token] += amount;
        ++payments;
    }
}

/// @dev Permit2's witness transfer, written from its specification; put at its address with `vm.etch`.
contract MockPermit2 {
    using SafeERC20 for IERC20;

    bytes32 private constant PERMISSIONS = keccak256("TokenPermissions(address token,uint256 amount)");

    /// @dev The nonce's first 248 bits name the word, its last 8 the bit.
    mapping(address owner => mapping(uint256 word => uint256 bits)) public nonceBitmap;

    function digestOf(
        IPermit2.PermitTransferFrom calldata permit,
        address spender,
        bytes32 witness,
        string calldata witnessType
    ) public view returns (bytes32) {
        bytes32 typeHash = keccak256(
            abi.encodePacked(
                "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,",
                witnessType
            )
        );
        bytes32 permitted =
            keccak256(abi.encode(PERMISSIONS, permit.permitted.token, permit.permitted.amount));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                address(this)
            )
        );
        bytes32 data =
            keccak256(abi.encode(typeHash, permitted, spender, permit.nonce, permit.deadline, witness));
        return keccak256(abi.encodePacked(hex"1901", domain, data));
    }

    function permitWitnessTransferFrom(
        IPermit2.PermitTransferFrom calldata permit,
        IPermit2.SignatureTransferDetails calldata details,
        address owner,
        bytes32 witness,
        string calldata witnessType,
        bytes calldata signature
    ) external {
        require(block.timestamp <= permit.deadline, "expired");
        require(details.requestedAmount <= permit.permitted.amount, "amount");
        uint256 bit = 1 << (permit.nonce & 255);
        require(nonceBitmap[owner][permit.nonce >> 8] & bit == 0, "nonce");
        nonceBitmap[owner][permit.nonce >> 8] |= bit;
        bytes32 digest = digestOf(permit, msg.sender, witness, witnessType);
        require(ECDSA.recoverCalldata(digest, signature) == owner, "signature");
        IERC20(permit.permitted.token).safeTransferFrom(owner, details.to, details.requestedAmount);
    }
}
