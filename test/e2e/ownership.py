"""What owners do: lend, prolong, end and give away passes; give a model away and take it back. On the story's chain."""
from harness import ETHER, PRICE, REJECTED, Suite

suite = Suite()
NONE = "0x" + "00" * 20
CALL, DAY = ETHER // 1000, ETHER // 2000  # the story's prices


@suite.test
def a_pass_is_lent_prolonged_and_ended(world):
    bought = world.buyer.ok("pass", "buy", "--model", 1, "--calls", 2, "--days", 3, "--max-price", "1ETH")
    number = bought["id"]
    lend = ("pass", "lend", number, "--to", world.platform.address(), "--days", 1)
    world.creator.refused(REJECTED, *lend)
    world.buyer.ok(*lend)
    renew = ("pass", "renew", number, "--days", 2, "--max-price")
    world.buyer.refused(PRICE, *renew, "0.0009ETH")
    renewed = world.buyer.ok(*renew, "0.001ETH")
    assert int(renewed["price"]) == 2 * DAY and renewed["expires"] == bought["expires"] + 2 * 86_400
    world.creator.refused(REJECTED, "pass", "move", number)
    world.creator.refused(REJECTED, "pass", "cancel", number)
    world.buyer.ok("pass", "cancel", number)
    world.buyer.refused(REJECTED, "pass", "refund", number)
    world.pass_time(86_400 + 1)
    assert int(world.buyer.ok("pass", "refund", number)["refunded"]) == 2 * CALL + 5 * DAY


@suite.test
def a_pass_that_the_terms_bind_stays(world):
    # The story's first pass; later ones keep the terms of "free second version", which lets them go.
    give = ("pass", "transfer", 1, "--to", world.platform.address())
    world.creator.refused(REJECTED, *give)
    world.buyer.refused(REJECTED, *give)


@suite.test
def a_model_given_away_pays_nobody_until_its_owner_says_whom(world):
    before = world.creator.ok("model", "show", 1)["payout"]
    world.buyer.refused(REJECTED, "model", "transfer", 1, "--to", world.buyer.address())
    world.creator.ok("model", "transfer", 1, "--to", world.buyer.address())
    assert world.creator.ok("model", "show", 1)["payout"] == NONE
    world.creator.refused(REJECTED, "model", "payout", 1, "--to", world.creator.address())
    world.buyer.ok("model", "payout", 1, "--to", world.buyer.address())
    assert world.creator.ok("model", "show", 1)["payout"] == world.buyer.address()
    world.buyer.ok("model", "transfer", 1, "--to", world.creator.address())
    world.creator.ok("model", "payout", 1, "--to", before)
    assert world.creator.ok("model", "show", 1)["payout"] == before
