// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EnvAxis, Forms} from "./Forms.sol";
import {Mercury, Opening} from "./ReferenceMercury.sol";
import {
    Constant,
    Lin,
    Limb,
    Point,
    Prod,
    ReferenceKey,
    ReferenceKeys,
    Step,
    Table,
    Tensor
} from "./ReferenceKey.sol";
import {ReferenceTranscript, Transcripts} from "./ReferenceTranscript.sol";
import {R, Scalars} from "./Scalars.sol";

/// @title The verifier of docs/spec/protocol.md, section by section, for readers and as a test's oracle
/// @notice Slow. It derives every claim from the steps of the key and neither reads the program (§8a) nor shares code with
///         `UniversalVerifier`. `check` reverts with the check that fails, `verify` says false.
contract ReferenceVerifier {
    using Transcripts for ReferenceTranscript;
    using ReferenceKeys for bytes;

    uint256 private constant W = 0;
    uint256 private constant IN = 1;
    uint256 private constant OUT = 2;
    uint256 private constant F = 3;
    uint256 private constant G = 4;
    uint256 private constant M = 5;
    uint256 private constant H = 6;
    uint256 private constant HT = 7;
    uint256 private constant T = 8;
    uint256 private constant Z = 9;
    uint256 private constant R_COLUMN = 10;

    /// @dev Everything about one proof, in the order in which it becomes known.
    struct Session {
        ReferenceKey key;
        uint256[] instances;
        uint256 outputFrom; // index of the output's first word
        bytes proof;
        uint256 at; // next byte of the proof
        ReferenceTranscript transcript;
        Point[][11] commitments;
        uint256 alpha;
        uint256 beta;
        uint256[] rho;
        uint256 gamma;
        uint256 delta;
        uint256 sum; // c
        uint256[] r;
        uint256 claim; // of the running sumcheck
        uint256[] evals; // h q ht t, a_1 b_1 …
        uint256 lambda;
        uint256[] z;
        uint256[][11] coefs;
    }

    bytes[] private _tau; // [tau^(2^k)]_2

    /// @param powers [tau^(2^k)]_1, [tau^(2^k)]_2 for k = 0, 1, …
    constructor(bytes memory powers) {
        for (uint256 at = 0; at < powers.length; at += 192) {
            bytes memory point = new bytes(128);
            for (uint256 i = 0; i < 128; ++i) {
                point[i] = powers[at + 64 + i];
            }
            _tau.push(point);
        }
    }

    /// @notice `check` without a reason.
    function verify(bytes calldata vk, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool)
    {
        try this.check(vk, context, instances, proof) {
            return true;
        } catch {
            return false;
        }
    }

    /// @return beforeLast the transcript's state before the proof's last point is absorbed
    function check(bytes calldata vk, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bytes32 beforeLast)
    {
        Session memory s;
        s.key = vk.decode();
        require(s.key.srsDigest == keccak256(_tau[0]), "SRS of another ceremony");
        (s.instances, s.proof) = (instances, proof);
        s.transcript = Transcripts.start();
        s.transcript.absorb("vk", abi.encode(s.key.digest));
        s.transcript.absorb("ctx", abi.encode(context));
        s.transcript.absorb("io", abi.encodePacked(instances));
        _takeInstances(s);
        _commitments(s);
        _productSumcheck(s);
        uint256 masked = _productCheck(s);
        _mergeSumcheck(s, masked);
        _coefficients(s);
        Point memory combined = _combine(s);
        Opening memory opening = Mercury.read(s.proof, s.at);
        bytes memory tauB = _tau[(s.z.length + 1) / 2];
        beforeLast = Mercury.check(opening, combined, s.z, s.claim, bytes.concat(_tau[0], tauB), s.transcript);
    }

    // --- §4: instances --------------------------------------------------------------------------------------

    function _takeInstances(Session memory s) private pure {
        uint256 from = _takePart(s, IN, 0);
        s.outputFrom = from;
        require(_takePart(s, OUT, from) == s.instances.length, "number of instances");
    }

    /// @dev Commitments of IN or OUT, or public values that are canonical; returns the next word.
    function _takePart(Session memory s, uint256 column, uint256 from) private pure returns (uint256) {
        uint256 chunks = s.key.chunks[column];
        uint256 words = chunks == 0 ? _values(_port(s.key, column)) : 2 * chunks;
        require(from + words <= s.instances.length, "number of instances");
        s.commitments[column] = new Point[](chunks);
        for (uint256 i = 0; i < words; ++i) {
            uint256 word = s.instances[from + i];
            if (chunks == 0) require(word < R, "canonical instances");
            else if (i & 1 == 0) s.commitments[column][i / 2] = Point(word, s.instances[from + i + 1]);
        }
        return from + words;
    }

    function _port(ReferenceKey memory k, uint256 column) private pure returns (Tensor memory) {
        for (uint256 i = 0; i < k.tensors.length; ++i) {
            if (k.tensors[i].column == column) return k.tensors[i];
        }
        revert("no such tensor");
    }

    function _values(Tensor memory tensor) private pure returns (uint256 n) {
        n = 1;
        for (uint256 i = 0; i < tensor.axes.length; ++i) {
            n *= tensor.axes[i].dim;
        }
    }

    // --- §5, steps 2 to 4 -----------------------------------------------------------------------------------

    function _commitments(Session memory s) private pure {
        uint256[11] memory n = s.key.chunks;
        uint256 from = s.at;
        s.commitments[F] = _points(s, n[F]);
        s.commitments[G] = _points(s, n[G]);
        s.commitments[M] = _points(s, n[M]);
        s.commitments[Z] = _points(s, 1);
        s.commitments[R_COLUMN] = _points(s, 1);
        require(!_isInfinity(s.commitments[Z][0]) && !_isInfinity(s.commitments[R_COLUMN][0]), "no masks");
        s.transcript.absorb("trace", _bytes(s, from));
        s.alpha = s.transcript.challenge("alpha");
        s.beta = s.transcript.challenge("beta");
        from = s.at;
        s.commitments[H] = _points(s, n[H]);
        s.commitments[HT] = _points(s, n[HT]);
        s.transcript.absorb("inv", _bytes(s, from));
        s.rho = s.transcript.challenges("rho", s.key.nRho);
        s.gamma = s.transcript.challenge("gamma");
        s.delta = s.transcript.challenge("delta");
        (s.commitments[W], s.commitments[T]) = (s.key.w, s.key.t);
        from = s.at;
        s.sum = _scalar(s);
        s.transcript.absorb("sum", _bytes(s, from));
    }

    function _isInfinity(Point memory p) private pure returns (bool) {
        return p.x == 0 && p.y == 0;
    }

    // --- §5, steps 5 and 6 ----------------------------------------------------------------------------------

    function _productSumcheck(Session memory s) private pure {
        uint256 rounds = s.key.nProd;
        s.claim = s.sum;
        s.r = new uint256[](rounds);
        for (uint256 i = 0; i < rounds; ++i) {
            s.r[i] = _round(s, i + 1 < rounds ? 3 : 5, "prod", "r");
        }
        uint256 from = s.at;
        s.evals = new uint256[](4 + 2 * s.key.numProds);
        for (uint256 i = 0; i < s.evals.length; ++i) {
            s.evals[i] = _scalar(s);
        }
        s.transcript.absorb("evals", _bytes(s, from));
        s.lambda = s.transcript.challenge("lambda");
    }

    /// @dev One round of a polynomial of this degree: sent without c1, which the claim determines.
    function _round(Session memory s, uint256 degree, bytes32 label, bytes32 challengeLabel)
        private
        pure
        returns (uint256 x)
    {
        uint256 from = s.at;
        uint256[] memory c = new uint256[](degree + 1);
        c[0] = _scalar(s);
        c[1] = Scalars.sub(s.claim, Scalars.add(c[0], c[0]));
        for (uint256 e = 2; e <= degree; ++e) {
            c[e] = _scalar(s);
            c[1] = Scalars.sub(c[1], c[e]);
        }
        s.transcript.absorb(label, _bytes(s, from));
        x = s.transcript.challenge(challengeLabel);
        s.claim = 0;
        for (uint256 e = degree + 1; e > 0; --e) {
            s.claim = Scalars.add(Scalars.mul(s.claim, x), c[e - 1]);
        }
    }

    /// @dev w: what is left of the last claim without all instances.
    function _productCheck(Session memory s) private pure returns (uint256 w) {
        w = s.claim;
        uint256 gamma = 1;
        uint256 next = 4;
        for (uint256 i = 0; i < s.key.steps.length; ++i) {
            Step memory step = s.key.steps[i];
            for (uint256 j = 0; j < step.prods.length; ++j) {
                Prod memory prod = step.prods[j];
                uint256 n = Forms.numVars(Forms.productAxes(step, prod));
                (, uint256 e) = Forms.prodEnv(step, prod, s.rho, Scalars.last(s.r, n));
                uint256 value = Scalars.mul(Scalars.mul(gamma, Scalars.fromInt(prod.coef)), e);
                value = Scalars.mul(value, Scalars.half(s.key.nProd - n));
                value = Scalars.mul(value, Scalars.mul(s.evals[next], s.evals[next + 1]));
                w = Scalars.sub(w, value);
                next += 2;
            }
            gamma = Scalars.mul(gamma, s.gamma);
        }
        w = Scalars.sub(w, _laneInstance(s));
        w = Scalars.sub(w, _rowInstance(s));
    }

    /// @dev delta 2^-(N - nu) eq(rho, r) h (alpha + q + beta^2 id~(r)) at r^(nu).
    function _laneInstance(Session memory s) private pure returns (uint256 value) {
        uint256 nu = s.key.nu;
        uint256[] memory at = Scalars.last(s.r, nu);
        value = Scalars.mul(Scalars.mul(s.beta, s.beta), _ids(s.key, at));
        value = Scalars.mul(Scalars.add(Scalars.add(s.alpha, s.evals[1]), value), s.evals[0]);
        value = Scalars.mul(value, Scalars.eq(at, s.rho));
        value = Scalars.mul(Scalars.mul(s.delta, Scalars.half(s.key.nProd - nu)), value);
    }

    function _ids(ReferenceKey memory k, uint256[] memory at) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < k.steps.length; ++i) {
            for (uint256 j = 0; j < k.steps[i].limbs.length; ++j) {
                Limb memory limb = k.steps[i].limbs[j];
                Tensor memory tensor = k.tensors[limb.tensor];
                uint256 term = Forms.place(at, Forms.numVars(tensor.axes), tensor.offset);
                for (uint256 a = 0; a < tensor.axes.length; ++a) {
                    uint256[] memory slice = Forms.axisSlice(tensor.axes, a, at);
                    term = Scalars.mul(term, Scalars.lt(tensor.axes[a].dim, slice));
                }
                sum = Scalars.add(sum, Scalars.mul(limb.table, term));
            }
        }
    }

    /// @dev delta^2 2^-(N - kappa) eq(rho, r) ht (alpha + tin~ + beta t + beta^2 tid~) at r^(kappa).
    function _rowInstance(Session memory s) private pure returns (uint256 value) {
        uint256 kappa = s.key.kappa;
        uint256[] memory at = Scalars.last(s.r, kappa);
        uint256 tin;
        uint256 tid;
        for (uint256 i = 0; i < s.key.tables.length; ++i) {
            Table memory table = s.key.tables[i];
            uint256 place = Forms.place(at, table.log, table.offset);
            uint256 input = Scalars.fromInt(table.lo);
            for (uint256 bit = 0; bit < table.log; ++bit) {
                input = Scalars.add(input, Scalars.mul(1 << bit, at[bit]));
            }
            tin = Scalars.add(tin, Scalars.mul(place, input));
            tid = Scalars.add(tid, Scalars.mul(place, i + 1));
        }
        value = Scalars.add(s.evals[3], Scalars.mul(s.beta, tid));
        value = Scalars.add(Scalars.add(s.alpha, tin), Scalars.mul(s.beta, value));
        value = Scalars.mul(Scalars.mul(value, s.evals[2]), Scalars.eq(at, s.rho));
        uint256 delta2 = Scalars.mul(s.delta, s.delta);
        value = Scalars.mul(Scalars.mul(delta2, Scalars.half(s.key.nProd - kappa)), value);
    }

    // --- §5, step 7 -----------------------------------------------------------------------------------------

    function _mergeSumcheck(Session memory s, uint256 masked) private pure {
        s.claim = 0;
        for (uint256 i = s.evals.length; i > 0; --i) {
            s.claim = Scalars.add(Scalars.mul(s.claim, s.lambda), s.evals[i - 1]);
        }
        s.claim = Scalars.add(Scalars.mul(s.claim, s.lambda), masked);
        s.claim = Scalars.add(Scalars.mul(s.claim, s.lambda), _firstClaim(s));
        s.z = new uint256[](s.key.mu);
        for (uint256 i = 0; i < s.key.mu; ++i) {
            s.z[i] = _round(s, 2, "merge", "z");
        }
    }

    /// @dev c + K + Pub - delta lt(LF).
    function _firstClaim(Session memory s) private pure returns (uint256 claim) {
        claim = s.sum;
        uint256 gamma = 1;
        for (uint256 i = 0; i < s.key.steps.length; ++i) {
            Step memory step = s.key.steps[i];
            for (uint256 j = 0; j < step.constants.length; ++j) {
                uint256 term = Scalars.mul(gamma, _constant(step, step.constants[j], s.rho));
                claim = Scalars.add(claim, term);
            }
            for (uint256 j = 0; j < step.lins.length; ++j) {
                uint256 column = s.key.tensors[step.lins[j].operand.tensor].column;
                if (s.key.chunks[column] != 0) continue;
                uint256 term = Scalars.mul(gamma, Scalars.fromInt(step.lins[j].coef));
                claim = Scalars.add(claim, Scalars.mul(term, _public(s, column)));
            }
            gamma = Scalars.mul(gamma, s.gamma);
        }
        uint256 lanes = s.key.chunks[F] << s.key.mu;
        uint256 active = Scalars.lt(lanes, Scalars.slice(s.rho, 0, s.key.nu));
        claim = Scalars.sub(claim, Scalars.mul(s.delta, active));
    }

    function _constant(Step memory step, Constant memory c, uint256[] memory rho)
        private
        pure
        returns (uint256 value)
    {
        value = Scalars.fromInt(c.coef);
        for (uint256 i = 0; i < step.out.length; ++i) {
            uint256[] memory at = Forms.axisSlice(step.out, i, rho);
            value = Scalars.mul(value, Scalars.sub(Scalars.lt(c.hi[i], at), Scalars.lt(c.lo[i], at)));
        }
    }

    /// @dev The public values of IN or OUT as a polynomial at rho: entries in row-major order, axes padded.
    function _public(Session memory s, uint256 column) private pure returns (uint256 sum) {
        Tensor memory tensor = _port(s.key, column);
        uint256[] memory at = Scalars.slice(s.rho, 0, Forms.numVars(tensor.axes));
        uint256 from = column == IN ? 0 : s.outputFrom;
        uint256 n = _values(tensor);
        for (uint256 i = 0; i < n; ++i) {
            uint256 rest = i;
            uint256 lane = 0;
            for (uint256 a = tensor.axes.length; a > 0; --a) {
                lane |= rest % tensor.axes[a - 1].dim << Forms.firstVar(tensor.axes, a - 1);
                rest /= tensor.axes[a - 1].dim;
            }
            sum = Scalars.add(sum, Scalars.mul(s.instances[from + i], Scalars.eqIndex(at, lane)));
        }
    }

    // --- §5, step 8: coefficients of the chunks ------------------------------------------------------------------

    function _coefficients(Session memory s) private pure {
        for (uint256 i = 0; i < 11; ++i) {
            s.coefs[i] = new uint256[](s.key.chunks[i]);
        }
        uint256 gamma = 1;
        uint256 power = Scalars.pow(s.lambda, 6);
        for (uint256 i = 0; i < s.key.steps.length; ++i) {
            Step memory step = s.key.steps[i];
            _addDirect(s, step, gamma);
            for (uint256 j = 0; j < step.prods.length; ++j) {
                Prod memory prod = step.prods[j];
                uint256 n = Forms.numVars(Forms.productAxes(step, prod));
                (EnvAxis[] memory env,) = Forms.prodEnv(step, prod, s.rho, Scalars.last(s.r, n));
                Forms.addOperand(s.key, s.coefs, prod.a, env, power, s.z);
                power = Scalars.mul(power, s.lambda);
                Forms.addOperand(s.key, s.coefs, prod.b, env, power, s.z);
                power = Scalars.mul(power, s.lambda);
            }
            gamma = Scalars.mul(gamma, s.gamma);
        }
        _addWholeColumns(s);
        _addMasks(s, power);
    }

    /// @dev The form of D: limbs less lin terms.
    function _addDirect(Session memory s, Step memory step, uint256 gamma) private pure {
        uint256 n = Forms.numVars(step.out);
        for (uint256 i = 0; i < step.limbs.length; ++i) {
            Tensor memory tensor = s.key.tensors[step.limbs[i].tensor];
            uint256 scale = Scalars.mul(gamma, Scalars.pow(2, step.limbs[i].shift));
            uint256 spanned = n > s.key.mu ? 1 << (n - s.key.mu) : 1;
            for (uint256 t = 0; t < spanned; ++t) {
                uint256 value = Scalars.eq(Forms.tensorPoint(s.z, n, t), s.rho);
                if (n < s.key.mu) value = Scalars.mul(value, Forms.place(s.z, n, tensor.offset));
                _addTo(s.coefs[F], (tensor.offset >> s.key.mu) + t, Scalars.mul(scale, value));
            }
        }
        for (uint256 i = 0; i < step.lins.length; ++i) {
            Lin memory lin = step.lins[i];
            if (s.key.chunks[s.key.tensors[lin.operand.tensor].column] == 0) continue;
            uint256 scale = Scalars.mul(gamma, Scalars.sub(0, Scalars.fromInt(lin.coef)));
            scale = Scalars.mul(scale, Forms.broadcast(step, lin, s.rho));
            Forms.addOperand(s.key, s.coefs, lin.operand, Forms.linEnv(step, s.rho), scale, s.z);
        }
    }

    /// @dev Claims 0 and 2 to 5 as far as they are on whole columns.
    function _addWholeColumns(Session memory s) private pure {
        uint256 delta2 = Scalars.mul(s.delta, s.delta);
        uint256 delta3 = Scalars.mul(delta2, s.delta);
        _addEq(s, M, Scalars.slice(s.rho, 0, s.key.kappa), delta2);
        for (uint256 i = 0; i < s.key.chunks[H]; ++i) {
            _addTo(s.coefs[H], i, delta3);
        }
        for (uint256 i = 0; i < s.key.chunks[HT]; ++i) {
            _addTo(s.coefs[HT], i, Scalars.sub(0, delta3));
        }
        uint256[] memory lanes = Scalars.last(s.r, s.key.nu);
        uint256[] memory rows = Scalars.last(s.r, s.key.kappa);
        uint256 power = Scalars.pow(s.lambda, 2);
        _addEq(s, H, lanes, power);
        power = Scalars.mul(power, s.lambda);
        _addEq(s, F, lanes, power);
        _addEq(s, G, lanes, Scalars.mul(power, s.beta));
        power = Scalars.mul(power, s.lambda);
        _addEq(s, HT, rows, power);
        _addEq(s, T, rows, Scalars.mul(power, s.lambda));
    }

    /// @dev EQ(point) on a whole column: chunk c gets eq of the low variables and z, and of the high ones and c.
    function _addEq(Session memory s, uint256 column, uint256[] memory point, uint256 scale) private pure {
        uint256 mu = s.key.mu;
        scale = Scalars.mul(scale, Scalars.eq(s.z, point));
        uint256[] memory high = Scalars.last(point, point.length - mu);
        for (uint256 c = 0; c < s.key.chunks[column]; ++c) {
            _addTo(s.coefs[column], c, Scalars.mul(scale, Scalars.eqIndex(high, c)));
        }
    }

    /// @dev §5a. `power` is lambda^J.
    function _addMasks(Session memory s, uint256 power) private pure {
        uint256 slots = 3 * s.key.nProd + 6 + 2 * s.key.numProds;
        require(slots + 1 <= 1 << (s.key.mu - 1), "chunks too small for the masks");
        (uint256 slot, uint256 ofRounds) = _roundMasks(s);
        require(slot + 3 + 2 * s.key.numProds == slots, "slots");
        s.coefs[Z][0] = Scalars.add(power, Scalars.add(ofRounds, _valueMasks(s, slot)));
        uint256 kappa = 0;
        for (uint256 i = 0; i < s.key.mu; ++i) {
            kappa = Scalars.add(kappa, s.z[i]);
        }
        s.coefs[R_COLUMN][0] = Scalars.mul(power, kappa);
    }

    /// @dev g: its sum over the cube in claim 0, its value at r in claim 1. The slots from 0 on.
    function _roundMasks(Session memory s) private pure returns (uint256 slot, uint256 sum) {
        uint256 rounds = s.key.nProd;
        sum = _slot(s, slot++, Scalars.add(Scalars.pow(2, rounds), s.lambda));
        for (uint256 i = 0; i < rounds; ++i) {
            for (uint256 e = 1; e <= (i + 1 < rounds ? 3 : 5); ++e) {
                uint256 weight = Scalars.mul(s.lambda, Scalars.pow(s.r[i], e));
                sum = Scalars.add(sum, _slot(s, slot++, Scalars.add(Scalars.pow(2, rounds - 1), weight)));
            }
        }
    }

    /// @dev theta on the slot of every value of step 6 but t.
    function _valueMasks(Session memory s, uint256 slot) private pure returns (uint256 sum) {
        uint256 theta = s.r[s.key.nProd - 1];
        theta = Scalars.mul(theta, Scalars.sub(1, theta));
        for (uint256 j = 2; j < 6 + 2 * s.key.numProds; ++j) {
            if (j == 5) continue;
            sum = Scalars.add(sum, _slot(s, slot++, Scalars.mul(theta, Scalars.pow(s.lambda, j))));
        }
    }

    function _slot(Session memory s, uint256 slot, uint256 weight) private pure returns (uint256) {
        return Scalars.mul(weight, Scalars.eqIndex(s.z, slot));
    }

    function _addTo(uint256[] memory coefs, uint256 i, uint256 value) private pure {
        coefs[i] = Scalars.add(coefs[i], value);
    }

    /// @dev C*.
    function _combine(Session memory s) private view returns (Point memory sum) {
        for (uint256 i = 0; i < 11; ++i) {
            for (uint256 c = 0; c < s.coefs[i].length; ++c) {
                sum = Mercury.addMul(sum, s.commitments[i][c], s.coefs[i][c]);
            }
        }
    }

    // --- §7: reading the proof --------------------------------------------------------------------------------

    function _scalar(Session memory s) private pure returns (uint256 x) {
        x = Mercury.word(s.proof, s.at);
        require(x < R, "canonical scalars");
        s.at += 32;
    }

    function _points(Session memory s, uint256 n) private pure returns (Point[] memory points) {
        points = new Point[](n);
        for (uint256 i = 0; i < n; ++i) {
            points[i] = Point(Mercury.word(s.proof, s.at), Mercury.word(s.proof, s.at + 32));
            s.at += 64;
        }
    }

    /// @dev The proof's bytes from `from` to what has been read.
    function _bytes(Session memory s, uint256 from) private pure returns (bytes memory part) {
        part = new bytes(s.at - from);
        for (uint256 i = 0; i < part.length; i += 32) {
            uint256 x = Mercury.word(s.proof, from + i);
            assembly ("memory-safe") {
                mstore(add(add(part, 32), i), x)
            }
        }
    }
}
