#!/usr/bin/env python3
"""What docs/audit/evidence.md names exists: tests, files of tests, commands of the program.

usage: check_evidence.py

In backticks: test_…, testFuzz_… (a * stands for the rest) in contracts/test; lower_case names of stories and files X.t.sol, x.py;
in the third column `group command …` of apps/mintmark (… and --flags are not read). Exit status 1 and a line per name that does not exist.
"""
import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/audit/evidence.md"


def names(folder, pattern, regex):
    return {name for path in (ROOT / folder).rglob(pattern) for name in re.findall(regex, path.read_text(errors="replace"))}


def known():
    tests = names("contracts/test", "*.sol", r"function (\w+)\(") | names("test/e2e", "*.py", r"^def (\w+)\(") | \
        {name for path in (ROOT / "test/e2e").glob("*.py") for name in re.findall(r"^def (\w+)\(", path.read_text(), re.M)}
    return tests | {path.name for folder in ("contracts/test", "test/e2e") for path in (ROOT / folder).rglob("*.*")}


def commands():
    """Words that a command or a group of the program is registered under."""
    quoted = names("apps/mintmark", "*.cpp", r'(?:command|add_subcommand|numbered|of_\w+|simple|step)\(\s*(?:\*?\w+,\s*app,\s*)?"([a-z0-9-]+)"')
    return quoted | names("apps/mintmark", "*.cpp", r'"([a-z][a-z0-9-]+)",\s*"')


def wrong_names(text, tests):
    for name in re.findall(r"`((?:test|testFuzz)_[\w*]+|[A-Z][\w*]+\.t\.sol|[a-z0-9_]+\.py)`", text):
        if not fnmatch.filter(tests, name):
            yield f"{name}: no such test"
    for name in re.findall(r"e2e `([a-z0-9_]+)`", text):
        if name not in tests:
            yield f"{name}: no such story"


def wrong_commands(text, words):
    for row in re.findall(r"^\| .+ \| .+ \| (.+) \|$", text, re.M):
        for command in re.findall(r"`([a-z][a-z0-9 -]+?)(?: --[^`]*| …)?`", row.split("e2e")[0]):
            for word in command.split()[:2]:
                if word not in words:
                    yield f"{command}: no command '{word}'"


def main():
    text = PAGE.read_text()
    wrong = [*wrong_names(text, known()), *wrong_commands(text, commands())]
    print("\n".join(wrong) if wrong else f"{PAGE.relative_to(ROOT)}: everything that it names exists")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
