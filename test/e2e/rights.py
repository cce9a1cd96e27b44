"""Licences, derivatives, royalties and shares, on the story's chain and with its people."""
import time

from harness import ETHER, EXISTS, INVALID, NOT_FOUND, PRICE, REJECTED, Suite, fee

suite = Suite()
FEE = ETHER // 10
SHARE_PPM = 200_000
NONE = "0x" + "00" * 20


def platform_part(amount):
    return amount * 25_000 // 1_000_000


def pay(world, model, amount):
    """Somebody pays a model through the router, as a channel or a licence does."""
    name = "0x" + b"pay(uint256)".hex()
    data = world.rpc("web3_sha3", name)[:10] + f"{model:064x}"
    payer = world.rpc("eth_accounts")[1]
    sent = world.rpc("eth_sendTransaction",
                     {"from": payer, "to": world.contract("RevenueRouter"), "value": hex(amount), "data": data})
    for _ in range(300):  # it is mined at once, but not before the answer
        receipt = world.rpc("eth_getTransactionReceipt", sent)
        if receipt is not None:
            return receipt["status"] == "0x1"
        time.sleep(0.1)
    return False


@suite.test
def a_licence_is_bought_within_limits(world):
    offer = ("license", "offer", "--model", 1, "--share-ppm", SHARE_PPM, "--fee", "0.1ETH", "--approval")
    world.buyer.refused(REJECTED, *offer, says="somebody else's")
    world.terms = world.creator.ok(*offer)["terms"]
    assert world.creator.ok(*offer)["terms"] == world.terms, "the same terms have one id"
    buy = ("license", "buy", "--model", 1, "--terms", world.terms)
    world.buyer.refused(PRICE, *buy, "--max-fee", "0.09ETH", "--max-revenue-share", SHARE_PPM, says="0.1 ETH")
    world.buyer.refused(PRICE, *buy, "--max-fee", "0.1ETH", "--max-revenue-share", SHARE_PPM - 1,
                        says="--max-revenue-share")
    world.buyer.refused(NOT_FOUND, "license", "buy", "--model", 1, "--terms", "0x" + "11" * 32, "--max-fee", "1ETH")
    bought = world.buyer.ok(*buy, "--max-fee", "0.1ETH", "--max-revenue-share", SHARE_PPM)
    assert int(bought["fee"]) == FEE
    world.license = bought["license"]
    shown = world.creator.ok("license", "show", world.license)
    assert shown["owner"] == world.buyer.address() and shown["used_by"] == 0
    assert shown["right"] == "fine-tune" and shown["share_ppm"] == SHARE_PPM and shown["approval"]


@suite.test
def a_derivative_waits_for_its_parent(world):
    world.child = world.buyer.ok("derivative", "new", "--name", "tuned", "--card", "ipfs://tuned")["model"]
    link = ("derivative", "link", "--model", world.child, "--license", world.license, "--relation", "quantized",
            "--max-stack-ppm")
    world.creator.refused(REJECTED, *link, SHARE_PPM, says="somebody else's")
    world.buyer.refused(PRICE, *link, SHARE_PPM - 1)
    world.buyer.ok(*link, SHARE_PPM)
    world.buyer.refused(EXISTS, *link, SHARE_PPM, says="links once")
    shown = world.buyer.ok("derivative", "show", world.child)
    assert shown["state"] == "pending" and shown["stack_ppm"] == SHARE_PPM
    assert shown["parents"] == [{"model": 1, "version": 1, "license": world.license, "share_ppm": SHARE_PPM,
                                 "relation": "quantized", "policy": "absolute"}]
    assert world.creator.ok("license", "show", world.license)["used_by"] == world.child
    world.buyer.refused(REJECTED, "derivative", "approve", world.child, "--parent", 1, says="somebody else's")
    world.creator.ok("derivative", "approve", world.child, "--parent", 1)
    shown = world.buyer.ok("derivative", "show", world.child)
    assert shown["state"] == "linked" and shown["ancestors"] == [{"model": 1, "ppm": SHARE_PPM}]
    world.creator.refused(REJECTED, "derivative", "reject", world.child, "--parent", 1, says="nothing left")


@suite.test
def a_signed_approval_links_at_once(world):
    child = world.buyer.ok("derivative", "new", "--name", "agreed", "--card", "ipfs://agreed")["model"]
    license = world.creator.ok("license", "grant", "--model", 1, "--share-ppm", SHARE_PPM, "--approval",
                               "--to", world.buyer.address())["license"]
    file, forged = world.folder / "approval.json", world.folder / "forged.json"
    sign = ("derivative", "sign", child, "--license", license, "--relation", "merge", "--file")
    world.creator.ok(*sign, file)
    world.buyer.ok(*sign, forged)  # the child's owner approves of himself
    link = ("derivative", "link", "--model", child, "--license", license, "--max-stack-ppm", SHARE_PPM, "--relation")
    world.buyer.refused(INVALID, *link, "fine-tune", "--approval", file, says="another link")
    world.buyer.refused(REJECTED, *link, "merge", "--approval", forged)
    world.buyer.ok(*link, "merge", "--approval", file)
    assert world.buyer.ok("derivative", "show", child)["state"] == "linked"


@suite.test
def everybody_claims_his_part(world):
    opened = world.buyer.ok("vault", "open", "--model", world.child, "--ppm", 500_000, "--shares", 1000)
    assert int(opened["shares"]) == 1000 * ETHER
    world.buyer.refused(EXISTS, "vault", "open", "--model", world.child, "--ppm", 1)
    before = int(world.creator.ok("revenue", "show", "--model", 1)["models"][0]["claimable"])
    assert before == FEE - platform_part(FEE)
    assert pay(world, world.child, ETHER)
    left = ETHER - platform_part(ETHER)
    royalty = left * SHARE_PPM // 1_000_000
    collected = world.buyer.ok("revenue", "collect", "--model", world.child)["royalties"]
    assert [(row["ancestor"], int(row["amount"])) for row in collected] == [(1, royalty)]
    assert world.buyer.ok("revenue", "collect", "--model", world.child)["royalties"] == []
    shown = world.creator.ok("revenue", "show", "--model", 1)["models"][0]
    assert int(shown["claimable"]) == before + royalty
    shares = (left - royalty) // 2
    held = world.buyer.ok("vault", "show", "--model", world.child)
    assert int(held["claimable"]) == shares and held["ppm"] == 500_000 and held["held"] == held["shares"]
    account = world.buyer.address()
    balance = world.balance(account)
    claimed = world.buyer.ok("vault", "claim", "--model", world.child)
    assert int(claimed["amount"]) == shares
    assert world.balance(account) == balance + shares - fee(claimed["tx"])
    world.buyer.refused(NOT_FOUND, "vault", "claim", "--model", world.child)
    own = world.buyer.ok("revenue", "claim", "--model", world.child)["claims"][0]
    assert int(own["amount"]) == left - royalty - shares and own["to"] == account
    assert int(world.creator.ok("revenue", "claim", "--model", 1)["claims"][0]["amount"]) == before + royalty
    world.platform.ok("revenue", "claim", "--platform")
    assert world.balance(world.contract("RevenueRouter")) == 0
    assert world.balance(opened["vault"]) == 0
    none = world.buyer.ok("revenue", "show", "--model", world.child, "--token", NONE)["models"][0]
    assert int(none["earned"]) == left - royalty - shares, "the zero address is the native currency"
