"""Trouble for the GPU while the compositor draws with it: the picture comes back, clients
go on, and the traces can be read."""
import os
import time

import pattern
import tc

PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
WIDTH, HEIGHT = 320, 240


def resets(compositor):
    return compositor.ctl("gpu", "info")["resets"]


def hang(t, compositor):
    """What the renderer does next hangs; something moves, so that it does something."""
    before = resets(compositor)
    compositor.ctl("gpu", "hang")
    t.wait(lambda: resets(compositor) > before, "the hang to be taken")


def settled(compositor, window):
    """After a while the picture is right, and is so a while later."""
    for _ in range(2):
        compositor.ctl("wait-vblank", "10")
        pattern.shown(compositor, window["x"], window["y"], WIDTH, HEIGHT)


def start(t, *options):
    compositor = tc.Compositor(t, *options, run=[
        f"{PATTERN} --still --size {WIDTH}x{HEIGHT}", f"{PATTERN} --size 200x200"])
    windows = compositor.wait_windows(2)
    window = [each for each in windows if each["width"] == WIDTH][0]
    compositor.ctl("move-to", "1020", "760")
    compositor.ctl("focus", str(window["id"]))
    return compositor, window


def test_the_picture_comes_back(t):
    compositor, window = start(t)
    settled(compositor, window)
    hang(t, compositor)
    settled(compositor, window)
    error = compositor.ctl("gpu", "error")["error"]
    t.check("GPU HANG: " in error and "Cause: hang" in error, error)
    compositor.ctl("gpu", "clear-error")
    t.check("No error state" in compositor.ctl("gpu", "error")["error"], "error state is there")
    compositor.stop()


def test_many_hangs_do_not_end_the_compositor(t):
    compositor, window = start(t)
    for _ in range(12):
        hang(t, compositor)
    settled(compositor, window)
    t.equal(len(compositor.windows()), 2, "windows")
    compositor.stop()


def test_resets_are_not_seen(t):
    compositor, window = start(t)
    for _ in range(20):
        compositor.ctl("gpu", "reset")
        time.sleep(0.01)
    settled(compositor, window)
    compositor.stop()


def test_wedged_and_back(t):
    compositor, window = start(t)
    compositor.ctl("gpu", "wedge")
    compositor.ctl("wait-vblank", "10")
    t.equal(compositor.ctl("gpu", "info")["wedged"], True, "wedged")
    compositor.ctl("gpu", "unwedge")
    settled(compositor, window)
    t.equal(len(compositor.windows()), 2, "windows")
    compositor.stop()


tc.main(globals())
