#!/usr/bin/env python3
"""Adds up the test cases of meson's JUnit logs: 'N passed, N failed, N skipped'. Cases that
failed in a test that again.py found unsteady are named, and count as passed."""
import glob
import os
import sys
import xml.etree.ElementTree as ET


def unsteady_tests(build):
    path = f"{build}/meson-logs/unsteady"
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as names:
        return names.read().split()


passed = failed = skipped = 0
for build in sys.argv[1:]:
    unsteady = unsteady_tests(build)
    for path in glob.glob(f"{build}/meson-logs/testlog*.junit.xml"):
        for case in ET.parse(path).getroot().iter("testcase"):
            name = f"{case.get('classname')} {case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                if case.get("classname").rpartition(" / ")[2] in unsteady:
                    passed += 1
                    print(f"unsteady: {name}")
                else:
                    failed += 1
                    print(f"failed: {name}")
            elif case.find("skipped") is not None:
                skipped += 1
                print(f"skipped: {name}")
            else:
                passed += 1
if passed + failed == 0:
    print("no test was run")
    failed = 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
