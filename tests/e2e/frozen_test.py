"""The compositor while time stands still: it answers, and does what it could not when time goes
on."""
import os
import shlex

import tc
from pattern import differences

PATTERN = shlex.quote(os.path.join(tc.DEMO, "testcard-pattern"))


def size(compositor):
    """Of the screen, or None."""
    reply = compositor.ctl("screenshot", compositor.test.path("screen.png"), ok=None)
    return (reply["width"], reply["height"]) if reply["ok"] else None


def socket_of(t):
    name, = [name for name in os.listdir(t.runtime)
             if name.startswith("wayland-") and "." not in name]
    return name


def answers(t, compositor):
    """A client comes in, is told of everything and goes; a command that the main loop does."""
    t.run("wlr-randr", WAYLAND_DISPLAY=socket_of(t))
    t.equal([window["app_id"] for window in compositor.windows()], ["testcard-pattern"], "windows")


def frozen(t, *options, moving=False):
    """A compositor with one client, on whose screen the last picture stays."""
    compositor = tc.Compositor(t, *options, run=[
        f"{PATTERN} {'' if moving else '--still'} --size 240x180"])
    compositor.wait_windows(1)
    compositor.ctl("place", "testcard-pattern", "40", "50")
    compositor.ctl("move-to", "1020", "760")
    t.wait(lambda: moving or not differences(compositor.screenshot(), 40, 50, 240, 180), "its picture")
    compositor.ctl("time", "freeze")
    return compositor


def pending(compositor):
    return compositor.ctl("state")["crtcs"][0]["pending"]


def test_a_mode_comes_when_time_goes_on(t):
    for moving in (False, True):
        compositor = frozen(t, moving=moving)
        if moving:  # a flip is under way, which the mode has to wait for
            t.wait(lambda: pending(compositor), "a flip that is not shown")
        compositor.ctl("mode", "800x600")
        if not moving:
            t.wait(lambda: pending(compositor), "the mode to be set")
        for _ in range(3):
            answers(t, compositor)
        compositor.ctl("time", "real")
        t.wait(lambda: size(compositor) == (800, 600), "the mode")
        if not moving:
            compositor.ctl("move-to", "790", "590")
            t.wait(lambda: not differences(compositor.screenshot(), 40, 50, 240, 180),
                   "the picture on it")
        compositor.stop()


def test_steps_bring_it(t):
    compositor = frozen(t)
    compositor.ctl("mode", "800x600")
    t.wait(lambda: pending(compositor), "the mode to be set")
    compositor.ctl("time", "step", "1", "commit")
    t.wait(lambda: not pending(compositor) or compositor.ctl("time", "step", "1"), "its vblank")
    t.equal(size(compositor), (800, 600), "screen")
    answers(t, compositor)
    compositor.stop()


def test_monitors_come_and_go(t):
    """Off is off when the flip under way has been shown; a monitor that is back by then shows."""
    for back in (False, True):
        compositor = frozen(t, moving=True)
        t.wait(lambda: pending(compositor), "a flip that is not shown")
        compositor.ctl("disconnect")
        answers(t, compositor)
        if back:
            compositor.ctl("connect")
            answers(t, compositor)
        compositor.ctl("time", "real")
        if back:
            t.wait(lambda: size(compositor), "the screen to be on")
            compositor.ctl("wait-vblank", "5")
        else:
            t.wait(lambda: not size(compositor), "the screen to be off")
            compositor.ctl("connect")
        t.wait(lambda: size(compositor) == (1024, 768), "the screen again")
        answers(t, compositor)
        compositor.stop()


def test_what_clients_ask_for_is_answered(t):
    """Another mode, off, adaptive sync: done or refused, but not waited for."""
    compositor = frozen(t, moving=True)
    t.wait(lambda: pending(compositor), "a flip that is not shown")
    for words in (("--custom-mode", "900x700"), ("--off",)):
        t.run("wlr-randr", "--output", "Virtual-1", *words, status=None,
              WAYLAND_DISPLAY=socket_of(t))
        answers(t, compositor)
    compositor.ctl("adaptive-sync", "on")
    answers(t, compositor)
    compositor.ctl("time", "real")
    t.run("wlr-randr", "--output", "Virtual-1", "--on", "--custom-mode", "900x700",
          WAYLAND_DISPLAY=socket_of(t))
    t.wait(lambda: size(compositor) == (900, 700), "the mode, in time that goes on")
    compositor.stop()


tc.main(globals())
