#!/usr/bin/env python3
"""Time from the start of `testcard exec -- modetest ... -v` to its first frame on the
screen, as the device logs it; beside it the bare start of a process (`true`) in the same
run. Prints minimum, median and maximum of N runs.

usage: first_flip.py LAUNCHER [RUNS]"""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

launcher, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10
runtime = tempfile.mkdtemp(dir="/dev/shm")  # as XDG_RUNTIME_DIR is: in memory
env = dict(os.environ, XDG_RUNTIME_DIR=runtime, TESTCARD_LOG="info")


def connector():
    text = subprocess.run([launcher, "exec", "--", "modetest", "-M", "testcard", "-c"], env=env,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    return re.search(r"^(\d+)\t", text, re.M)[1]


def to_first_frame(argv):
    start = time.monotonic()
    process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "first frame" in line:
            took = time.monotonic() - start
            break
    process.stdin.write("\n")
    process.stdin.close()
    process.stderr.read()
    process.wait()
    return took


def to_end(argv):
    start = time.monotonic()
    subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def report(name, values):
    values = [value * 1e3 for value in values]
    print(f"{name:44} {min(values):7.1f} {statistics.median(values):7.1f} {max(values):7.1f} ms")


mode = ["modetest", "-M", "testcard", "-v", "-s", connector() + ":1024x768"]
print(f"{'':44} {'min':>7} {'median':>7} {'max':>7}")
report("true", [to_end(["true"]) for _ in range(runs)])
report("testcard exec -- true", [to_end([launcher, "exec", "--", "true"]) for _ in range(runs)])
report("testcard exec -- modetest -v: first frame",
       [to_first_frame([launcher, "exec", "--", *mode]) for _ in range(runs)])
os.rmdir(runtime)
