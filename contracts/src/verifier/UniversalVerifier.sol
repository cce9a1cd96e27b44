// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {Bn254} from "./Bn254.sol";
import {Factors, FactorTable} from "./Factors.sol";
import {FlatKeyReader} from "./FlatKeyReader.sol";
import {FR, Fr, TOP} from "./Fr.sol";
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
import {Program, Run} from "./Program.sol";
import {PublicValues} from "./PublicValues.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {Transcript} from "./Transcript.sol";
import {Verdict, Verifier_OutOfGas} from "./Verdict.sol";

/// @title Verifier of `mintmark-flat-v4` proofs for every circuit (docs/spec/protocol.md)
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
        Run run;
        Sections sections;
        uint256 t; // transcript
        uint256 rho; // points, one behind the other
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
        uint256 instances; // calldata positions of the input's and of the output's part
        uint256 outInstances;
        uint256 publics; // Pub
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
        s.run = Program.load(s.key);
        _layOut(s, proof);
        _allocate(s);
        _statement(s, context, instances);
        _replay(s);
        _publicValues(s, instances);
        _runProgram(s);
        uint256 value = _mergedValue(s);
        _addWholeColumns(s);
        _addMasks(s);
        _open(s, value);
        return true;
    }

    /// @dev Sections of the proof; ends the call with `false` if it has another length.
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
            pos.evalsEnd = pos.evals + 128 + (s.run.numClaims << 6); // four evaluations, then two per product
            pos.merge = pos.evalsEnd;
            pos.opening = pos.merge + (s.key.mu << 6);
            if (position + proof.length != pos.opening + OPENING_BYTES) Verdict.reject();
        }
    }

    /// @dev Memory for everything that outlives a section; the transcript comes last.
    function _allocate(Session memory s) private pure {
        Key memory k = s.key;
        FactorTable memory f = s.run.factors;
        uint256 pos;
        assembly ("memory-safe") {
            pos := mload(0x40)
        }
        unchecked {
            f.points = s.rho = pos;
            f.rEnd = s.z = (s.r = pos + (k.nRho << 6)) + (k.nProd << 6);
            f.zEnd = s.z + (k.mu << 6);
            f.rTop = f.zEnd + (16 << 6);
            f.zTop = f.rTop + (32 << TOP);
            pos = f.zTop + (32 << TOP);
            assembly ("memory-safe") {
                mstore(0x40, pos)
            }
        }
        Program.allocate(s.run, k);
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

    /// @dev Values that are public, and the number of instances: ends the call with `false` if it is another one.
    function _publicValues(Session memory s, uint256[] calldata instances) private pure {
        unchecked {
            Key memory k = s.key;
            (uint256 inTensor, uint256 outTensor) = Program.publicTensors(s.run, k);
            (, uint256 nIn) = Program.column(s.run, COLUMN_IN);
            (, uint256 nOut) = Program.column(s.run, COLUMN_OUT);
            uint256 words = nIn == 0 ? PublicValues.count(inTensor) : nIn << 1;
            uint256 outWords = nOut == 0 ? PublicValues.count(outTensor) : nOut << 1;
            if (words + outWords != instances.length) Verdict.reject();
            uint256 from;
            assembly ("memory-safe") {
                from := instances.offset
            }
            s.instances = from;
            s.outInstances = from + (words << 5);
            uint256 pub = 0;
            if (nOut == 0) {
                pub = PublicValues.evaluate(outTensor, s.outInstances, s.rho);
                // - gamma^(K-1): the last step subtracts it
                for (uint256 i = 1; i < k.numSteps; ++i) {
                    pub = mulmod(pub, s.gamma, FR);
                }
                pub = FR - pub;
            }
            if (nIn == 0) pub = addmod(pub, PublicValues.evaluate(inTensor, from, s.rho), FR);
            s.publics = pub;
        }
    }

    function _runProgram(Session memory s) private pure {
        unchecked {
            Key memory k = s.key;
            FactorTable memory f = s.run.factors;
            if (k.mu >= TOP) Fr.eqTable(f.zTop, f.zEnd - (TOP << 6), TOP);
            if (k.nProd >= TOP) Fr.eqTable(f.rTop, f.rEnd - (TOP << 6), TOP);
            Program.fixedFactors(s.run, k, s.gamma, s.lambda);
            Program.run(s.run, s.sections.evals + 128);
        }
    }

    /// @dev The last claim of the merge sumcheck: the value of the opening.
    function _mergedValue(Session memory s) private pure returns (uint256 value) {
        uint256 products = addmod(s.run.products, mulmod(s.delta, _lookups(s), FR), FR);
        value = mulmod(s.lambda, _evaluations(s), FR);
        value = mulmod(s.lambda, addmod(value, Fr.sub(s.product, products), FR), FR);
        value = addmod(value, _firstClaim(s), FR);
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
    function _firstClaim(Session memory s) private pure returns (uint256 claim) {
        unchecked {
            Key memory k = s.key;
            uint256 counts = k.counts;
            uint256 lanes;
            assembly ("memory-safe") {
                lanes := mload(add(counts, 96))
            }
            claim = mulmod(s.delta, Fr.lt(lanes << k.mu, s.rho, k.nu), FR);
            claim = addmod(addmod(Program.constants(s.run), s.publics, FR), FR - claim, FR);
            claim = addmod(claim, _word(s.sections.sum), FR);
        }
    }

    /// @dev The two look-up instances at their points, over delta.
    function _lookups(Session memory s) private pure returns (uint256 sum) {
        uint256[4] memory e; // h q ht t
        uint256 evals = s.sections.evals;
        assembly ("memory-safe") {
            calldatacopy(e, evals, 128)
        }
        sum = addmod(_laneInstance(s, e), mulmod(s.delta, _rowInstance(s, e), FR), FR);
    }

    /// @dev L1 at r^(nu).
    function _laneInstance(Session memory s, uint256[4] memory e) private pure returns (uint256 lane) {
        unchecked {
            uint256 nu = s.key.nu;
            lane = mulmod(mulmod(s.beta, s.beta, FR), Program.ids(s.run), FR);
            lane = addmod(addmod(s.alpha, e[1], FR), lane, FR);
            lane = mulmod(mulmod(lane, e[0], FR), Fr.eq(s.rho, _last(s, nu), nu), FR);
            lane = mulmod(lane, Program.half(s.run, s.key.nProd - nu), FR);
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
            row = mulmod(row, Program.half(s.run, s.key.nProd - kappa), FR);
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
    function _addWholeColumns(Session memory s) private pure {
        Run memory run = s.run;
        uint256 table;
        assembly ("memory-safe") {
            table := mload(0x40)
        }
        uint256 delta2 = mulmod(s.delta, s.delta, FR);
        uint256 delta3 = mulmod(delta2, s.delta, FR);
        unchecked {
            Fr.eqTable(table, s.rho + (s.key.mu << 6), s.key.kappa - s.key.mu);
        }
        Program.addColumn(run, COLUMN_M, table, mulmod(delta2, Program.prefix(run), FR), 0);
        uint256 weight = mulmod(s.lambda, s.lambda, FR);
        uint256 third = mulmod(weight, weight, FR);
        third = mulmod(third, _columnTable(table, s, _last(s, s.key.kappa), s.key.kappa), FR);
        Program.addColumn(run, COLUMN_HT, table, third, FR - delta3);
        Program.addColumn(run, COLUMN_T, table, mulmod(third, s.lambda, FR), 0);
        weight = mulmod(weight, _columnTable(table, s, _last(s, s.key.nu), s.key.nu), FR);
        Program.addColumn(run, COLUMN_H, table, weight, delta3);
        weight = mulmod(weight, s.lambda, FR);
        Program.addColumn(run, COLUMN_F, table, weight, 0);
        Program.addColumn(run, COLUMN_G, table, mulmod(weight, s.beta, FR), 0);
    }

    /// @dev r^(n), the last n challenges of the product sumcheck.
    function _last(Session memory s, uint256 n) private pure returns (uint256 point) {
        unchecked {
            point = s.r + ((s.key.nProd - n) << 6);
        }
    }

    /// @dev For a point of n variables: writes eq(high part, chunk) for every chunk; returns eq(low part, z).
    function _columnTable(uint256 table, Session memory s, uint256 point, uint256 n)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 mu = s.key.mu;
            Fr.eqTable(table, point + (mu << 6), n - mu);
            return Fr.eq(point, s.z, mu);
        }
    }

    /// @dev The one chunk of Z and of R; a proof without them is refused.
    function _addMasks(Session memory s) private pure {
        uint256 masks = s.sections.masks;
        bool unmasked;
        assembly ("memory-safe") {
            unmasked := iszero(or(calldataload(masks), calldataload(add(masks, 32))))
            unmasked := or(unmasked, iszero(or(calldataload(add(masks, 64)), calldataload(add(masks, 96)))))
        }
        if (unmasked) Verdict.reject();
        Masks.Input memory i;
        (i.mu, i.rounds, i.r, i.z) = (s.key.mu, s.key.nProd, s.r, s.z);
        (i.lambda, i.claimPower, i.products) = (s.lambda, s.run.lambdaPower, s.run.numClaims);
        (uint256 coefZ, uint256 coefR) = Masks.coefficients(i);
        (uint256 atZ,) = Program.column(s.run, COLUMN_Z);
        (uint256 atR,) = Program.column(s.run, COLUMN_R);
        assembly ("memory-safe") {
            mstore(atZ, coefZ)
            mstore(atR, coefR)
        }
    }

    /// @dev C* from all chunk commitments, then its opening.
    function _open(Session memory s, uint256 value) private view {
        unchecked {
            Run memory run = s.run;
            uint256 acc = Bn254.accumulator();
            uint256 coefs;
            uint256 n;
            (coefs, n) = Program.column(run, COLUMN_W);
            Bn254.addFromMemory(acc, s.key.commitments, coefs, n);
            uint256 t = s.key.commitments + (n << 6);
            (coefs, n) = Program.column(run, COLUMN_IN);
            Bn254.addFromCalldata(acc, s.instances, coefs, n);
            (coefs, n) = Program.column(run, COLUMN_OUT);
            Bn254.addFromCalldata(acc, s.outInstances, coefs, n);
            // F, G, M; Z, R; H, HT lie side by side in the proof, and so do their coefficients
            Sections memory pos = s.sections;
            (coefs,) = Program.column(run, COLUMN_F);
            Bn254.addFromCalldata(acc, pos.trace, coefs, (pos.masks - pos.trace) >> 6);
            (coefs,) = Program.column(run, COLUMN_Z);
            Bn254.addFromCalldata(acc, pos.masks, coefs, 2);
            (coefs,) = Program.column(run, COLUMN_H);
            Bn254.addFromCalldata(acc, pos.inverses, coefs, (pos.sum - pos.inverses) >> 6);
            (coefs, n) = Program.column(run, COLUMN_T);
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
}
