"""The preload library gives out the names it replaces, all of them and no other.

Arguments: the library, the list of names (preload.list).
"""
import re
import subprocess
import sys

library, listed = sys.argv[1:]
with open(listed) as file:
    want = set(re.findall(r"\w+", file.read()))
lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                       capture_output=True).stdout.splitlines()
got = {line.split()[-1].split("@")[0] for line in lines}
problems = [f"not given out: {name}" for name in sorted(want - got)]
problems += [f"given out, but not listed: {name}" for name in sorted(got - want)]
print("1..1")
for problem in problems:
    print("#", problem)
print("not ok 1 - symbols" if problems else "ok 1 - symbols")
sys.exit(bool(problems))
