// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {IProofVerifier} from "../interfaces/IProofVerifier.sol";
import {Columns} from "./Columns.sol";
import {Factors, FactorTable} from "./Factors.sol";
import {FlatKeyReader} from "./FlatKeyReader.sol";
import {FR, Fr} from "./Fr.sol";
import {COLUMN_IN, COLUMN_OUT, Key, KeyReader} from "./KeyReader.sol";
import {LastVariables} from "./LastVariables.sol";
import {Lookups} from "./Lookups.sol";
import {Program} from "./Program.sol";
import {PublicValues} from "./PublicValues.sol";
import {Sections, Session} from "./Session.sol";
import {Sumcheck} from "./Sumcheck.sol";
import {TauPowers} from "./TauPowers.sol";
import {Total, Totals} from "./Total.sol";
import {Transcript} from "./Transcript.sol";
import {Verdict} from "./Verdict.sol";

/// @title Verifier of `mintmark-flat-v5` proofs for every circuit (docs/spec/protocol.md)
/// @notice The circuit is data: the code of a key contract. One deployment serves every model whose key is bound to the
///         same structured reference string. The proofs are zero-knowledge.
/// @dev Total: whatever `proof` and `instances` are, the answer is true or false. It reverts only if `key` is no key of
///      this system, or if the gas ran out. Each check that fails ends the call at once (`Verdict.reject`).
contract UniversalVerifier is FlatKeyReader, IBatchVerifier {
    using Transcript for uint256;

    uint256 private constant OPENING_BYTES = 672;

    /// @notice keccak256 of [tau]_2 in EIP-197 order; a key names the one that it was made for.
    bytes32 public immutable srsDigest;

    /// @notice The contract that holds [tau^(2^k)]_2 as its code (`TauPowers`).
    address public immutable tauPowers;

    /// @param powers for k = 0, 1, … (13 serve every key): [tau^(2^k)]_1, [tau^(2^k)]_2
    constructor(bytes memory powers) {
        (tauPowers, srsDigest) = TauPowers.deploy(powers);
    }

    /// @inheritdoc IProofVerifier
    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool accepted)
    {
        Total memory total = Totals.start();
        Key memory k = _load(key);
        _add(total, k, context, instances, proof);
        return _holds(total, k);
    }

    /// @inheritdoc IBatchVerifier
    function verifyBatch(
        address key,
        bytes32[] calldata contexts,
        uint256[][] calldata instances,
        bytes[] calldata proofs
    ) external view returns (bool accepted) {
        uint256 n = proofs.length;
        if (n == 0 || n != contexts.length || n != instances.length) Verdict.reject();
        Total memory total = Totals.start();
        Key memory k = _load(key);
        _add(total, k, contexts[0], instances[0], proofs[0]);
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 i = 1; i < n; ++i) {
            _add(total, k, contexts[i], instances[i], proofs[i]);
            // nothing of it is needed any more
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
        return _holds(total, k);
    }

    function _load(address key) private view returns (Key memory) {
        return KeyReader.load(key, srsDigest);
    }

    /// @dev Ends the call with `false` if not.
    function _holds(Total memory total, Key memory k) private view returns (bool) {
        Totals.check(total, k, tauPowers);
        return true;
    }

    /// @dev Everything about one proof but the opening's equation; ends the call with `false` if it is a false one.
    function _add(
        Total memory total,
        Key memory k,
        bytes32 context,
        uint256[] calldata instances,
        bytes calldata proof
    ) private view {
        Session memory s;
        s.key = k;
        s.run = Program.load(k);
        _layOut(s, proof);
        _allocate(s);
        _statement(s, context, instances);
        _replay(s);
        _publicValues(s, instances);
        _runProgram(s);
        uint256 value = _mergedValue(s);
        Columns.addWhole(s);
        Columns.addMasks(s);
        Totals.add(total, s, value);
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
            f.rLast = f.zEnd + (16 << 6);
            f.zLast = f.rLast + LastVariables.BYTES;
            pos = f.zLast + LastVariables.BYTES;
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
            // z and r have at least mu >= 6 variables
            LastVariables.plant(f.rLast, f.rEnd);
            LastVariables.plant(f.zLast, f.zEnd);
            Program.fixedFactors(s.run, k, s.gamma, s.lambda);
            Program.run(s.run, s.sections.evals + 128);
        }
    }

    /// @dev The last claim of the merge sumcheck: the value of the opening.
    function _mergedValue(Session memory s) private pure returns (uint256 value) {
        uint256 products = addmod(s.run.products, mulmod(s.delta, Lookups.value(s), FR), FR);
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
}
