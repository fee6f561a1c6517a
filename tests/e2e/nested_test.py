"""The connector as a window on a host compositor: pixels, size, input, closing, losing it."""
import os
import re
import time

import host
import pattern
import tc

PATTERN = os.path.join(tc.DEMO, "testcard-pattern")


def nested(t, sway, *run, options=()):
    compositor = tc.Compositor(t, *options, run=run, headless=False,
                               WAYLAND_DISPLAY=sway.display, TESTCARD_LOG="info")
    t.wait(lambda: sway.window(), "our window on the host")
    return compositor


def settled(t, sway, compositor, width, height, before=lambda: True):
    """Both the window and the mode have this size; their pictures, when they are the same."""
    def look():
        before()
        rect = sway.window()["rect"]
        if (rect["width"], rect["height"]) != (width, height):
            return None
        inside, outside = compositor.screenshot(off=True), sway.screenshot()
        if not inside or (inside.width, inside.height) != (width, height):
            return None
        for y in range(height):
            # both RGB: our own PNG writer and grim
            start = rect["x"] * 3
            if outside.rows[rect["y"] + y][start:start + width * 3] != inside.rows[y]:
                return None
        return inside, outside, rect
    return t.wait(look, f"{width}x{height} inside and the same picture on the host")


def resize(t, sway, compositor, width, height):
    """sway may take a late frame of an older size for the client's wish: then it is told again."""
    told = 0

    def has_it():
        nonlocal told
        rect = sway.window()["rect"]
        if (rect["width"], rect["height"]) == (width, height):
            return True
        if time.monotonic() - told > 1:
            sway.msg(f"resize set width {width} px height {height} px")
            told = time.monotonic()
        return False
    t.wait(has_it, f"the window to have {width}x{height}")
    settled(t, sway, compositor, width, height, has_it)


def make_floating(t, sway, compositor):
    """Off the tiles; returns when the size that sway then gives it is settled."""
    settled(t, sway, compositor, 1280, 800)
    sway.msg("floating enable")
    t.wait(lambda: sway.window()["rect"]["width"] != 1280, "another size")
    rect = sway.window()["rect"]
    settled(t, sway, compositor, rect["width"], rect["height"])


def test_host_shows_our_window_with_the_client_inside(t):
    with host.Sway(t) as sway:
        compositor = nested(t, sway, f"{PATTERN} --still --size 320x240")
        window = compositor.wait_windows(1)[0]
        settled(t, sway, compositor, 1280, 800)
        sway.hands.move_to(1200, 700)  # the cursor plane is in the picture too
        compositor.shows(lambda image: len({tuple(row[3600:3630]) for row in image.rows[695:715]})
                         > 1, "the cursor far from the client")
        _, outside, rect = settled(t, sway, compositor, 1280, 800)
        t.equal(sway.window()["name"], "Testcard — Virtual-1 1280x800@60", "title")
        t.equal((window["width"], window["height"]), (320, 240), "the client's size")
        t.equal(pattern.first_difference(outside, rect["x"] + window["x"], rect["y"] + window["y"],
                                 320, 240, lambda x, y: pattern.still(x, y, 320, 240)), None,
                "the host's picture of the client")
        compositor.stop()


def test_the_mode_follows_the_window(t):
    with host.Sway(t) as sway:
        compositor = nested(t, sway, f"{PATTERN} --still --size 200x150")
        compositor.wait_windows(1)
        make_floating(t, sway, compositor)
        for width, height in ((800, 600), (641, 479), (1000, 333)):
            resize(t, sway, compositor, width, height)
            t.wait(lambda: f"{width}x{height}@60" in sway.window()["name"], "the new title")
        # A resize by hand: many sizes, and a mode when the hand rests (a tenth of a second).
        before, begin = compositor.log().count("offered mode"), time.monotonic()
        for step in range(40):
            sway.msg(f"resize set width {700 + step} px height {500 + step} px")
        resize(t, sway, compositor, 739, 539)
        made = compositor.log().count("offered mode") - before
        rests = (time.monotonic() - begin) / 0.1
        t.check(made <= min(40, 1 + rests), f"{made} modes for one resize, {rests:.0f} rests")
        compositor.stop()


def test_a_mode_chosen_inside_resizes_a_floating_window(t):
    with host.Sway(t) as sway:
        compositor = nested(t, sway)
        make_floating(t, sway, compositor)
        resize(t, sway, compositor, 800, 600)
        compositor.ctl("mode", "640x480")
        settled(t, sway, compositor, 640, 480)
        compositor.stop()


def test_closing_the_window_ends_the_compositor(t):
    with host.Sway(t) as sway:
        compositor = nested(t, sway, f"{PATTERN} --size 200x150")
        compositor.wait_windows(1)
        sway.msg("kill")
        t.equal(compositor.process.wait(tc.TIMEOUT), 0, f"exit code; log:\n{compositor.log()[-2000:]}")
        t.running.remove(compositor.process)
        t.equal(os.listdir(t.runtime), [], "files left")


def test_losing_the_host_ends_the_compositor(t):
    with host.Sway(t) as sway:
        compositor = nested(t, sway, f"{PATTERN} --size 200x150")
        compositor.wait_windows(1)
        sway.process.kill()
        sway.process.wait()
        t.equal(compositor.process.wait(tc.TIMEOUT), 0, f"exit code; log:\n{compositor.log()[-2000:]}")
        t.running.remove(compositor.process)
        t.equal(os.listdir(t.runtime), [], "files left")


def test_no_host_at_that_name_is_an_error_not_a_crash(t):
    text = t.run(tc.COMPOSITOR, "--dir", os.path.join(t.runtime, "tc"), status=1,
                 WAYLAND_DISPLAY="not-there")
    t.check("not-there" in text, f"the message does not name the display: {text}")


def test_keys_typed_on_the_host_reach_a_client_inside(t):
    with host.Sway(t) as sway:
        target = t.path("typed")
        compositor = nested(t, sway, f"foot --config=/dev/null sh -c 'cat > {target}'")
        compositor.wait_windows(1)
        t.wait(lambda: os.path.exists(target), "cat in foot")
        sway.hands.type("first light 42\n")

        def read():
            with open(target) as file:
                return file.read()
        t.wait(lambda: read().endswith("\n"), f"the line; got {read()!r}")
        t.equal(read(), "first light 42\n", "what cat got")
        # Shift is held, the focus leaves: inside it must not stay held.
        sway.hands.key(host.KEYS["shift"], 1)
        sway.msg("workspace 2")
        sway.hands.key(host.KEYS["shift"], 0)
        sway.msg("workspace 1")
        sway.hands.type("again\n")
        t.wait(lambda: read().count("\n") == 2, f"the second line; got {read()!r}")
        t.equal(read(), "first light 42\nagain\n", "what cat got")
        compositor.stop()


def test_the_hosts_pointer_is_where_the_client_thinks(t):
    with host.Sway(t) as sway:
        log = t.path("foot.log")
        command = f"sh -c 'WAYLAND_DEBUG=1 exec foot --config=/dev/null -o csd.preferred=none cat 2>{log}'"
        compositor = nested(t, sway, command)
        window = compositor.wait_windows(1)[0]

        def seen(pattern_):
            with open(log, errors="replace") as file:
                return re.findall(pattern_, file.read())
        settled(t, sway, compositor, 1280, 800)
        x, y = window["x"], window["y"]
        for dx, dy in ((10, 20), (100, 31), (201, 77)):
            sway.hands.move_to(x + dx, y + dy)
            position = t.wait(
                lambda: [at for at in seen(r"wl_pointer@\d+\.(?:motion|enter)\([^)]*?, "
                                           r"(-?[0-9.]+), (-?[0-9.]+)\)")
                         if int(float(at[0])) == dx and int(float(at[1])) == dy],
                f"the pointer at {dx},{dy} in the client")
            t.check(position)
        sway.hands.button(272, 1)
        sway.hands.button(272, 0)
        t.wait(lambda: len(seen(r"wl_pointer@\d+\.button\([^)]*272, [01]\)")) >= 2, "both clicks")
        sway.hands.wheel(1)
        down = t.wait(lambda: seen(r"wl_pointer@\d+\.axis\(\d+, 0, ([0-9.-]+)\)"), "the wheel")
        t.check(float(down[0]) > 0, f"the wheel turned the wrong way: {down}")
        compositor.stop()


tc.main(globals())
