"""Producers and consumers of shared buffers, started and killed at random beside clients that go
on: the server has afterwards what it had before, and the screen never stops. Small as it comes; all of
it, 1,000 clients in a minute:

    CHURN_COUNT=1000 CHURN_SECONDS=60 TESTCARD_BUILD=$PWD/build python3 tests/e2e/churn_test.py"""
import json
import os
import sys

import tc
from remains import joined, kilobytes, quiet

HERE = os.path.dirname(os.path.abspath(__file__))
PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
VIDEO = os.path.join(tc.DEMO, "testcard-video")
COUNT = int(os.environ.get("CHURN_COUNT", "80"))
SECONDS = float(os.environ.get("CHURN_SECONDS", "6"))
SEED = int(os.environ.get("CHURN_SEED", "1"))
# With the address sanitizer in the preload library: not the first, and Python does not free all.
LATE = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
# The compositor's own batches are as many as were ever under way at once.
LAZY = {"objects": 8, "descriptors": 8}


def screen(compositor):
    """The moment's count of vblanks, of flips and of those that came late."""
    crtc = next(c for c in compositor.ctl("state")["crtcs"] if c["active"])
    last = compositor.ctl("history", "1")["vblanks"][-1]
    return {"vblanks": last["count"], "flips": last["flips"],
            "late": crtc["vblank"]["late_count"], "late_max_ns": crtc["vblank"]["late_max_ns"]}


def frames_of(compositor, pid):
    """What a client has shown so far; 0: it can not be seen."""
    return sum(one["scanned_frames"] + one["composited_frames"]
               for one in compositor.ctl("state")["surfaces"] if one["pid"] == pid)


def start_churn(t, compositor, seconds, count):
    return t.start(*joined(compositor, sys.executable, os.path.join(HERE, "churn.py"),
                           str(seconds), str(count), str(SEED)),
                   WAYLAND_DISPLAY="wayland-0", log=t.path(f"churn-{count}.log"), **LATE)


def churn(t, compositor, seconds, count):
    """Beside a video and a pattern. What became of them, and of the screen meanwhile."""
    good = [t.start(*argv, WAYLAND_DISPLAY="wayland-0", log=t.path(f"good-{i}.log"), **LATE)
            for i, argv in enumerate(([PATTERN, "--size", "200x150"],
                                      joined(compositor, VIDEO, "--size", "160x120")))]
    video, = [w for w in compositor.wait_windows(2) if w["app_id"] == "testcard-video"]
    # Where no new window comes: those go down from the upper left corner.
    compositor.ctl("place", str(video["id"]), str(1024 - video["width"]), "0")
    before = screen(compositor)
    process = start_churn(t, compositor, seconds, count)
    while process.poll() is None:
        # With all of them at it: flips go on, and so do the video's frames.
        flips, frames = screen(compositor)["flips"], frames_of(compositor, video["pid"])
        t.wait(lambda: screen(compositor)["flips"] > flips + 10, "flips")
        t.wait(lambda: frames_of(compositor, video["pid"]) > frames + 10, "the video's frames")
    after = screen(compositor)
    t.stop(process)
    with open(process.log) as file:
        text = file.read()
    told = json.loads(text.splitlines()[-1])
    for client in good:
        t.check(client.poll() is None, f"{client.args} ended")
        t.stop(client, status=None)
    return told, {name: after[name] - before[name] if name != "late_max_ns" else after[name]
                  for name in after}, text


def rest(t, compositor):
    """Counts of what there is when all have gone."""
    found = quiet(t, compositor)
    state = compositor.ctl("state")
    names = t.run(*joined(compositor, "cat", "/sys/kernel/debug/dri/0/gem_names"))
    t.equal(compositor.ctl("shares")["offers"], [], "offers")
    return {**found, "files": len(state["files"]), "object_bytes": state["object_bytes"],
            "names": len(names.splitlines())}


def test_nothing_is_left_of_them(t):
    compositor = tc.Compositor(t, ASAN_OPTIONS="quarantine_size_mb=8")
    pid = compositor.process.pid
    churn(t, compositor, min(SECONDS, 10) / 2, min(COUNT, 160) // 2)
    before, memory = rest(t, compositor), kilobytes(pid, "RssAnon")
    told, shown, text = churn(t, compositor, SECONDS, COUNT)
    after, grown = rest(t, compositor), kilobytes(pid, "RssAnon") - memory
    print(f"# {json.dumps(told)}")
    print(f"# the screen meanwhile: {shown}")
    print(f"# before {before}\n# after  {after}, {grown} kB more")
    failed = sum(kind["failed"] for kind in told["kinds"].values())
    # A consumer may find that the producer of what it has accepted is gone.
    died = [kind for kind in told["died_of"] if "testcard-consumer" not in kind]
    t.equal((failed, died), (0, []), f"clients that ended by themselves:\n{text[-3000:]}")
    shared = sum(kind["shared"] + kind["shown"] for kind in told["kinds"].values())
    t.check(shared > 0, "no client lived long enough to share a buffer")
    for name in ("files", "names"):
        t.equal(after[name], before[name], name)
    for name in ("objects", "descriptors", "threads"):
        t.check(after[name] <= before[name] + LAZY.get(name, 0),
                f"{name}: {after[name]}, before {before[name]}")
    t.check(grown < 64 * 1024, f"{grown} kB more")
    compositor.stop()


tc.main(globals())
