#!/usr/bin/env python3
"""End to end: the real program, a real chain, real proofs. Last line: 'N passed, N failed'.

usage: run.py [--no-examples]       environment: MINTMARK (the program), MINTMARK_MODELS (ezkl's examples)
"""
import subprocess
import sys

import accuracy
import adapters
import bad_input
import batches
import catalogue
import challenges
import cluster
import degraded
import deployment
import disputes
import earners
import examples
import gateway
import governance
import indexed
import infernet
import jobs
import ownership
import paid
import referee
import rights
import selling
import settled
import signed
import standalone
import story
import systems
import tensors
import traces
import upto
import x402
from harness import ROOT, World


def build_contracts():
    if not (ROOT / "contracts/out/VerifierRouter.sol/VerifierRouter.json").exists():
        subprocess.run(["node_modules/.bin/forge", "build", "--skip", "test", "--quiet"], cwd=ROOT / "contracts",
                       check=True)


def main():
    build_contracts()
    suites = [story.suite, challenges.suite, adapters.suite, referee.suite, rights.suite, ownership.suite, jobs.suite, tensors.suite, accuracy.suite,
              standalone.suite, bad_input.suite]
    if "--no-examples" not in sys.argv[1:]:
        suites.append(examples.suite)
    suites.append(disputes.suite)
    selling_suites = [selling.suite, catalogue.suite, governance.suite, signed.suite]
    world, market, serving = World("e2e"), World("selling"), World("serving")
    sold, followed, batched = World("paid"), World("indexed"), World("settled")
    deployed, payments, adapted = World("deployment"), World("payments"), World("systems")
    together = World("batches")
    try:
        deployment.suite.run(deployed)
        for suite in suites:
            suite.run(world)
        for suite in selling_suites:
            suite.run(market)
        gateway.suite.run(serving)
        infernet.suite.run(serving)
        traces.suite.run(serving)
        x402.suite.run(payments)
        upto.suite.run(payments)
        cluster.suite.run(payments)
        degraded.suite.run(payments)
        paid.suite.run(sold)
        indexed.suite.run(followed)
        settled.suite.run(batched)
        systems.suite.run(adapted)
        earners.suite.run(adapted)
        batches.suite.run(together)
    finally:
        world.close()
        market.close()
        serving.close()
        sold.close()
        followed.close()
        batched.close()
        deployed.close()
        payments.close()
        adapted.close()
        together.close()
        if hasattr(deployed, "other"):
            deployed.other.close()
    passed = sum(suite.passed for suite in [*suites, *selling_suites, gateway.suite, infernet.suite, traces.suite, x402.suite, upto.suite, degraded.suite, cluster.suite, paid.suite, indexed.suite, settled.suite, systems.suite, earners.suite, batches.suite, deployment.suite])
    failed = sum(suite.failed for suite in [*suites, *selling_suites, gateway.suite, infernet.suite, traces.suite, x402.suite, upto.suite, degraded.suite, cluster.suite, paid.suite, indexed.suite, settled.suite, systems.suite, earners.suite, batches.suite, deployment.suite])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
