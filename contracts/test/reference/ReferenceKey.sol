// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

struct Axis {
    uint256 dim;
    uint256 log;
}

struct Table {
    uint256 log;
    uint256 offset;
    int256 lo;
}

struct Tensor {
    uint256 column;
    uint256 offset;
    Axis[] axes;
}

struct AxisMap {
    uint256 kind;
    uint256 p;
    uint256 t;
    uint256 g;
    uint256 stride;
    uint256 dilation;
    int256 offset;
}

struct Operand {
    uint256 tensor;
    AxisMap[] maps;
}

struct Limb {
    uint256 tensor;
    uint256 shift;
    uint256 table;
}

struct Constant {
    int256 coef;
    uint256[] lo;
    uint256[] hi;
}

struct Lin {
    int256 coef;
    Operand operand;
}

struct Prod {
    int256 coef;
    Axis[] contraction;
    uint256 shared; // bit i: out axis i
    Operand a;
    Operand b;
}

struct Step {
    Axis[] out;
    Limb[] limbs;
    Constant[] constants;
    Lin[] lins;
    Prod[] prods;
}

struct Point {
    uint256 x;
    uint256 y;
}

struct ReferenceKey {
    bytes32 digest;
    bytes32 srsDigest;
    uint256 mu;
    uint256 nu;
    uint256 kappa;
    uint256 nRho;
    uint256 nProd;
    uint256[11] chunks; // of every column
    uint256 numProds;
    Table[] tables;
    Tensor[] tensors;
    Step[] steps;
    Point[] w;
    Point[] t;
}

/// @notice Decodes the bytes of docs/spec/protocol.md §8, steps and all; the program (§8a) is skipped.
library ReferenceKeys {
    struct Reader {
        bytes data;
        uint256 at;
    }

    function decode(bytes memory data) internal pure returns (ReferenceKey memory k) {
        Reader memory r = Reader(data, 0);
        k.digest = keccak256(data);
        require(_u(r, 1) == 5, "proof system");
        (k.mu, k.nu, k.kappa) = (_u(r, 1), _u(r, 1), _u(r, 1));
        _u(r, 1); // flags: they follow from the numbers of chunks
        (k.nRho, k.nProd) = (_u(r, 1), _u(r, 1));
        require(_u(r, 1) == 0, "reserved");
        k.tables = new Table[](_u(r, 2));
        k.tensors = new Tensor[](_u(r, 2));
        k.steps = new Step[](_u(r, 2));
        _chunks(r, k.chunks);
        (uint256 stepsBytes, uint256 programBytes) = (_u(r, 3), _u(r, 3));
        k.srsDigest = bytes32(_u(r, 32));
        for (uint256 i = 0; i < k.tables.length; ++i) {
            k.tables[i] = _table(r);
        }
        for (uint256 i = 0; i < k.tensors.length; ++i) {
            k.tensors[i] = _tensor(r);
        }
        uint256 behind = r.at + stepsBytes;
        for (uint256 i = 0; i < k.steps.length; ++i) {
            k.steps[i] = _step(r);
            k.numProds += k.steps[i].prods.length;
        }
        require(r.at == behind, "steps");
        r.at += programBytes;
        k.w = _points(r, k.chunks[0]);
        k.t = _points(r, k.chunks[8]);
        require(r.at == data.length, "trailing bytes");
    }

    /// @dev W IN OUT F G T stand in the key; H goes with F, M and HT with T, Z and R have one chunk.
    function _chunks(Reader memory r, uint256[11] memory chunks) private pure {
        for (uint256 i = 0; i < 5; ++i) {
            chunks[i] = _u(r, 2);
        }
        chunks[8] = _u(r, 2);
        (chunks[5], chunks[6], chunks[7]) = (chunks[8], chunks[3], chunks[8]);
        (chunks[9], chunks[10]) = (1, 1);
    }

    function _table(Reader memory r) private pure returns (Table memory table) {
        table.log = _u(r, 1);
        _u(r, 1); // function: the contents are committed
        table.offset = _u(r, 4);
        table.lo = int64(uint64(_u(r, 8)));
        r.at += 18;
    }

    function _tensor(Reader memory r) private pure returns (Tensor memory tensor) {
        uint256 end = r.at + 32;
        tensor.column = _u(r, 1);
        tensor.axes = new Axis[](_u(r, 1));
        tensor.offset = _u(r, 4);
        for (uint256 i = 0; i < tensor.axes.length; ++i) {
            tensor.axes[i] = _axis(r);
        }
        r.at = end;
    }

    function _step(Reader memory r) private pure returns (Step memory step) {
        step.out = _axes(r);
        step.limbs = new Limb[](_u(r, 1));
        for (uint256 i = 0; i < step.limbs.length; ++i) {
            step.limbs[i] = Limb(_u(r, 2), _u(r, 1), _u(r, 1));
        }
        step.constants = new Constant[](_u(r, 1));
        for (uint256 i = 0; i < step.constants.length; ++i) {
            step.constants[i] = _constant(r, step.out.length);
        }
        step.lins = new Lin[](_u(r, 1));
        for (uint256 i = 0; i < step.lins.length; ++i) {
            step.lins[i].coef = _i128(r);
            step.lins[i].operand = _operand(r);
        }
        step.prods = new Prod[](_u(r, 1));
        for (uint256 i = 0; i < step.prods.length; ++i) {
            Prod memory prod = step.prods[i];
            prod.coef = _i128(r);
            prod.contraction = _axes(r);
            prod.shared = _u(r, 1);
            prod.a = _operand(r);
            prod.b = _operand(r);
        }
    }

    function _constant(Reader memory r, uint256 axes) private pure returns (Constant memory c) {
        c.coef = _i128(r);
        (c.lo, c.hi) = (new uint256[](axes), new uint256[](axes));
        for (uint256 i = 0; i < axes; ++i) {
            (c.lo[i], c.hi[i]) = (_u(r, 3), _u(r, 3));
        }
    }

    function _operand(Reader memory r) private pure returns (Operand memory operand) {
        operand.tensor = _u(r, 2);
        operand.maps = new AxisMap[](_u(r, 1));
        for (uint256 i = 0; i < operand.maps.length; ++i) {
            AxisMap memory map = operand.maps[i];
            (map.kind, map.p, map.t, map.g) = (_u(r, 1), _u(r, 1), _u(r, 1), _u(r, 1));
            (map.stride, map.dilation) = (_u(r, 2), _u(r, 2));
            map.offset = int32(uint32(_u(r, 4)));
        }
    }

    function _axes(Reader memory r) private pure returns (Axis[] memory axes) {
        axes = new Axis[](_u(r, 1));
        for (uint256 i = 0; i < axes.length; ++i) {
            axes[i] = _axis(r);
        }
    }

    function _axis(Reader memory r) private pure returns (Axis memory axis) {
        axis.log = _u(r, 1);
        axis.dim = _u(r, 3);
    }

    function _points(Reader memory r, uint256 n) private pure returns (Point[] memory points) {
        points = new Point[](n);
        for (uint256 i = 0; i < n; ++i) {
            points[i] = Point(_u(r, 32), _u(r, 32));
        }
    }

    function _i128(Reader memory r) private pure returns (int256) {
        return int128(uint128(_u(r, 16)));
    }

    /// @dev The next `n` bytes as a number.
    function _u(Reader memory r, uint256 n) private pure returns (uint256 x) {
        bytes memory data = r.data;
        uint256 at = r.at;
        require(at + n <= data.length, "the key ends too early");
        assembly ("memory-safe") {
            x := shr(sub(256, shl(3, n)), mload(add(add(data, 32), at)))
        }
        r.at = at + n;
    }
}
