#!/usr/bin/env python3
"""Every defect of the sketch that Mintmark grew from has a test named after it, or an answer in docs/audit/defects.md.

usage: check_defects.py [--list]       --list prints the tests of every defect

The defects are the rows of that page. A test carries the id in its name: test_R1_…, testFuzz_R1_… in Solidity, R1_… or
…_R1_… in C++. Exit status 1 and a line per defect when one has neither.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/audit/defects.md"
FAMILIES = {"R": 13, "A": 14, "D": 19, "P": 11, "G": 12, "Z": 8, "V": 4}
ANSWERED = {"R13", "Z4", "Z5", "Z8"}  # not about behaviour: a paragraph answers them
SOLIDITY = re.compile(r"function (test(?:Fuzz)?_([A-Z]\d+)_\w+)\(")
CPP = re.compile(r"\bTEST(?:_F|_P)?\(\s*\w+,\s*((?:\w+_)?([A-Z]\d+)_\w+)\s*\)")


def tests():
    """{id: [file:test]}"""
    found = {}
    for folder, pattern, regex in (("contracts/test", "*.sol", SOLIDITY), ("src", "*.cpp", CPP), ("test", "*.cpp", CPP)):
        for path in sorted((ROOT / folder).rglob(pattern)):
            for name, defect in regex.findall(path.read_text(errors="replace")):
                found.setdefault(defect, []).append(f"{path.relative_to(ROOT)}:{name}")
    return found


def main():
    found = tests()
    rows = dict(re.findall(r"^\| ([A-Z]\d+) \| (.+) \|$", PAGE.read_text(), re.M))
    missing = []
    for defect in (f"{family}{n}" for family, count in FAMILIES.items() for n in range(1, count + 1)):
        if defect not in rows:
            missing.append(f"{defect}: no row in {PAGE.relative_to(ROOT)}")
        if defect not in ANSWERED and defect not in found:
            missing.append(f"{defect}: no test is named after it (write test_{defect}_…)")
        if "--list" in sys.argv[1:]:
            print(defect, *found.get(defect, ["answered in " + str(PAGE.relative_to(ROOT))]), sep="\n    ")
    print("\n".join(missing) if missing else f"{sum(FAMILIES.values())} defects: each has its test or its answer")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
