#!/usr/bin/env python3
"""What failed in a build folder's last run: says why, and whether it is unsteady.

usage: tests/again.py BUILD     (tests/run.sh calls it when meson's run had failures)

The screen's time is real, and the machine may stall or be slow. A test that failed runs
again, three times, with nothing beside it. One that then passes each time is unsteady: it
is named here and by count.py, and does not fail the run. A crash or a sanitizer's report
is no matter of time: it fails the run whatever comes after. Ends with 0 when all that
failed is unsteady."""
import json
import re
import subprocess
import sys

TIMES = 3
# What a sanitizer prints, and how the e2e tests tell of a program that a signal ended.
NEVER = re.compile(r"Sanitizer|runtime error:|(ended with|is gone \() ?-\d")


def excerpt(test):
    """What a reader of the log's end needs: the cases that failed and what they said."""
    lines = [line for line in test.get("stdout", "").splitlines()
             if line.startswith(("not ok", "#", "Bail out"))]
    lines += test.get("stderr", "").splitlines()[-20:]
    return "\n".join(f"    {line[:300]}" for line in lines[-50:])


def crashed(test):
    output = test.get("stdout", "") + test.get("stderr", "")
    return test["returncode"] < 0 or NEVER.search(output) is not None


def passes(build, name):
    command = ["meson", "test", "-C", build, "--no-rebuild", "--logbase", "again",
               "--num-processes", "1", "--timeout-multiplier", "4", "--maxfail", "1",
               "--repeat", str(TIMES), name]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def main(build):
    with open(f"{build}/meson-logs/testlog.json", encoding="utf-8") as log:
        failed = [test for test in map(json.loads, log)
                  if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")]
    unsteady = []
    for test in failed:
        name = test["name"].rpartition(" / ")[2]
        print(f"{build}: {test['name']}: {test['result']} ({test['returncode']})\n{excerpt(test)}",
              flush=True)
        if crashed(test):
            print("    a crash or a sanitizer's report: not run again")
        elif passes(build, name):
            print(f"    unsteady: alone, it passed {TIMES} of {TIMES} times")
            unsteady.append(name)
        else:
            print("    it fails alone, too")
    with open(f"{build}/meson-logs/unsteady", "w", encoding="utf-8") as out:
        out.writelines(f"{name}\n" for name in unsteady)
    return 0 if failed and len(unsteady) == len(failed) else 1


sys.exit(main(sys.argv[1]))
