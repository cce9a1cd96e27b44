// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {Bn254} from "./Bn254.sol";
import {CircuitWalk, Walk} from "./CircuitWalk.sol";
import {FlatKeyReader} from "./FlatKeyReader.sol";
import {FR, FR_HALF, Fr, TOP} from "./Fr.sol";
import {FormContext, Forms} from "./Forms.sol";
import {
    COLUMN_F,
    COLUMN_G,
    COLUMN_H,
    COLUMN_HT,
    COLUMN_IN,
    COLUMN_M,
    COLUMN_OUT,
    COLUMN_R,
    COLUMN_T,
    COLUMN_W,
    COLUMN_Z,
    Key,
    KeyReader
} from "./KeyReader.sol";
import {Masks} from "./Masks.sol";
import {OpeningVerifier} from "./OpeningVerifier.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {Transcript} from "./Transcript.sol";
import {Verdict, Verifier_OutOfGas} from "./Verdict.sol";

/// @title Verifier of `mintmark-flat-v3` proofs for every circuit (docs/spec/protocol.md)
/// @notice The circuit is data: the code of a key contract. One deployment serves every model whose key is bound to the
///         same structured reference string. The proofs are zero-knowledge.
/// @dev Total: whatever `proof` and `instances` are, the answer is true or false. It reverts only if `key` is no key of
///      this system, or if the gas ran out. Each check that fails ends the call at once (`Verdict.reject`).
contract UniversalVerifier is FlatKeyReader {
    using Transcript for uint256;

    uint256 private constant OPENING_BYTES = 736;

    /// @notice keccak256 of [tau]_2 in EIP-197 order; a key names the one that it was made for.
    bytes32 public immutable srsDigest;

    OpeningVerifier private immutable OPENING;

    /// @dev Positions in calldata (sections of the proof, §7).
    struct Sections {
        uint256 trace;
        uint256 masks;
        uint256 inverses;
        uint256 sum;
        uint256 rounds;
        uint256 evals;
        uint256 evalsEnd;
        uint256 merge;
        uint256 opening;
    }

    struct Session {
        Key key;
        Sections sections;
        uint256 t; // transcript
        uint256 rho; // points
        uint256 r;
        uint256 z;
        uint256 alpha;
        uint256 beta;
        uint256 gamma;
        uint256 delta;
        uint256 lambda;
        uint256 product; // last claim of the product sumcheck
        uint256 slope; // of the merge sumcheck's last claim in its first
        uint256 intercept;
        uint256 prefix; // see Walk
        uint256 halves;
    }

    /// @param tauG2 [tau]_2 as x_im, x_re, y_im, y_re
    constructor(uint256[4] memory tauG2) {
        OPENING = new OpeningVerifier(tauG2);
        srsDigest = keccak256(abi.encode(tauG2));
    }

    /// @inheritdoc IProofVerifier
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted)
    {
        Session memory s;
        s.key = KeyReader.load(key, srsDigest);
        _layOut(s, proof);
        Walk memory w;
        _allocate(s, w);
        _statement(s, context, instances);
        _replay(s);
        _prepareWalk(s, w, instances);
        CircuitWalk.run(w);
        if (w.values.inputWords + w.values.outputWords != instances.length) Verdict.reject();
        uint256 value = _mergedValue(s, w);
        _addWholeColumns(s, w.forms);
        _addMasks(s, w);
        _open(s, w, value);
        return true;
    }

    /// @dev Sections of the proof; ends the call with `false` if the length fits no number of product claims.
    function _layOut(Session memory s, bytes calldata proof) private pure {
        unchecked {
            Sections memory pos = s.sections;
            uint256 counts = s.key.counts;
            uint256 position;
            uint256 nF;
            uint256 nG;
            uint256 nT;
            assembly ("memory-safe") {
                position := proof.offset
                nF := mload(add(counts, 96))
                nG := mload(add(counts, 128))
                nT := mload(add(counts, 160))
            }
            pos.trace = position;
            pos.masks = pos.trace + ((nF + nG + nT) << 6);
            pos.inverses = pos.masks + 128;
            pos.sum = pos.inverses + ((nF + nT) << 6);
            pos.rounds = pos.sum + 32;
            pos.evals = pos.rounds + 96 * s.key.nProd + 64;
            uint256 tail = (s.key.mu << 6) + OPENING_BYTES; // merge rounds and opening
            uint256 end = position + proof.length;
            // four evaluations, then two per product
            if (end < pos.evals + 128 + tail) Verdict.reject();
            pos.evalsEnd = end - tail;
            if ((pos.evalsEnd - pos.evals - 128) & 63 != 0) Verdict.reject();
            pos.merge = pos.evalsEnd;
            pos.opening = end - OPENING_BYTES;
        }
    }

    /// @dev Memory for everything that outlives a section; the transcript comes last.
    function _allocate(Session memory s, Walk memory w) private pure {
        Key memory k = s.key;
        uint256 pos;
        assembly ("memory-safe") {
            pos := mload(0x40)
        }
        unchecked {
            s.rho = pos;
            s.z = pos += k.nRho << 6;
            s.r = pos += (k.mu + 16) << 6;
            s.prefix = pos += k.nProd << 6;
            s.halves = pos += (k.mu + 1) << 5;
            w.env = pos += (k.nProd + 1) << 5;
            w.rTop = pos += Forms.MAX_AXES << 5;
            pos += 64 << TOP; // two tables: of r and of z
            assembly ("memory-safe") {
                mstore(0x40, pos)
            }
            w.forms = Forms.newContext(k, s.rho, s.z);
            w.forms.top = w.rTop + (32 << TOP);
        }
        s.t = Transcript.start();
    }

    function _statement(Session memory s, bytes32 context, uint256[] calldata instances) private pure {
        uint256 t = s.t;
        t.absorbWord("vk", s.key.digest);
        t.absorbWord("ctx", context);
        uint256 from;
        assembly ("memory-safe") {
            from := instances.offset
        }
        unchecked {
            t.absorb("io", from, instances.length << 5);
        }
    }

    /// @dev All challenges up to the opening point; both sumchecks; scalars canonical.
    function _replay(Session memory s) private pure {
        unchecked {
            uint256 t = s.t;
            Sections memory pos = s.sections;
            Key memory k = s.key;
            t.absorb("trace", pos.trace, pos.inverses - pos.trace);
            s.alpha = t.challenge("alpha");
            s.beta = t.challenge("beta");
            t.absorb("inv", pos.inverses, pos.sum - pos.inverses);
            t.challengePoint("rho", s.rho, k.nRho);
            s.gamma = t.challenge("gamma");
            s.delta = t.challenge("delta");
            t.absorb("sum", pos.sum, 32);
            uint256 sum = _word(pos.sum);
            bool ok;
            (ok, s.product) = Sumcheck.product(t, pos.rounds, k.nProd, sum, s.r);
            if (!ok || sum >= FR) Verdict.reject();
            t.absorb("evals", pos.evals, pos.evalsEnd - pos.evals);
            s.lambda = t.challenge("lambda");
            (ok, s.slope, s.intercept) = Sumcheck.merge(t, pos.merge, k.mu, s.z);
            if (!ok) Verdict.reject();
        }
    }

    function _word(uint256 position) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            x := calldataload(position)
        }
    }

    function _prepareWalk(Session memory s, Walk memory w, uint256[] calldata instances) private pure {
        unchecked {
            Key memory k = s.key;
            w.steps = k.steps;
            w.stepsEnd = k.stepsEnd;
            w.numSteps = k.numSteps;
            w.nRho = k.nRho;
            w.nProd = k.nProd;
            w.rEnd = s.r + (k.nProd << 6);
            w.rNu = w.rEnd - (k.nu << 6);
            w.prefix = s.prefix;
            w.halves = s.halves;
            w.gamma = s.gamma;
            w.lambda = s.lambda;
            w.claims = s.sections.evals + 128;
            w.claimsEnd = s.sections.evalsEnd;
            w.gammaPower = 1;
            uint256 l2 = mulmod(s.lambda, s.lambda, FR);
            w.lambdaPower = mulmod(mulmod(l2, l2, FR), l2, FR);
            uint256 from;
            assembly ("memory-safe") {
                from := instances.offset
            }
            w.values.instances = from;
            w.values.length = instances.length;
            (uint256 nIn, uint256 nOut) = _inOutChunks(k);
            w.values.inputPublic = nIn == 0;
            w.values.outputPublic = nOut == 0;
            w.values.inputWords = nIn << 1;
            w.values.outputWords = nOut << 1;
            if ((nIn + nOut) << 1 > instances.length) Verdict.reject();
            if (k.mu >= TOP) Fr.eqTable(w.forms.top, s.z + ((k.mu - TOP) << 6), TOP);
            if (k.nu >= TOP) Fr.eqTable(w.rTop, w.rEnd - (TOP << 6), TOP);
            _prefixes(s.prefix, s.rho, s.z, k.mu);
            _halves(s.halves, k.nProd);
        }
    }

    function _inOutChunks(Key memory k) private pure returns (uint256 nIn, uint256 nOut) {
        uint256 counts = k.counts;
        assembly ("memory-safe") {
            nIn := mload(add(counts, 32))
            nOut := mload(add(counts, 64))
        }
    }

    /// @dev pos[i] = eq of the first i variables of a and b, i = 0 … n.
    function _prefixes(uint256 pos, uint256 a, uint256 b, uint256 n) private pure {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let acc := 1
            mstore(pos, acc)
            for { let end := add(a, shl(6, n)) } lt(a, end) { a := add(a, 64) } {
                let e := add(mulmod(mload(a), mload(b), r), mulmod(mload(add(a, 32)), mload(add(b, 32)), r))
                acc := mulmod(acc, e, r)
                pos := add(pos, 32)
                mstore(pos, acc)
                b := add(b, 64)
            }
        }
    }

    /// @dev pos[i] = 2^-i, i = 0 … n.
    function _halves(uint256 pos, uint256 n) private pure {
        assembly ("memory-safe") {
            let acc := 1
            mstore(pos, acc)
            for { let end := add(pos, shl(5, n)) } lt(pos, end) {} {
                acc := mulmod(acc, FR_HALF, FR)
                pos := add(pos, 32)
                mstore(pos, acc)
            }
        }
    }

    /// @dev The last claim of the merge sumcheck: the value of the opening.
    function _mergedValue(Session memory s, Walk memory w) private pure returns (uint256 value) {
        uint256 products = addmod(w.products, mulmod(s.delta, _lookups(s, w), FR), FR);
        value = mulmod(s.lambda, _evaluations(s), FR);
        value = mulmod(s.lambda, addmod(value, Fr.sub(s.product, products), FR), FR);
        value = addmod(value, _firstClaim(s, w), FR);
        value = addmod(mulmod(s.slope, value, FR), s.intercept, FR);
    }

    /// @dev Sum of lambda^j eval_j over h, q, ht, t, a_1, b_1, …
    function _evaluations(Session memory s) private pure returns (uint256 sum) {
        uint256 lambda = s.lambda;
        uint256 from = s.sections.evals;
        uint256 pos = s.sections.evalsEnd;
        bool ok;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            ok := 1
            for {} gt(pos, from) {} {
                pos := sub(pos, 32)
                let v := calldataload(pos)
                ok := and(ok, lt(v, r))
                sum := addmod(mulmod(sum, lambda, r), v, r)
            }
        }
        if (!ok) Verdict.reject();
    }

    /// @dev c + K + Pub - delta lt(LF).
    function _firstClaim(Session memory s, Walk memory w) private pure returns (uint256 claim) {
        unchecked {
            Key memory k = s.key;
            uint256 counts = k.counts;
            uint256 lanes;
            assembly ("memory-safe") {
                lanes := mload(add(counts, 96))
            }
            claim = mulmod(s.delta, Fr.lt(lanes << k.mu, s.rho, k.nu), FR);
            claim = addmod(addmod(w.consts, w.publics, FR), FR - claim, FR);
            claim = addmod(claim, _word(s.sections.sum), FR);
        }
    }

    /// @dev The two look-up instances at their points, over delta.
    function _lookups(Session memory s, Walk memory w) private pure returns (uint256 sum) {
        uint256[4] memory e; // h q ht t
        uint256 evals = s.sections.evals;
        assembly ("memory-safe") {
            calldatacopy(e, evals, 128)
        }
        sum = addmod(_laneInstance(s, w, e), mulmod(s.delta, _rowInstance(s, e), FR), FR);
    }

    /// @dev L1 at r^(nu).
    function _laneInstance(Session memory s, Walk memory w, uint256[4] memory e)
        private
        pure
        returns (uint256 lane)
    {
        unchecked {
            uint256 nu = s.key.nu;
            lane = mulmod(mulmod(s.beta, s.beta, FR), w.ids, FR);
            lane = addmod(addmod(s.alpha, e[1], FR), lane, FR);
            lane = mulmod(mulmod(lane, e[0], FR), Fr.eq(s.rho, w.rNu, nu), FR);
            lane = mulmod(lane, _half(s, s.key.nProd - nu), FR);
        }
    }

    /// @dev L2 at r^(kappa).
    function _rowInstance(Session memory s, uint256[4] memory e) private pure returns (uint256 row) {
        unchecked {
            uint256 kappa = s.key.kappa;
            uint256 point = s.r + ((s.key.nProd - kappa) << 6);
            uint256[2] memory table = _tables(s.key, point);
            row = addmod(e[3], mulmod(s.beta, table[1], FR), FR);
            row = addmod(addmod(s.alpha, table[0], FR), mulmod(s.beta, row, FR), FR);
            row = mulmod(mulmod(row, e[2], FR), Fr.eq(s.rho, point, kappa), FR);
            row = mulmod(row, _half(s, s.key.nProd - kappa), FR);
        }
    }

    function _half(Session memory s, uint256 n) private pure returns (uint256 x) {
        uint256 halves = s.halves;
        assembly ("memory-safe") {
            x := mload(add(halves, shl(5, n)))
        }
    }

    /// @dev tin~ and tid~ at the point r^(kappa).
    function _tables(Key memory k, uint256 point) private pure returns (uint256[2] memory sums) {
        unchecked {
            uint256 tin;
            uint256 tid;
            uint256 ptr = k.tables;
            for (uint256 id = 1; id <= k.numTables; ++id) {
                uint256 record;
                assembly ("memory-safe") {
                    record := mload(ptr)
                }
                uint256 log = record >> 248;
                uint256 offset = record >> 208 & 0xffffffff;
                if (log > k.kappa) log = k.kappa;
                uint256 place = Fr.eqIndex(point + (log << 6), k.kappa - log, offset >> log);
                tid = addmod(tid, mulmod(id, place, FR), FR);
                tin = addmod(tin, mulmod(place, _tableInput(record, point, log), FR), FR);
                ptr += 32;
            }
            (sums[0], sums[1]) = (tin, tid);
        }
    }

    /// @dev lo + sum of 2^i x_i: the table's inputs count up.
    function _tableInput(uint256 record, uint256 point, uint256 log) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            for { let i := log } i {} {
                i := sub(i, 1)
                x := addmod(add(x, x), mload(add(add(point, 32), shl(6, i))), r)
            }
            let lo := signextend(7, shr(144, record))
            x := addmod(x, add(mul(slt(lo, 0), r), lo), r)
        }
    }

    /// @dev The claims on whole columns: sums and M at rho (in the first one), h, q, then ht, t.
    function _addWholeColumns(Session memory s, FormContext memory c) private pure {
        uint256 table;
        assembly ("memory-safe") {
            table := mload(0x40)
        }
        uint256 delta2 = mulmod(s.delta, s.delta, FR);
        uint256 delta3 = mulmod(delta2, s.delta, FR);
        _addColumn(c, COLUMN_M, table, mulmod(delta2, _columnTable(table, s, s.rho, s.key.kappa), FR), 0);
        uint256 weight = mulmod(s.lambda, s.lambda, FR);
        uint256 third = mulmod(weight, weight, FR);
        third = mulmod(third, _columnTable(table, s, _last(s, s.key.kappa), s.key.kappa), FR);
        _addColumn(c, COLUMN_HT, table, third, FR - delta3);
        _addColumn(c, COLUMN_T, table, mulmod(third, s.lambda, FR), 0);
        weight = mulmod(weight, _columnTable(table, s, _last(s, s.key.nu), s.key.nu), FR);
        _addColumn(c, COLUMN_H, table, weight, delta3);
        weight = mulmod(weight, s.lambda, FR);
        _addColumn(c, COLUMN_F, table, weight, 0);
        _addColumn(c, COLUMN_G, table, mulmod(weight, s.beta, FR), 0);
    }

    /// @dev r^(n), the last n challenges of the product sumcheck.
    function _last(Session memory s, uint256 n) private pure returns (uint256 point) {
        unchecked {
            point = s.r + ((s.key.nProd - n) << 6);
        }
    }

    /// @dev For a point of n variables: writes eq(high part, chunk) for every chunk; returns eq(low part, z).
    function _columnTable(uint256 table, Session memory s, uint256 point, uint256 n) private pure returns (uint256) {
        unchecked {
            uint256 mu = s.key.mu;
            Fr.eqTable(table, point + (mu << 6), n - mu);
            return Fr.eq(point, s.z, mu);
        }
    }

    /// @dev Adds `weight * table[i] + constant` to the coefficient of every chunk i of the column.
    function _addColumn(
        FormContext memory c,
        uint256 column,
        uint256 table,
        uint256 weight,
        uint256 constant_
    ) private pure {
        uint256 coefs = c.coefs;
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            let entry := mload(add(coefs, shl(5, column)))
            let pos := shr(32, entry)
            for { let end := add(pos, shl(5, and(entry, 0xffffffff))) } lt(pos, end) { pos := add(pos, 32) } {
                mstore(pos, addmod(add(mload(pos), constant_), mulmod(weight, mload(table), r), r))
                table := add(table, 32)
            }
        }
    }

    /// @dev The one chunk of Z and of R; a proof without them is refused.
    function _addMasks(Session memory s, Walk memory w) private pure {
        uint256 masks = s.sections.masks;
        bool unmasked;
        assembly ("memory-safe") {
            unmasked := iszero(or(calldataload(masks), calldataload(add(masks, 32))))
            unmasked := or(unmasked, iszero(or(calldataload(add(masks, 64)), calldataload(add(masks, 96)))))
        }
        if (unmasked) Verdict.reject();
        Masks.Input memory i;
        (i.mu, i.rounds, i.r, i.z) = (s.key.mu, s.key.nProd, s.r, s.z);
        (i.lambda, i.claimPower) = (s.lambda, w.lambdaPower);
        unchecked {
            i.products = (s.sections.evalsEnd - s.sections.evals - 128) >> 6;
        }
        (uint256 coefZ, uint256 coefR) = Masks.coefficients(i);
        (uint256 atZ,) = _column(w.forms, COLUMN_Z);
        (uint256 atR,) = _column(w.forms, COLUMN_R);
        assembly ("memory-safe") {
            mstore(atZ, coefZ)
            mstore(atR, coefR)
        }
    }

    /// @dev C* from all chunk commitments, then its opening.
    function _open(Session memory s, Walk memory w, uint256 value) private view {
        unchecked {
            FormContext memory c = w.forms;
            uint256 acc = Bn254.accumulator();
            uint256 instances = w.values.instances;
            uint256 nIn;
            uint256 coefs;
            uint256 n;
            (coefs, n) = _column(c, COLUMN_W);
            Bn254.addFromMemory(acc, s.key.commitments, coefs, n);
            uint256 t = s.key.commitments + (n << 6);
            (coefs, nIn) = _column(c, COLUMN_IN);
            Bn254.addFromCalldata(acc, instances, coefs, nIn);
            (coefs, n) = _column(c, COLUMN_OUT);
            Bn254.addFromCalldata(acc, instances + (w.values.inputWords << 5), coefs, n);
            // F, G, M; Z, R; H, HT lie side by side in the proof, and so do their coefficients
            Sections memory pos = s.sections;
            (coefs,) = _column(c, COLUMN_F);
            Bn254.addFromCalldata(acc, pos.trace, coefs, (pos.masks - pos.trace) >> 6);
            (coefs,) = _column(c, COLUMN_Z);
            Bn254.addFromCalldata(acc, pos.masks, coefs, 2);
            (coefs,) = _column(c, COLUMN_H);
            Bn254.addFromCalldata(acc, pos.inverses, coefs, (pos.sum - pos.inverses) >> 6);
            (coefs, n) = _column(c, COLUMN_T);
            Bn254.addFromMemory(acc, t, coefs, n);
            _checkOpening(s, acc, value);
        }
    }

    /// @dev Calls the opening verifier with the commitment at `acc`.
    function _checkOpening(Session memory s, uint256 acc, uint256 value) private view {
        OpeningVerifier opening = OPENING;
        uint256 selector = uint32(OpeningVerifier.check.selector);
        uint256 t = s.t;
        uint256 z = s.z;
        uint256 mu = s.key.mu;
        uint256 proof = s.sections.opening;
        bool ok;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            mstore(add(data, 32), mload(t))
            mstore(add(data, 64), value)
            mcopy(add(data, 96), acc, 64)
            mstore(add(data, 160), mu)
            mcopy(add(data, 192), z, shl(6, mu))
            calldatacopy(add(data, add(192, shl(6, mu))), proof, OPENING_BYTES)
            ok := staticcall(gas(), opening, add(data, 28), add(shl(6, mu), add(164, OPENING_BYTES)), 0, 32)
            value := mload(0)
        }
        if (!ok) revert Verifier_OutOfGas();
        if (value != 1) Verdict.reject();
    }

    function _column(FormContext memory c, uint256 column) private pure returns (uint256 coefs, uint256 n) {
        uint256 table = c.coefs;
        assembly ("memory-safe") {
            n := mload(add(table, shl(5, column)))
            coefs := shr(32, n)
            n := and(n, 0xffffffff)
        }
    }
}
