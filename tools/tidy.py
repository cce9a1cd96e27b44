#!/usr/bin/env python3
"""House rules that no compiler checks. Run as a CTest; every message names the fix."""
import pathlib
import re
import sys

LINE_MAX, FILE_MAX = 100, 800
BANNED = {  # regular expression -> what to write instead
    r"\bstd::endl\b": "'\\n'",
    r"\bassert\(": "MINTMARK_ASSERT (always on) or MINTMARK_DEBUG_ASSERT (hot loops)",
    r"\busing namespace std\b": "qualified names",
    r"\b(FIXME|XXX|HACK)\b": "TODO(#issue) or fix it now",
    r"\bthrow\b": "return Error{...} (adapters to third-party code carry NOLINT(throw))",
}

# Secrets are drawn from the operating system. Only this production code may name the seeded
# generator: it makes calibration samples, and reaches no field code.
SEEDED = {"src/mintmark/base/rng.hpp", "src/mintmark/base/rng.cpp", "src/mintmark/model/calibration.cpp"}
TEST_SUPPORT = re.compile(r"(_test|_bench|_fuzz)\.cpp$|/testing\.hpp$|/naive_\w+\.hpp$")


def check_randomness(root):
    errors = []
    for folder in ("src", "apps"):
        for path in sorted((root / folder).rglob("*.[ch]pp")):
            rel = path.relative_to(root).as_posix()
            if rel in SEEDED or TEST_SUPPORT.search(rel):
                continue
            for number, line in enumerate(path.read_text().split("\n"), 1):
                if re.search(r"\bSeededRng\b|\bstd::(mt19937|minstd_rand|rand|random_device)\b", line.split("//")[0]):
                    errors.append(f"{rel}:{number}: not for production: take an Rng&, or system_rng()")
                if re.search(r":\s*public\s+(mintmark::)?Rng\b", line):
                    errors.append(f"{rel}:{number}: system_rng() is the only generator of production")
    return errors


def modules(cmake_text):
    out = {}
    for body in re.findall(r"^\s*mintmark_module\(([^)]*)\)", cmake_text, re.M):
        words = body.split()
        deps, take = set(), False
        for word in words[1:]:
            if re.fullmatch(r"[A-Z_]+", word):
                take = word == "DEPS"
            elif take:
                deps.add(word)
        out[words[0]] = deps
    return out


def check(root):
    errors = []
    cmake = "\n".join(p.read_text() for p in root.glob("**/CMakeLists.txt") if "build" not in p.parts)
    deps = modules(cmake)
    for path in sorted((root / "src" / "mintmark").rglob("*.[ch]pp")):
        text = path.read_text()
        rel = path.relative_to(root)
        module = path.relative_to(root / "src" / "mintmark").parts[0]
        lines = text.split("\n")
        if len(lines) > FILE_MAX:
            errors.append(f"{rel}:1: {len(lines)} lines, at most {FILE_MAX}: split the file")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_MAX:
                errors.append(f"{rel}:{number}: {len(line)} columns, at most {LINE_MAX}")
            code = line.split("//")[0]
            for pattern, instead in BANNED.items():
                if re.search(pattern, code) and "NOLINT" not in line:
                    errors.append(f"{rel}:{number}: {pattern} is banned, use {instead}")
            found = re.match(r'#include "mintmark/(\w+)/', line)
            if found and found[1] not in deps.get(module, set()) | {module}:
                errors.append(f"{rel}:{number}: module '{module}' does not declare DEPS {found[1]}")
        if path.suffix == ".cpp" and path.name not in cmake:
            errors.append(f"{rel}:1: no CMakeLists.txt names this file")
    return errors


if __name__ == "__main__":
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = check(top) + check_randomness(top)
    print("\n".join(found))
    sys.exit(1 if found else 0)
