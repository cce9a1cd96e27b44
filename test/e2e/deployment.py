"""One plan, two programs: the contracts stand at the same addresses on every chain, and a deployment that was cut short goes on."""
import json
import os
import signal
import subprocess
import time

from harness import EXISTS, ROOT, FUNDS, Person, Suite, World

suite = Suite()
CONTRACTS = ROOT / "contracts"
PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
DEV = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"  # whose key everybody knows
PARTY = "0x00000000000000000000000000000000000000A1"
PARTIES = ("--admin", PARTY, "--guardian", PARTY, "--operator", PARTY, "--arbiter", PARTY, "--treasury", PARTY)
PLAN = json.loads((CONTRACTS / "script/plan.json").read_text())


def nonce(world, address):
    return int(world.rpc("eth_getTransactionCount", address, "latest"), 16)


@suite.test
def a_deployment_is_killed_and_goes_on(world):
    world.start_chain()
    world.rpc("anvil_setCode", PROXY, "0x")  # a chain that lacks the proxy
    begun = world.folder / "deployment.json.part"
    process = world.platform.start("chain", "deploy", "--dev", "--power", 8, *PARTIES)
    deadline = time.monotonic() + 300
    while not (begun.exists() and len(json.loads(begun.read_text())["contracts"]) >= 7):
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=90)
    assert not world.deployment.exists()
    deployed = world.platform.ok("chain", "deploy", "--dev", "--power", 8, *PARTIES)
    # Each step once, and the gift to the proxy's maker.
    assert nonce(world, DEV) == len(PLAN["economy"]) + 1, nonce(world, DEV)
    assert set(deployed["contracts"]) == {step["create"] for step in PLAN["economy"] if "create" in step}
    assert not begun.exists()
    kept = json.loads(world.deployment.read_text())
    blocks = [record.get("block", kept["startBlock"]) for record in kept["records"].values()]
    assert min(blocks) == kept["startBlock"], (blocks, kept["startBlock"])
    assert kept["records"]["PriceBook"]["compiler"].startswith("0.8.")
    world.platform.refused(EXISTS, "chain", "deploy", "--dev", says="--salt")


@suite.test
def the_script_makes_the_same_addresses_on_another_chain(world):
    other = world.other = World("deployment-other")
    other.rpc_url = other.platform.ok("chain", "up", "--port", 0, "--chain-id", 1337)["rpc_url"]
    kept = json.loads(world.deployment.read_text())
    words = kept["records"]["UniversalVerifier"]["constructorArguments"][2:]
    powers = "0x" + words[128:128 + 2 * int(words[64:128], 16)]  # behind the offset and the length
    output = other.economy = CONTRACTS / "deployments/1337-test.json"
    parties = dict.fromkeys(("ADMIN", "GUARDIAN", "OPERATOR", "ARBITER", "TREASURY"), PARTY)
    env = {**os.environ, **parties, "TAU_POWERS": powers, "ADMIN_DELAY": "0", "OPERATOR_DELAY": "0", "MIN_COMMIT_AGE": "1",
           "OUTPUT": str(output.relative_to(CONTRACTS)), "RPC_URL": other.rpc_url, "SRS_PATH": kept["srsPath"]}
    done = subprocess.run(["node_modules/.bin/forge", "script", "script/Deploy.s.sol", "--rpc-url", other.rpc_url, "--broadcast",
                           "--unlocked", "--sender", DEV, "--slow", "--non-interactive"], cwd=CONTRACTS, env=env,
                          capture_output=True, text=True, check=False, timeout=6000)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    made = json.loads(output.read_text())
    assert made["contracts"] == kept["contracts"], (made["contracts"], kept["contracts"])
    assert all(made["records"][name]["constructorArguments"] == kept["records"][name]["constructorArguments"]
               for name in made["records"])
    assert nonce(other, DEV) == len(PLAN["economy"]), nonce(other, DEV)


@suite.test
def the_program_finds_nothing_left_to_do_after_the_script(world):
    other = world.other
    before = nonce(other, DEV)
    srs = json.loads(world.deployment.read_text())["srsPath"]
    deployed = other.platform.ok("chain", "deploy", "--dev", "--srs-path", srs, *PARTIES)
    assert nonce(other, DEV) == before and deployed["gas"] == 0
    kept, here = (json.loads(who.deployment.read_text()) for who in (world, other))
    assert kept["contracts"] == here["contracts"]
    # Found by the first log: an index must not begin after what it is to read.
    assert 0 < here["startBlock"] <= 3, here["startBlock"]
    # Another deployer has other addresses: nobody can take a deployment's place.
    other.platform.ok("wallet", "new", "platform")
    other.fund(other.platform.address(), "0.0001ETH")
    other.platform.refused(FUNDS, "chain", "deploy", "--srs-path", srs, "--salt", "second")


@suite.test
def the_daos_script_makes_the_programs_addresses(world):
    """DeployGovernance.s.sol beside the script's economy, the program beside the program's, with their own defaults."""
    other, founder = world.other, Person(world, "founder")
    secret = world.folder / "founder.txt"
    secret.write_text("5f" * 32 + "\n")
    account = founder.ok("wallet", "import", "founder", "--key-file", secret)["address"]
    world.fund(account, "10ETH")
    parties = {"--holder": PARTY, "--guardian": PARTY}
    founded = founder.ok("governance", "deploy", *(word for pair in parties.items() for word in pair))["contracts"]
    other.fund(account, "10ETH")
    other.rpc("anvil_impersonateAccount", account)
    output = CONTRACTS / "deployments/1337-dao-test.json"
    env = {**os.environ, "HOLDER": PARTY, "GUARDIAN": PARTY, "ECONOMY": str(other.economy.relative_to(CONTRACTS)),
           "OUTPUT": str(output.relative_to(CONTRACTS)), "RPC_URL": other.rpc_url}
    script = ["node_modules/.bin/forge", "script", "script/DeployGovernance.s.sol", "--rpc-url", other.rpc_url, "--broadcast",
              "--unlocked", "--sender", account, "--slow", "--non-interactive"]
    done = subprocess.run(script, cwd=CONTRACTS, env=env, capture_output=True, text=True, check=False, timeout=6000)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    made = json.loads(output.read_text())["contracts"]
    assert {name: made[name].lower() for name in founded} == {name: at.lower() for name, at in founded.items()}, (made, founded)
    assert all(len(chain.rpc("eth_getCode", address, "latest")) > 100 for address in founded.values() for chain in (world, other))
    # Done is done: a second run sends nothing.
    before = nonce(other, account)
    done = subprocess.run(script, cwd=CONTRACTS, env=env, capture_output=True, text=True, check=False, timeout=6000)
    assert done.returncode == 0 and nonce(other, account) == before, done.stderr[-3000:]
    output.unlink()
    other.economy.unlink()


@suite.test
def sources_are_ready_for_verification(world):
    done = subprocess.run(["tools/standard-json", str(world.deployment), "--check", "LicenseTerms"], cwd=CONTRACTS,
                          capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "forge verify-contract --chain 31337" in done.stdout and "src/licensing/LicenseTerms.sol:LicenseTerms" in done.stdout
