"""Being found, passes in units paid by a feed's price, and what nodes are paid; on the selling story's chain."""
import time

from harness import ETHER, INVALID, NOT_FOUND, PRICE, REJECTED, Suite

suite = Suite()


def constant_feed(world, answer, decimals=8):
    """A contract of AggregatorV3Interface's shape that always answers the same, just now."""
    body = "5f3560e01c63313ce56714602f57"  # decimals() jumps to 0x2f
    body += f"60015f5267{answer:016x}602052" + "42604052" + "42606052" + "6001608052" + "60a05ff3"  # latestRoundData()
    body += f"5b60{decimals:02x}5f5260205ff3"
    code = f"0x60{len(body) // 2:02x}8060095f395ff3{body}"
    sent = world.rpc("eth_sendTransaction", {"from": world.rpc("eth_accounts")[1], "data": code})
    for _ in range(300):  # it is mined at once, but not before the answer
        receipt = world.rpc("eth_getTransactionReceipt", sent)
        if receipt is not None:
            return receipt["contractAddress"]
        time.sleep(0.1)
    raise AssertionError("the feed was not deployed")


@suite.test
def a_model_is_found_by_what_it_does(world):
    entry = ("catalog", "add", "--model", 1, "--task", "image-classification", "--license", "apache-2.0")
    world.buyer.refused(REJECTED, *entry, says="somebody else's")
    world.creator.refused(INVALID, "catalog", "add", "--model", 1, "--task", "classification of images", "--license",
                          "mit", says="task")
    world.creator.ok(*entry, "--tags", "draft")
    world.creator.ok(*entry, "--modality", "image", "--verification", "zk", "--tags", "MNIST,digits")
    found = world.buyer.ok("catalog", "search")["models"]
    assert [(row["id"], row["tags"], row["verification"]) for row in found] == [(1, "MNIST,digits", "zk")], found
    assert found[0]["per_call_pico_wei"] == str(ETHER // 1000 * 10**12)
    for words in (["mnist"], ["--task", "image-classification"], ["--license", "Apache-2.0"], ["--verification", "audit"],
                  ["--max-price-per-call", "0.001ETH"], ["--modality", "image"], ["--max-rate", "input_token=0.05/M"]):
        assert len(world.buyer.ok("catalog", "search", *words)["models"]) == 1, words
    assert found[0]["rates"]["input_token"] == "$0.05/M", found
    world.buyer.refused(INVALID, "catalog", "search", "--max-rate", "cheap", says="no rate")
    for words in (["draft"], ["--task", "text-generation"], ["--license", "mit"], ["--max-price-per-call", "0.0009ETH"],
                  ["--modality", "audio"], ["--max-rate", "input_token=0.049/M"], ["--max-rate", "image=1"]):
        assert world.buyer.ok("catalog", "search", *words)["models"] == [], words


@suite.test
def units_are_bought_at_a_price_in_dollars(world):
    buy = ("pass", "buy-units", "--model", 1, "--unit", "input_token", "--units", 2_000_000, "--days", 1)
    world.buyer.refused(REJECTED, *buy, "--max-price", "1ETH", says="currency")
    feed = constant_feed(world, 2_500 * 10**8)
    listing = ("price", "currency", "--feed", feed, "--min", 100 * 10**8, "--max", 100_000 * 10**8)
    world.buyer.refused(REJECTED, *listing, says="role")
    world.platform.ok(*listing)
    world.buyer.refused(PRICE, *buy, "--max-price", "0.00003ETH", says="--max-price")
    world.buyer.refused(REJECTED, "pass", "buy-units", "--model", 1, "--unit", "image", "--units", 1, "--days", 1,
                        "--max-price", "1ETH", says="unit")
    bought = world.buyer.ok(*buy, "--max-price", "0.01ETH")
    # $0.10 of tokens; the day is free; 1 ether is $2,500.
    assert int(bought["escrow"]) == ETHER * 10 // 100 // 2_500, bought
    assert bought["unit"] == "input_token" and bought["calls_left"] == 2_000_000
    assert world.balance(world.contract("AccessPass")) >= int(bought["escrow"])
    shown = world.buyer.ok("pass", "show", bought["id"])
    assert shown["unit"] == "input_token" and shown["token"] == "0x" + "00" * 20


@suite.test
def an_owner_says_what_nodes_get(world):
    world.buyer.refused(REJECTED, "revenue", "node-part", "--model", 1, "--ppm", 1, says="somebody else's")
    raised = world.creator.ok("revenue", "node-part", "--model", 1, "--ppm", 400_000)
    assert raised["ppm_now"] == 400_000
    lowered = world.creator.ok("revenue", "node-part", "--model", 1, "--ppm", 300_000)
    assert lowered["ppm_now"] == 400_000, "a lower part waits a day"
    world.pass_time(86_401)
    world.buyer.refused(NOT_FOUND, "revenue", "claim", "--node")
