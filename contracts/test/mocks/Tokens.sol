// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev A well-behaved token; anybody mints.
contract PlainToken is ERC20 {
    uint8 private immutable _decimals;

    constructor(uint8 decimals_) ERC20("Plain", "PLN") {
        _decimals = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}

/// @dev As USDT on mainnet: transfer, transferFrom and approve return nothing, and an allowance changes only through 0.
contract SilentToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        require(amount == 0 || allowance[msg.sender][spender] == 0, "from non-zero to non-zero");
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @dev Says false and moves nothing, once it is broken.
contract FalseToken is PlainToken {
    bool public broken;

    constructor() PlainToken(18) {}

    function breakDown(bool broken_) external {
        broken = broken_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return broken ? false : super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return broken ? false : super.transferFrom(from, to, amount);
    }
}

/// @dev Burns a part of every transfer once the fee is set.
contract FeeToken is PlainToken {
    uint256 public feePpm;

    constructor() PlainToken(18) {}

    function setFee(uint256 ppm) external {
        feePpm = ppm;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(0), amount * feePpm / 1e6);
    }
}

/// @dev Balances shrink and grow without transfers.
contract RebasingToken is PlainToken {
    constructor() PlainToken(18) {}

    function rebase(address account, uint256 balance) external {
        uint256 current = balanceOf(account);
        if (balance < current) _burn(account, current - balance);
        else _mint(account, balance - current);
    }
}

/// @dev Blocks accounts, and everything, as USDC does.
contract BlockingToken is PlainToken {
    mapping(address account => bool) public blocked;
    bool public paused;

    constructor() PlainToken(6) {}

    function setBlocked(address account, bool isBlocked) external {
        blocked[account] = isBlocked;
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!paused && !blocked[from] && !blocked[to], "blocked");
        super._update(from, to, amount);
    }
}

/// @dev As ERC-777: calls sender and receiver, who may do anything.
contract HookToken is PlainToken {
    address private _target;
    bytes private _data;
    bool private _busy;
    uint256 public calls;
    bool public succeeded;

    constructor() PlainToken(18) {}

    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function run(address target, bytes calldata data) external returns (bool ok) {
        (ok,) = target.call(data);
    }

    function _update(address from, address to, uint256 amount) internal override {
        _hook();
        super._update(from, to, amount);
        _hook();
    }

    function _hook() private {
        if (_target == address(0) || _busy) return;
        _busy = true;
        ++calls;
        (bool ok,) = _target.call(_data);
        if (ok) succeeded = true;
        _busy = false;
    }
}

/// @dev Fails with, or answers with, a megabyte.
contract BombToken is PlainToken {
    enum Mode {
        Off,
        Revert,
        Return
    }

    Mode public mode;

    constructor() PlainToken(18) {}

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (mode == Mode.Revert) _explode();
        super.transfer(to, amount);
        if (mode == Mode.Return) {
            assembly ("memory-safe") {
                mstore(0, 1)
                return(0, 1000000)
            }
        }
        return true;
    }

    function _explode() private pure {
        assembly ("memory-safe") {
            revert(0, 1000000)
        }
    }
}
