"""What a compositor has: objects, descriptors, threads, memory. Compared before and after."""
import os
import time

import tc


def joined(compositor, *argv):
    return [tc.LAUNCHER, "exec", "--join", compositor.dir, "--", *argv]


def fewest(folder):
    """Of a while: a client that has gone, ours that asks too, is there for a moment longer."""
    def count():
        time.sleep(0.05)
        return len(os.listdir(folder))
    return min(count() for _ in range(40))


def kilobytes(pid, name):
    with open(f"/proc/{pid}/status") as file:
        return int([line.split()[1] for line in file if line.startswith(name)][0])


def had(t, compositor):
    pid = compositor.process.pid
    objects = t.run(*joined(compositor, "cat", "/sys/kernel/debug/dri/0/i915_gem_objects"))
    return {"objects": int(objects.split()[0]),
            "descriptors": fewest(f"/proc/{pid}/fd"),
            "threads": fewest(f"/proc/{pid}/task")}


def quiet(t, compositor):
    """Once everybody is gone and the GPU has nothing to do: what there is then."""
    t.wait(lambda: not compositor.windows(), "the windows of the dead to go", 60)
    before = had(t, compositor)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.5)
        now = had(t, compositor)
        if now == before:
            break
        before = now
    return before
