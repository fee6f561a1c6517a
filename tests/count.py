#!/usr/bin/env python3
"""Adds up the test cases of meson's JUnit logs: 'N passed, N failed, N skipped'."""
import glob
import sys
import xml.etree.ElementTree as ET

passed = failed = skipped = 0
for build in sys.argv[1:]:
    for path in glob.glob(f"{build}/meson-logs/testlog*.junit.xml"):
        for case in ET.parse(path).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                print(f"failed: {case.get('classname')} {case.get('name')}")
            elif case.find("skipped") is not None:
                skipped += 1
                print(f"skipped: {case.get('classname')} {case.get('name')}")
            else:
                passed += 1
if passed + failed == 0:
    print("no test was run")
    failed = 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed else 0)
