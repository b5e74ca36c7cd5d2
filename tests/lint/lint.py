#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the style of the house. Each rule is one check; the last line is "N passed, N failed".

usage: lint.py [PATTERN...]   only rules whose name matches one of the patterns
       lint.py --list-c       prints the C files that clang-format owns
"""
import os
import re
import sys

sys.dont_write_bytecode = True

import rooms  # noqa: F401  (its rules register themselves)
import selftest
from rules import RULES
from tree import Tree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHOWN = 25


def report(name, breaches):
    print(f"{'FAIL' if breaches else 'ok  '} {name}")
    for breach in breaches[:SHOWN]:
        print(f"     {breach}")
    if len(breaches) > SHOWN:
        print(f"     and {len(breaches) - SHOWN} more")


def main(arguments):
    tree = Tree(ROOT)
    if arguments == ["--list-c"]:
        print("\n".join(tree.c_files()))
        return 0
    checks = [(name, lambda function=function: list(function(tree))) for name, function in RULES.items()]
    checks += [(f"lint_selftest/{name}", function) for name, function in selftest.checks()]
    passed = failed = 0
    for name, check in checks:
        if arguments and not any(re.search(pattern, name) for pattern in arguments):
            continue
        breaches = check()
        report(name, breaches)
        passed += not breaches
        failed += bool(breaches)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
