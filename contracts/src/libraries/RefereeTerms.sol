// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    RefereeConst,
    RefereeMap,
    RefereeMapKind,
    RefereeOperand,
    RefereeProd,
    RefereeSource,
    RefereeStep
} from "../types/RefereeStep.sol";

/// @title The terms of an element, numbered
/// @notice An element of a step is a sum of terms in a fixed order (constants, linear terms, products; in a product the
/// contraction axes run slowest, then a's taps, then b's). Every term is a coefficient times at most two values.
library RefereeTerms {
    uint256 internal constant NO_AXIS = 255;
    uint256 internal constant MAX_TERMS = 1 << 62;

    error RefereeTerms_TooMany(uint256 terms, uint256 limit);
    error RefereeTerms_OutOfRange(uint256 index, uint256 count);

    /// @dev One value that a term multiplies; `isZero` when it lies outside of its tensor.
    struct Read {
        bool isZero;
        RefereeSource source;
        uint256 limb;
        uint256 index;
    }

    struct Term {
        int256 coef;
        uint256 factors; // 0, 1 or 2 of the reads below
        Read a;
        Read b;
    }

    /// @notice The product of the dims.
    function entriesOf(uint32[] memory dims) internal pure returns (uint256 entries) {
        entries = 1;
        for (uint256 i = 0; i < dims.length; ++i) {
            entries = _bounded(entries * dims[i]);
        }
    }

    /// @notice Number of terms of each element of the step.
    function count(RefereeStep memory step) internal pure returns (uint256 terms) {
        terms = step.consts.length;
        for (uint256 i = 0; i < step.lins.length; ++i) {
            terms = _bounded(terms + _reads(step.lins[i].operand));
        }
        for (uint256 i = 0; i < step.prods.length; ++i) {
            terms = _bounded(terms + _termsOf(step.prods[i]));
        }
    }

    /// @notice Term number `term` of the step's element number `element`.
    function at(RefereeStep memory step, uint256 element, uint256 term) internal pure returns (Term memory) {
        uint256[] memory env = new uint256[](step.dims.length);
        uint256 left = element;
        for (uint256 i = env.length; i > 0; --i) {
            (left, env[i - 1]) = (left / step.dims[i - 1], left % step.dims[i - 1]);
        }
        if (left != 0) revert RefereeTerms_OutOfRange(element, entriesOf(step.dims));
        left = term;
        if (left < step.consts.length) return _constant(step.consts[left], env);
        left -= step.consts.length;
        for (uint256 i = 0; i < step.lins.length; ++i) {
            uint256 reads = _reads(step.lins[i].operand);
            if (left < reads) {
                Term memory found = Term(step.lins[i].coef, 1, _zero(), _zero());
                found.a = _read(step.lins[i].operand, env, step.dims, left);
                return found;
            }
            left -= reads;
        }
        for (uint256 i = 0; i < step.prods.length; ++i) {
            uint256 terms = _termsOf(step.prods[i]);
            if (left < terms) return _product(step, step.prods[i], env, left);
            left -= terms;
        }
        revert RefereeTerms_OutOfRange(term, count(step));
    }

    function _constant(RefereeConst memory c, uint256[] memory env) private pure returns (Term memory found) {
        found.coef = c.coef;
        for (uint256 i = 0; i < env.length; ++i) {
            if (env[i] < c.lo[i] || env[i] >= c.hi[i]) found.coef = 0;
        }
    }

    function _product(RefereeStep memory step, RefereeProd memory prod, uint256[] memory out, uint256 left)
        private
        pure
        returns (Term memory found)
    {
        uint256 n = out.length;
        uint256[] memory env = new uint256[](n + prod.contraction.length);
        uint32[] memory dims = new uint32[](env.length);
        for (uint256 i = 0; i < n; ++i) {
            (env[i], dims[i]) = (out[i], step.dims[i]);
        }
        uint256 readsB = _reads(prod.b);
        uint256 readsA = _reads(prod.a);
        uint256 place = left / readsB / readsA;
        for (uint256 i = env.length; i > n; --i) {
            dims[i - 1] = prod.contraction[i - 1 - n];
            (place, env[i - 1]) = (place / dims[i - 1], place % dims[i - 1]);
        }
        (found.coef, found.factors) = (prod.coef, 2);
        found.a = _read(prod.a, env, dims, left / readsB % readsA);
        found.b = _read(prod.b, env, dims, left % readsB);
    }

    /// @dev Number of values that the operand sums up.
    function _reads(RefereeOperand memory operand) private pure returns (uint256 reads) {
        reads = 1;
        for (uint256 i = 0; i < operand.maps.length; ++i) {
            reads = _bounded(reads * _choices(operand.maps[i]));
        }
    }

    function _choices(RefereeMap memory map) private pure returns (uint256) {
        if (map.kind == RefereeMapKind.All) return map.dim;
        return map.kind == RefereeMapKind.SumWin ? map.taps : 1;
    }

    function _termsOf(RefereeProd memory prod) private pure returns (uint256) {
        return _bounded(_bounded(entriesOf(prod.contraction) * _reads(prod.a)) * _reads(prod.b));
    }

    /// @dev The value number `choice` of the operand at the environment `env`; the last map's choice runs fastest.
    function _read(RefereeOperand memory operand, uint256[] memory env, uint32[] memory dims, uint256 choice)
        private
        pure
        returns (Read memory read)
    {
        (read.source, read.limb) = (operand.source, operand.limb);
        uint256 stride = 1;
        for (uint256 i = operand.maps.length; i > 0; --i) {
            RefereeMap memory map = operand.maps[i - 1];
            uint256 choices = _choices(map);
            int256 entry = _entry(map, env, dims, choice % choices);
            choice /= choices;
            if (entry < 0 || entry >= int256(uint256(map.dim))) read.isZero = true;
            else read.index += stride * uint256(entry);
            stride *= map.dim;
        }
        read.index += operand.base;
    }

    function _entry(RefereeMap memory map, uint256[] memory env, uint32[] memory dims, uint256 choice)
        private
        pure
        returns (int256)
    {
        if (map.kind == RefereeMapKind.All) return int256(choice);
        if (map.kind == RefereeMapKind.Eq) return int256(env[map.p]);
        if (map.kind == RefereeMapKind.Regroup) {
            uint256 place = 0;
            for (uint256 i = map.p; i < uint256(map.p) + map.t; ++i) {
                place = place * dims[i] + env[i];
            }
            return int256(place);
        }
        uint256 second = map.kind == RefereeMapKind.Win ? env[map.t] : choice;
        uint256 first = map.kind == RefereeMapKind.SumWin && map.p == NO_AXIS ? 0 : env[map.p];
        return int256(first * map.stride + second * map.dilation) + map.offset;
    }

    function _zero() private pure returns (Read memory read) {}

    function _bounded(uint256 terms) private pure returns (uint256) {
        if (terms > MAX_TERMS) revert RefereeTerms_TooMany(terms, MAX_TERMS);
        return terms;
    }
}
