"""What people sign and others carry: deposits by permit, Permit2 and ERC-3009, a seller's price for one buyer, votes. Runs after
the governance suite, in its world."""
import json
import subprocess
import time

from harness import EXPIRED, INVALID, PRICE, REJECTED, ROOT, UNSUPPORTED, Suite, fee

suite = Suite()
PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3"
DOLLAR = 10**6


def word(value):
    return value[2:].rjust(64, "0") if isinstance(value, str) else f"{value:064x}"


def call(world, to, signature, *arguments):
    selector = world.rpc("web3_sha3", "0x" + signature.encode().hex())[:10]
    return {"to": to, "data": selector + "".join(map(word, arguments))}


def send(world, transaction):
    sent = world.rpc("eth_sendTransaction", {"from": world.rpc("eth_accounts")[0], **transaction})
    for _ in range(300):  # it is mined at once, but not before the answer
        receipt = world.rpc("eth_getTransactionReceipt", sent)
        if receipt is not None:
            assert receipt["status"] == "0x1", receipt
            return receipt
        time.sleep(0.1)
    raise AssertionError("not mined")


def held(world, account):
    return int(world.rpc("eth_call", call(world, world.dollar, "balanceOf(address)", account), "latest"), 16)


def artifact(name):
    return json.loads((ROOT / f"contracts/out/SellingPayments.sol/{name}.json").read_text())


@suite.test
def a_dollar_is_accepted(world):
    if not (ROOT / "contracts/out/SellingPayments.sol/DollarToken.json").exists():
        subprocess.run(["node_modules/.bin/forge", "build", "--quiet", "test/mocks/SellingPayments.sol"], cwd=ROOT / "contracts",
                       check=True, timeout=600)
    world.dollar = send(world, {"data": artifact("DollarToken")["bytecode"]["object"]})["contractAddress"]
    send(world, call(world, world.dollar, "mint(address,uint256)", world.buyer.address(), 1000 * DOLLAR))
    world.rpc("anvil_setCode", PERMIT2, artifact("MockPermit2")["deployedBytecode"]["object"])
    world.channel = ("--provider", world.creator.address(), "--token", world.dollar)
    deposit = ("channel", "deposit", *world.channel, "--amount", "5", "--with")
    world.buyer.refused(REJECTED, *deposit, "permit", says="not accepted here")
    world.buyer.refused(REJECTED, "revenue", "accept", world.dollar, says="role")
    world.platform.ok("revenue", "accept", world.dollar)


@suite.test
def deposits_are_signed(world):
    deposit = ("channel", "deposit", *world.channel, "--amount", "5", "--with")
    world.buyer.refused(INVALID, *deposit, "cheque", says="erc3009")
    world.buyer.refused(INVALID, "channel", "deposit", "--provider", world.creator.address(), "--amount", "1ETH", "--with",
                        "permit", says="native")
    for i, way in enumerate(("permit", "permit2", "erc3009", "approve")):
        done = world.buyer.ok(*deposit, way)
        assert int(done["balance"]) == (i + 1) * 5 * DOLLAR, way
    opened = world.buyer.ok("channel", "open", *world.channel, "--amount", "5", "--with", "permit")
    assert int(opened["balance"]) == 25 * DOLLAR
    assert held(world, world.buyer.address()) == 975 * DOLLAR and held(world, world.contract("PaymentChannels")) == 25 * DOLLAR


@suite.test
def others_carry_a_signed_deposit_and_change_nothing(world):
    for way in ("permit2", "erc3009"):
        before = held(world, world.buyer.address())
        path = world.folder / f"deposit-{way}.json"
        world.buyer.ok("channel", "deposit", *world.channel, "--amount", "2", "--with", way, "--out", path)
        signed = json.loads(path.read_text())
        for change in ({"provider": world.platform.address()}, {"amount": str(3 * DOLLAR)}, {"buyer": world.creator.address()}):
            path.write_text(json.dumps({**signed, **change}))
            assert world.platform.run("channel", "carry", path).code != 0, (way, change)
        path.write_text(json.dumps(signed))
        gas = world.balance(world.buyer.address())
        world.platform.ok("channel", "carry", path)
        assert held(world, world.buyer.address()) == before - 2 * DOLLAR and world.balance(world.buyer.address()) == gas
        assert world.platform.run("channel", "carry", path).code != 0, "good once"
    path = world.folder / "deposit-permit.json"
    world.buyer.ok("channel", "deposit", *world.channel, "--amount", "2", "--with", "permit", "--out", path)
    world.platform.refused(INVALID, "channel", "carry", path, says="by its buyer")


@suite.test
def a_token_that_shows_anothers_domain_gets_no_signature(world):
    """The trap answers what the dollar answers, its separator too: what is signed for it would move the dollar."""
    trap = "0x" + "7a" * 20
    world.rpc("anvil_setCode", trap, "0x366000600037" + "6000600036600073" + world.dollar[2:] + "5afa50" + "3d600060003e3d6000f3")
    for way in ("erc3009", "permit"):
        world.buyer.refused(UNSUPPORTED, "channel", "deposit", "--provider", world.creator.address(), "--token", trap, "--amount",
                            "1", "--with", way, says="not its own")


@suite.test
def a_seller_signs_a_price_for_one_buyer(world):
    path = world.folder / "quote.json"
    offer = ("price", "offer", "--model", 1, "--buyer", world.buyer.address(), "--units", 7, "--days", 3, "-o", path)
    world.buyer.refused(REJECTED, *offer, "--amount", "0.002ETH", says="signed")
    world.creator.ok(*offer, "--amount", "0.002ETH")
    buy = ("pass", "buy-quoted", path, "--max-price")
    world.buyer.refused(PRICE, *buy, "0.001ETH", says="above your limit")
    world.platform.refused(REJECTED, *buy, "1ETH", says="buyer")
    quote = json.loads(path.read_text())
    path.write_text(json.dumps({**quote, "amount": "1"}))
    world.buyer.refused(REJECTED, *buy, "1ETH", says="signed")
    path.write_text(json.dumps(quote))
    before = world.balance(world.buyer.address())
    bought = world.buyer.ok(*buy, "0.002ETH")
    assert bought["units_left"] == 7 and int(bought["escrow"]) == 2 * 10**15
    assert world.balance(world.buyer.address()) == before - 2 * 10**15 - fee(bought["tx"])
    world.buyer.refused(REJECTED, *buy, "0.002ETH", says="used")
    world.creator.ok(*offer, "--amount", "12.5", "--token", world.dollar, "--unit", "output_token", "--hours", 1)
    bought = world.buyer.ok(*buy, "12.5")
    assert bought["unit"] == "output_token" and int(bought["escrow"]) == 12_500_000
    world.creator.ok(*offer, "--amount", "0.002ETH", "--hours", 1)
    world.pass_time(3601)
    world.buyer.refused(EXPIRED, *buy, "0.002ETH")


@suite.test
def votes_are_signed_and_carried(world):
    delegation = world.folder / "delegation.json"
    voters = ("governance", "delegate", "--to", world.platform.address())
    world.platform.ok(*voters)
    world.platform.ok("governance", "sign-delegation", "--to", world.buyer.address(), "-o", delegation)
    forged = world.folder / "forged-delegation.json"
    signed = json.loads(delegation.read_text())
    forged.write_text(json.dumps({**signed, "delegation": {**signed["delegation"], "to": world.creator.address()}}))
    proposal = world.platform.ok("governance", "propose", "spend", "--to", world.creator.address(), "--amount", "0.1ETH", "--why",
                                 "a signed vote")["id"]
    world.pass_time(12)
    ballot = world.folder / "ballot.json"
    world.platform.ok("governance", "sign-vote", proposal, "for", "-o", ballot)
    vote = json.loads(ballot.read_text())
    against = world.folder / "against.json"
    against.write_text(json.dumps({**vote, "ballot": {**vote["ballot"], "support": 0}}))
    world.buyer.refused(REJECTED, "governance", "carry", against)
    world.buyer.ok("governance", "carry", ballot)
    shown = world.buyer.ok("governance", "show", proposal)
    assert int(shown["for"]) > 0 and int(shown["against"]) == 0, shown.value
    assert world.buyer.run("governance", "carry", ballot).code != 0, "counted once"
    world.creator.ok("governance", "carry", delegation)
    assert world.creator.run("governance", "carry", delegation).code != 0, "its nonce is used"
    world.platform.ok(*voters)
