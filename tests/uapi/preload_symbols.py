"""The preload library gives out the names it replaces, all of them and no other; and it calls
none of them itself: a plain call would come back into our own wrapper (preload_real.h).

Arguments: the library, the list of names (preload.list).
"""
import re
import subprocess
import sys

library, listed = sys.argv[1:]
with open(listed) as file:
    want = set(re.findall(r"\w+", file.read()))


def lines(*argv):
    return subprocess.run([*argv, library], check=True, text=True,
                          capture_output=True).stdout.splitlines()


def bare(name):
    return name.split("@")[0]


got = {bare(line.split()[-1]) for line in lines("nm", "-D", "--defined-only")}
# "offset info type value name + addend": what the dynamic linker puts in for each use.
used = {bare(line.split()[4]) for line in lines("readelf", "-rW") if len(line.split()) == 7}
names = [f"not given out: {name}" for name in sorted(want - got)]
names += [f"given out, but not listed: {name}" for name in sorted(got - want)]
calls = [f"calls {name}, not the C library's" for name in sorted(used & want)]
if not used:
    calls.append("readelf names no function that the library uses")
print("1..2")
for number, problems, what in ((1, names, "symbols"), (2, calls, "calls")):
    for problem in problems:
        print("#", problem)
    print("not ok" if problems else "ok", number, "-", what)
sys.exit(bool(names + calls))
