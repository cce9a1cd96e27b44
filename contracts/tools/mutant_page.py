"""docs/audit/mutants.md: for each broken contract the test that noticed it. `tools/mutants` reads its verdicts there and writes them back."""
import dataclasses

HEAD = """# Broken contracts, and the tests that notice them

`make -C contracts mutants` breaks one line of a contract at a time ([mutant_list.py](../../contracts/tools/mutant_list.py)) and demands that a test fails, under which the unchanged contracts pass
in the same profile (no optimizer, 50 runs of a fuzz test, up to 512 lives of 64 actions). A contract whose `setUp` fails has not noticed anything. "by" names the first test that failed, and the public invariant that said
that it is broken where a [named one](README.md#invariants) must. A verdict holds while mutant, broken file and that test's file are the same, which the last column is the hash of.

| broken | in | noticed by | on | key |
| --- | --- | --- | --- | --- |
"""


@dataclasses.dataclass
class Row:
    where: str
    file: str  # of the test
    test: str
    number: str  # of the invariant
    date: str
    key: str


class Page:
    """{description: Row}, in the order of the list."""

    def __init__(self, path):
        self.path, self.rows = path, {}
        for line in path.read_text().splitlines() if path.exists() else []:
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if len(cells) != 5 or not cells[1].startswith("`"):
                continue
            by = cells[2].replace("`", "")
            number, by = (by.split(" ", 2)[1].rstrip(","), by.split(" ", 2)[2]) if by.startswith("invariant ") else ("", by)
            file, _, test = by.partition(":") if ":" in by else ("", "", "")
            self.rows[cells[0]] = Row(cells[1].strip("`"), file, test, number, cells[3], cells[4])

    def put(self, mutant, file, test, number, key, date):
        """One verdict; the file is written at once."""
        self.rows[mutant[3]] = Row(mutant[0], file, test, number, str(date), key)
        self.write()

    def write(self):
        lines = []
        for broken, row in sorted(self.rows.items(), key=lambda item: (item[1].where, item[0])):
            by = f"`{row.file}:{row.test}`" if row.test else "**nothing**"
            named = f"invariant {row.number}, " if row.number else ""
            lines.append(f"| {broken} | `{row.where}` | {named}{by} | {row.date} | {row.key} |")
        self.path.write_text(HEAD + "\n".join(lines) + "\n")
