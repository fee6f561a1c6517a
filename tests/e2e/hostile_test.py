"""A compositor with clients of all kinds, good and bad, which are killed at random: it goes on, and
afterwards has all that it had before, and no more. SOAK_SECONDS=300 makes it a soak."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import tc
from remains import joined, kilobytes, quiet

# The compositor makes buffers for batches and the cursor when it first needs that many at once.
LAZY = {"objects": 20, "descriptors": 20}

HERE = os.path.dirname(os.path.abspath(__file__))
PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
SECONDS = float(os.environ.get("SOAK_SECONDS", "8"))
SEED = int(os.environ.get("SOAK_SEED", "1"))


def bad_clients(compositor, seed):
    """What runs beside each other; the numbers are how many of a kind."""
    demo = os.path.join(tc.DEMO, "testcard-")
    return [
        joined(compositor, sys.executable, os.path.join(HERE, "hog.py")),
        joined(compositor, sys.executable, os.path.join(HERE, "mad.py"), str(seed)),
        joined(compositor, sys.executable, os.path.join(HERE, "mad.py"), str(seed + 1)),
        joined(compositor, demo + "blit", "--processes", "2", "--rounds", "1000"),
        joined(compositor, demo + "dmabuf", "--size", "300x200"),
        [PATTERN, "--size", "400x300"],
    ]


class Pack:
    """Bad clients, each a process group of its own, so that none gets away."""

    def __init__(self, t, compositor):
        self.t, self.compositor, self.started = t, compositor, 0
        self.random = random.Random(SEED)
        self.log = open(t.path("bad.log"), "w")
        count = len(bad_clients(compositor, 0))
        self.running = [self.start(i) for i in range(count)]

    def start(self, index):
        self.started += 1
        argv = bad_clients(self.compositor, SEED * 1000 + self.started)[index]
        return subprocess.Popen(argv, env=self.t.env(WAYLAND_DISPLAY="wayland-0"),
                                stdin=subprocess.DEVNULL, stdout=self.log,
                                stderr=subprocess.STDOUT, start_new_session=True)

    def kill(self, index):
        try:
            os.killpg(self.running[index].pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.running[index].wait()

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self.random.uniform(0.02, 0.6))
            index = self.random.randrange(len(self.running))
            self.kill(index)
            self.running[index] = self.start(index)

    def end(self):
        for index in range(len(self.running)):
            self.kill(index)
        self.log.close()


def frames(compositor):
    return compositor.ctl("renderer")["batches"]


def havoc(t, compositor, seconds):
    good = t.start(PATTERN, "--size", "100x100", WAYLAND_DISPLAY="wayland-0",
                   log=t.path("good.log"))
    if shutil.which("foot"):
        t.start("foot", "sh", "-c", "while :; do echo $$; sleep 0.05; done",
                WAYLAND_DISPLAY="wayland-0", log=t.path("foot.log"))
    compositor.wait_windows(len(t.running) - 1)
    pack = Pack(t, compositor)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pack.run(min(seconds, 5))
            # While all of them are at it: the screen goes on.
            compositor.ctl("wait-vblank", "5")
            drawn = frames(compositor)
            t.wait(lambda: frames(compositor) > drawn + 10, "frames", 60)
    finally:
        pack.end()
    t.check(good.poll() is None, "the good client ended")
    for client in t.running[1:]:
        t.stop(client, status=None)
    return quiet(t, compositor)


def test_the_bad_leave_nothing_behind(t):
    # What the address sanitizer keeps of freed memory is no leak.
    compositor = tc.Compositor(t, "--gpu-hang-ms", "300", ASAN_OPTIONS="quarantine_size_mb=8")
    before = havoc(t, compositor, min(SECONDS / 4, 20))
    memory = kilobytes(compositor.process.pid, "RssAnon")
    after = havoc(t, compositor, SECONDS)
    # What an allocator keeps does not grow with the number of the dead.
    grown = kilobytes(compositor.process.pid, "RssAnon") - memory
    print(f"# {after}, {grown} kB more")
    for name, count in after.items():
        t.check(count <= before[name] + LAZY.get(name, 0), f"{name}: {count}, before {before}")
    t.check(grown < 64 * 1024, f"{grown} kB more")
    compositor.stop()


tc.main(globals())
