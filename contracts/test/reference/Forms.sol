// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Axis, AxisMap, Lin, Operand, Prod, ReferenceKey, Step, Tensor} from "./ReferenceKey.sol";
import {Scalars} from "./Scalars.sol";

/// @dev An environment axis: its dimension and its point.
struct EnvAxis {
    uint256 dim;
    uint256[] point;
}

/// @notice Operands as linear functionals on the columns, straight from the sums of docs/spec/protocol.md §3.
library Forms {
    uint256 private constant NO_AXIS = 255;

    /// @notice Number of variables of a box.
    function numVars(Axis[] memory axes) internal pure returns (uint256 n) {
        for (uint256 i = 0; i < axes.length; ++i) {
            n += axes[i].log;
        }
    }

    /// @notice The first variable of axis `axis`: behind those of all later axes.
    function firstVar(Axis[] memory axes, uint256 axis) internal pure returns (uint256 n) {
        for (uint256 i = axis + 1; i < axes.length; ++i) {
            n += axes[i].log;
        }
    }

    function axisSlice(Axis[] memory axes, uint256 axis, uint256[] memory point)
        internal
        pure
        returns (uint256[] memory)
    {
        return Scalars.slice(point, firstVar(axes, axis), axes[axis].log);
    }

    // --- environments -------------------------------------------------------------------------------------

    function linEnv(Step memory step, uint256[] memory rho) internal pure returns (EnvAxis[] memory env) {
        env = new EnvAxis[](step.out.length);
        for (uint256 i = 0; i < env.length; ++i) {
            env[i] = EnvAxis(step.out[i].dim, axisSlice(step.out, i, rho));
        }
    }

    /// @notice The axes of a product's variables x: contraction axes, then shared out axes.
    function productAxes(Step memory step, Prod memory prod) internal pure returns (Axis[] memory axes) {
        uint256 shared;
        for (uint256 i = 0; i < step.out.length; ++i) {
            shared += prod.shared >> i & 1;
        }
        axes = new Axis[](prod.contraction.length + shared);
        uint256 next;
        for (; next < prod.contraction.length; ++next) {
            axes[next] = prod.contraction[next];
        }
        for (uint256 i = 0; i < step.out.length; ++i) {
            if (prod.shared >> i & 1 == 1) axes[next++] = step.out[i];
        }
    }

    /// @notice Out axes (shared ones at x, the others at rho), then contraction axes at x; and E.
    function prodEnv(Step memory step, Prod memory prod, uint256[] memory rho, uint256[] memory x)
        internal
        pure
        returns (EnvAxis[] memory env, uint256 e)
    {
        Axis[] memory axes = productAxes(step, prod);
        uint256 numOut = step.out.length;
        env = new EnvAxis[](numOut + prod.contraction.length);
        e = 1;
        uint256 next = prod.contraction.length;
        for (uint256 i = 0; i < numOut; ++i) {
            uint256[] memory point = axisSlice(step.out, i, rho);
            if (prod.shared >> i & 1 == 1) {
                uint256[] memory shared = axisSlice(axes, next++, x);
                e = Scalars.mul(e, Scalars.eq(point, shared));
                point = shared;
            }
            env[i] = EnvAxis(step.out[i].dim, point);
        }
        for (uint256 i = 0; i < prod.contraction.length; ++i) {
            env[numOut + i] = EnvAxis(axes[i].dim, axisSlice(axes, i, x));
        }
    }

    // --- maps ---------------------------------------------------------------------------------------------

    /// @notice w~(z) of a map on the tensor axes `axes` (more than one for REGROUP only).
    function weight(AxisMap memory map, Axis[] memory axes, EnvAxis[] memory env, uint256[] memory z)
        internal
        pure
        returns (uint256)
    {
        if (map.kind == 0) return 1;
        if (map.kind == 1) return Scalars.eq(env[map.p].point, z);
        if (map.kind == 2) return _window(map, axes[0].dim, env, env[map.t].dim, z);
        if (map.kind == 3) return _window(map, axes[0].dim, env, map.t << 8 | map.g, z);
        require(map.kind == 4, "kind of map");
        return _regroup(map, axes, env, z);
    }

    /// @dev WIN, and SUMWIN, whose taps all have the weight 1.
    function _window(AxisMap memory map, uint256 dim, EnvAxis[] memory env, uint256 taps, uint256[] memory z)
        private
        pure
        returns (uint256 sum)
    {
        uint256 positions = map.kind == 3 && map.p == NO_AXIS ? 1 : env[map.p].dim;
        for (uint256 a = 0; a < positions; ++a) {
            uint256 atA = map.kind == 3 && map.p == NO_AXIS ? 1 : Scalars.eqIndex(env[map.p].point, a);
            for (uint256 b = 0; b < taps; ++b) {
                int256 j = int256(map.stride * a + map.dilation * b) + map.offset;
                if (j < 0 || j >= int256(dim)) continue;
                uint256 term = Scalars.mul(atA, Scalars.eqIndex(z, uint256(j)));
                if (map.kind == 2) term = Scalars.mul(term, Scalars.eqIndex(env[map.t].point, b));
                sum = Scalars.add(sum, term);
            }
        }
    }

    /// @dev Entry f of the box of env axes p, …, p + t - 1 in row-major order goes to entry f of the tensor's box.
    function _regroup(AxisMap memory map, Axis[] memory axes, EnvAxis[] memory env, uint256[] memory z)
        private
        pure
        returns (uint256 sum)
    {
        uint256 count = 1;
        for (uint256 i = 0; i < axes.length; ++i) {
            count *= axes[i].dim;
        }
        for (uint256 f = 0; f < count; ++f) {
            uint256 term = 1;
            uint256 rest = f;
            for (uint256 i = map.t; i > 0; --i) {
                EnvAxis memory axis = env[map.p + i - 1];
                term = Scalars.mul(term, Scalars.eqIndex(axis.point, rest % axis.dim));
                rest /= axis.dim;
            }
            rest = f;
            for (uint256 i = axes.length; i > 0; --i) {
                uint256[] memory at = axisSlice(axes, i - 1, z);
                term = Scalars.mul(term, Scalars.eqIndex(at, rest % axes[i - 1].dim));
                rest /= axes[i - 1].dim;
            }
            sum = Scalars.add(sum, term);
        }
    }

    // --- operands -----------------------------------------------------------------------------------------

    /// @notice Adds `scale` times an operand's form at z to the coefficients of the chunks that its tensor lies in.
    function addOperand(
        ReferenceKey memory k,
        uint256[][11] memory coefs,
        Operand memory operand,
        EnvAxis[] memory env,
        uint256 scale,
        uint256[] memory z
    ) internal pure {
        Tensor memory tensor = k.tensors[operand.tensor];
        uint256 n = numVars(tensor.axes);
        uint256 chunk = tensor.offset >> k.mu;
        uint256[] memory column = coefs[tensor.column];
        uint256 spanned = n > k.mu ? 1 << (n - k.mu) : 1;
        for (uint256 t = 0; t < spanned && chunk + t < column.length; ++t) {
            uint256 value = Scalars.mul(scale, _maps(tensor, operand, env, tensorPoint(z, n, t)));
            if (n < k.mu) value = Scalars.mul(value, place(z, n, tensor.offset));
            column[chunk + t] = Scalars.add(column[chunk + t], value);
        }
    }

    function _maps(Tensor memory tensor, Operand memory operand, EnvAxis[] memory env, uint256[] memory point)
        private
        pure
        returns (uint256 product)
    {
        product = 1;
        uint256 axis = 0;
        for (uint256 i = 0; i < operand.maps.length; ++i) {
            AxisMap memory map = operand.maps[i];
            Axis[] memory axes = new Axis[](map.kind == 4 ? map.g : 1);
            for (uint256 j = 0; j < axes.length; ++j) {
                axes[j] = tensor.axes[axis++];
            }
            uint256[] memory at = Scalars.slice(point, firstVar(tensor.axes, axis - 1), numVars(axes));
            product = Scalars.mul(product, weight(map, axes, env, at));
        }
        require(axis == tensor.axes.length, "maps take all axes");
    }

    /// @notice The point of a tensor of n variables in its chunk t: z, then the bits of t.
    function tensorPoint(uint256[] memory z, uint256 n, uint256 t)
        internal
        pure
        returns (uint256[] memory point)
    {
        point = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            point[i] = i < z.length ? z[i] : t >> (i - z.length) & 1;
        }
    }

    /// @notice Where in its chunk a tensor of n variables lies: eq of the upper variables of z and the bits of its offset.
    function place(uint256[] memory z, uint256 n, uint256 offset) internal pure returns (uint256) {
        return Scalars.eqIndex(Scalars.last(z, z.length - n), offset >> n);
    }

    /// @notice Product of lt(dim, rho) over the out axes that the operand's maps do not use.
    function broadcast(Step memory step, Lin memory lin, uint256[] memory rho)
        internal
        pure
        returns (uint256 product)
    {
        product = 1;
        for (uint256 i = 0; i < step.out.length; ++i) {
            if (_uses(lin.operand, i)) continue;
            product = Scalars.mul(product, Scalars.lt(step.out[i].dim, axisSlice(step.out, i, rho)));
        }
    }

    function _uses(Operand memory operand, uint256 axis) private pure returns (bool) {
        for (uint256 i = 0; i < operand.maps.length; ++i) {
            AxisMap memory map = operand.maps[i];
            if (map.kind == 4 && axis >= map.p && axis < map.p + map.t) return true;
            if (map.kind == 2 && axis == map.t) return true;
            if (map.kind != 0 && map.kind != 4 && axis == map.p) return true;
        }
        return false;
    }
}
