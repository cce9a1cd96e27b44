"""Answers, ledger, signatures and contracts, held against each other when everything has come to rest."""
import collections

CHARGED = ("settled", "interrupted")


class Books:
    """`requests` and `lanes` as the ledger's file has them; `contracts`: settled units by kind of account."""

    def __init__(self, requests, lanes, contracts, customers):
        self.requests, self.lanes, self.contracts, self.customers = requests, lanes, contracts, customers

    def verdict(self):
        known = sum(len(customer.answered) + len(customer.interrupted) for customer in self.customers)
        return {**{name: len(keys) for name, keys in self.compare(self.requests).items()},
                "disagree": self.disagreements(self.requests, self.lanes), "requests": known}

    def compare(self, requests):
        """Keys whose answer and charge do not belong together."""
        charged = collections.defaultdict(list)
        for row in requests:
            if row[2] in CHARGED:
                charged[row[1]].append(row)
        lost = [key for customer in self.customers for key in customer.lost]
        for customer in self.customers:
            for key, (receipt, units) in customer.answered.items():
                rows = [row for row in charged.get(key, []) if row[2] == "settled"]
                is_his = units is None or any((row[0], int(row[3])) == (receipt, units) for row in rows)
                lost += [key] if not rows or not is_his else []
        known = {key for customer in self.customers for key in (*customer.answered, *customer.interrupted)}
        return {"lost": lost, "doubled": [key for key, rows in charged.items() if len(rows) > 1],
                "charged_and_never_answered": [key for key in charged if key not in known]}

    def disagreements(self, requests, lanes):
        """Every account: the requests' units, the ledger's total, what is signed, what the contract has settled."""
        out = []
        for account, lane, used, signed, _ in lanes:
            kind = account.split(":")[0]
            if kind == "grant":
                continue  # no contract knows of it
            charged = sum(int(row[3]) for row in requests if row[4:6] == (account, lane) and row[2] in CHARGED)
            if not charged == int(used) == int(signed) == self.contracts[kind]:
                out.append([account, charged, int(used), int(signed), self.contracts[kind]])
        return out

    def prove_that_it_would_be_seen(self):
        """A ledger that lost a row, has one twice or of a stranger, or a unit too much, does not pass."""
        answered = {key for customer in self.customers for key, (_, units) in customer.answered.items() if units is not None}
        row = next(row for row in self.requests if row[1] in answered and row[2] == "settled")
        without = [each for each in self.requests if each != row]
        assert row[1] in self.compare(without)["lost"]
        assert row[1] in self.compare([*self.requests, row])["doubled"]
        assert "nobody" in self.compare([*self.requests, (row[0], "nobody", *row[2:])])["charged_and_never_answered"]
        assert row[1] in self.compare([*without, (*row[:3], str(int(row[3]) + 1), *row[4:])])["lost"]
        lane = next(lane for lane in self.lanes if lane[:2] == row[4:6])
        assert self.disagreements(without, [lane])
        assert self.disagreements(self.requests, [(*lane[:2], str(int(lane[2]) + 1), *lane[3:])])
