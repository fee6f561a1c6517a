#!/usr/bin/env python3
"""Many instances at once: each a server of its own with one client that flips 1024x768 at
60 Hz (bench_flips --once), all in the same seconds. Counts the vblanks that went by without
their flip, by whose fault; the rival in the same processes is a thread that sleeps to the
same times.

usage: instances.py LAUNCHER BENCH_FLIPS [INSTANCES] [FLIPS]"""
import json
import os
import subprocess
import sys
import tempfile

launcher, bench = sys.argv[1:3]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 100
flips = sys.argv[4] if len(sys.argv) > 4 else "600"
with tempfile.TemporaryDirectory(dir="/dev/shm") as runtime:
    env = dict(os.environ, XDG_RUNTIME_DIR=runtime)
    clients = [subprocess.Popen([launcher, "exec", "--no-input", "--", bench, "--once", flips],
                                env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
               for _ in range(count)]
    for client in clients:
        if client.stdout.readline() != "ready\n":
            raise SystemExit("an instance did not start")
    for client in clients:
        client.stdin.write("\n")
        client.stdin.flush()
    results = [json.loads(client.stdout.readline()) for client in clients]
    # The launchers clean up before the folder goes.
    for client in clients:
        client.stdin.close()
        client.wait()
total = {key: sum(result[key] for result in results) for key in results[0]}
total["late_percent"] = round(100 * total["device_missed"] / total["vblanks"], 3)
total["sleeper_late_percent"] = round(100 * total["sleeps_late"] / total["sleeps"], 3)
print(json.dumps({"bench": "instances", "instances": count, **total}))
