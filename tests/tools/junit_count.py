#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what ctest did, from its JUnit file, and prints "N passed, N failed".

usage: junit_count.py FILE CTEST_STATUS. A test that could not be started is a failure, and so is a ctest that failed
without naming a test. Skipped tests are named.
"""
import sys
import xml.etree.ElementTree as ElementTree


def is_skip(case):
    mark = case.find("skipped")
    return mark is not None and "SKIP" in mark.get("message", "")


def main(path, ctest_status):
    passed = failed = 0
    try:
        cases = ElementTree.parse(path).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError):
        cases = []
    for case in cases:
        status = case.get("status")
        if status == "run":
            passed += 1
        elif status == "disabled" or (status == "notrun" and is_skip(case)):
            print(f"     skipped: {case.get('name')}")
        else:
            failed += 1
    if ctest_status != 0 and failed == 0:
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
