"""The compositor, headless, with real clients: what they draw is what is scanned out, what
is typed is what they get."""
import os
import re
import time

import png
import tc
from pattern import differences, shown

PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
CURSOR_MAX = 64  # pixels the cursor plane can cover


def still(size, *more):
    return f"{PATTERN} --still --size {size} " + " ".join(more)


def test_a_clients_pixels_reach_the_scanout_under_the_cursor(t):
    compositor = tc.Compositor(t, run=[still("320x240")])
    window, = compositor.wait_windows(1)
    x, y = window["x"], window["y"]
    t.equal((window["width"], window["height"]), (320, 240), "window size")
    compositor.ctl("move-to", str(x + 160), str(y + 100))
    near = (x + 160 - CURSOR_MAX, y + 100 - CURSOR_MAX, x + 160 + CURSOR_MAX, y + 100 + CURSOR_MAX)

    def under_the_cursor(image):
        """The client's pixels around the cursor, and something else below it."""
        covered = differences(image, x, y, 320, 240)
        return differences(image, x, y, 320, 240, near) == [] and \
            20 < len(covered) < CURSOR_MAX * CURSOR_MAX
    shot = compositor.shows(under_the_cursor, "the test card under the cursor")
    t.equal((shot.width, shot.height), (1024, 768), "scanout size")
    # It is the plane that shows the cursor, not the renderer.
    state = compositor.ctl("state")
    cursor = [plane for plane in state["planes"] if plane["type"] == "cursor"][0]
    t.check(cursor["fb"], f"cursor plane is off: {cursor}")
    # Away with the cursor: every pixel is the client's.
    compositor.ctl("move-to", "1020", "760")
    shown(compositor, x, y, 320, 240)
    compositor.stop()


def test_typed_keys_arrive_in_a_terminal(t):
    typed = t.path("typed.txt")
    compositor = tc.Compositor(t, run=[f"foot sh -c 'cat > {typed}'"])
    compositor.wait_windows(1)
    text = "Hello, Testcard! 0123456789 [x]=(a*b)/c; {\"q\": '~_|'}"
    compositor.ctl("type", text + "\\n")
    t.wait(lambda: os.path.exists(typed) and text + "\n" in open(typed).read(), "the typed line")
    t.equal(open(typed).read(), text + "\n", "the typed line")
    compositor.stop()


def test_focus_follows_a_click(t):
    first, second = t.path("first.txt"), t.path("second.txt")
    compositor = tc.Compositor(t, run=[f"foot -T first sh -c 'cat > {first}'"])
    compositor.wait_windows(1)
    client = t.start("foot", "-T", "second", "sh", "-c", f"cat > {second}",
                     WAYLAND_DISPLAY=display(t))
    windows = {window["title"]: window for window in compositor.wait_windows(2)}
    t.wait(lambda: os.path.exists(first) and os.path.exists(second), "cat in both windows")
    # The upper left corner of the first peeks out: windows are placed in a cascade.
    compositor.ctl("move-to", str(windows["first"]["x"] + 5), str(windows["first"]["y"] + 5))
    compositor.taken()
    compositor.ctl("button", "left")
    t.wait(lambda: {w["title"] for w in compositor.windows() if w["focused"]} == {"first"},
           "focus on the first window")
    compositor.ctl("type", "one\\n")
    t.wait(lambda: open(first).read() == "one\n", "the line in the first window")
    t.equal(open(second).read(), "", "second window's input")
    compositor.stop()
    t.stop(client, status=None)


def display(t):
    sockets = [name for name in os.listdir(t.runtime)
               if name.startswith("wayland-") and not name.endswith(".lock")]
    t.equal(len(sockets), 1, "wayland sockets")
    return sockets[0]


def place(compositor):
    window, = compositor.windows()
    return window["x"], window["y"]


def test_window_moves_with_alt_drag(t):
    compositor = tc.Compositor(t, run=[still("200x160")])
    window, = compositor.wait_windows(1)
    x, y = window["x"], window["y"]
    compositor.ctl("move-to", str(x + 50), str(y + 50))
    compositor.ctl("key", "leftalt", "down")
    compositor.taken()
    compositor.ctl("button", "left", "down")
    compositor.taken()
    compositor.ctl("move-to", str(x + 350), str(y + 250))
    t.wait(lambda: place(compositor) == (x + 300, y + 200), "the window to follow the pointer")
    # libinput holds back the release of a button that was down for less than 25 ms.
    time.sleep(0.05)
    compositor.ctl("button", "left", "up")
    compositor.taken()
    compositor.ctl("key", "leftalt", "up")
    compositor.ctl("move-to", "1020", "760")
    shown(compositor, x + 300, y + 200, 200, 160)
    t.equal(place(compositor), (x + 300, y + 200), "where the window is")
    compositor.stop()


def test_screencopy_gives_the_scanout(t):
    compositor = tc.Compositor(t, run=[still("320x240")])
    window, = compositor.wait_windows(1)
    compositor.ctl("move-to", "1020", "760")
    shown(compositor, window["x"], window["y"], 320, 240)
    t.run("grim", t.path("grim.png"), WAYLAND_DISPLAY=display(t))
    grim, shot = png.read(t.path("grim.png")), compositor.screenshot()
    t.equal((grim.width, grim.height), (1024, 768), "grim's size")
    for y in range(0, 700):
        for x in range(0, 940):
            if grim.pixel(x, y) != shot.pixel(x, y):
                t.check(False, f"({x},{y}): grim {grim.pixel(x, y):06x}, "
                               f"scanout {shot.pixel(x, y):06x}")
    compositor.stop()


def test_output_management_changes_the_mode(t):
    compositor = tc.Compositor(t, run=[still("320x240")])
    compositor.wait_windows(1)
    text = t.run("wlr-randr", WAYLAND_DISPLAY=display(t))
    t.check("Virtual-1" in text and "1024x768" in text and "current" in text, text)
    t.run("wlr-randr", "--output", "Virtual-1", "--mode", "1280x720", WAYLAND_DISPLAY=display(t))
    compositor.shows(lambda shot: (shot.width, shot.height) == (1280, 720), "the mode that was set")
    compositor.stop()


def test_hotplug_of_a_new_mode_is_followed(t):
    compositor = tc.Compositor(t, run=[still("320x240")])
    compositor.wait_windows(1)
    compositor.ctl("mode", "800x600")
    compositor.shows(lambda shot: (shot.width, shot.height) == (800, 600), "the new mode")
    compositor.stop()


def test_a_custom_mode_stays_and_is_on_offer(t):
    compositor = tc.Compositor(t)
    t.run("wlr-randr", "--output", "Virtual-1", "--custom-mode", "1000x500",
          WAYLAND_DISPLAY=display(t))
    compositor.shows(lambda shot: (shot.width, shot.height) == (1000, 500), "the mode that was set")
    text = t.run("wlr-randr", WAYLAND_DISPLAY=display(t))
    t.check(re.search(r"1000x500 px, [0-9.]+ Hz \(current\)", text), text)
    compositor.stop()


def test_unplugged_and_plugged_in_again(t):
    compositor = tc.Compositor(t, run=[still("320x240")])
    before, = compositor.wait_windows(1)
    compositor.ctl("disconnect")
    t.wait(lambda: not compositor.ctl("screenshot", t.path("off.png"), ok=None)["ok"],
           "the screen to go off")
    t.equal(compositor.windows(), [before], "the window without a screen")
    compositor.ctl("connect")
    t.wait(lambda: compositor.ctl("screenshot", t.path("on.png"), ok=None)["ok"],
           "the screen to come back")
    compositor.ctl("move-to", "1020", "760")
    shown(compositor, before["x"], before["y"], 320, 240)
    compositor.stop()


def test_commands_with_wrong_words(t):
    compositor = tc.Compositor(t, run=[still("200x160")])
    compositor.wait_windows(1)
    for words in (("focus", "nobody"), ("close", "nobody"), ("focus",), ("windows", "all")):
        t.check(compositor.ctl(*words, ok=False)["error"], f"{words}: no error text")
    compositor.ctl("close", str(compositor.windows()[0]["id"]))
    compositor.wait_windows(0)
    compositor.stop()


def test_layer_shell_background(t):
    compositor = tc.Compositor(t)
    client = t.start("swaybg", "-c", "#123456", WAYLAND_DISPLAY=display(t))
    compositor.shows(lambda shot: all(shot.pixel(*at) == 0x123456 for at in (
        (500, 400), (0, 0), (1023, 0), (0, 767), (700, 30))), "swaybg's colour")
    t.stop(client, status=None)
    compositor.stop()


def stats(text):
    rates = [float(rate) for rate in re.findall(r"([0-9.]+) flips/s", text)]
    refresh = [float(value) for value in re.findall(r"refresh ([0-9.]+) ms", text)]
    return rates, refresh


def test_presentation_feedback_has_the_devices_clock(t):
    compositor = tc.Compositor(t)
    text = t.run(PATTERN, "--size", "160x120", "--frames", "190", "--stats",
                 WAYLAND_DISPLAY=display(t))
    rates, refresh = stats(text)
    # A busy machine loses flips, and none comes early.
    t.check(len(rates) >= 3 and max(rates) <= 61, text)
    # 1344 x 806 pixels at 65 MHz
    t.check(refresh and all(abs(value - 16.666) < 0.01 for value in refresh), text)
    compositor.stop()


def test_a_frame_at_every_vblank(t):
    """The device's time goes on when the next frame is there: none is lost, whoever is busy."""
    # What the GPU draws may be late for the vblank that it was meant for.
    compositor = tc.Compositor(t, "--renderer", "pixman")
    compositor.ctl("time", "freeze")
    client = t.start(PATTERN, "--size", "160x120", "--frames", "190", "--stats",
                     WAYLAND_DISPLAY=display(t))
    compositor.ctl("time", "step", "185", "commit")
    compositor.ctl("time", "real")
    t.wait(lambda: client.poll() is not None, "the client's last frame")
    t.stop(client)
    with open(client.log) as file:
        text = file.read()
    rates, _ = stats(text)
    t.check(len(rates) >= 3 and all(59 <= rate <= 61 for rate in rates[:3]), text)
    compositor.stop()


def test_the_device_is_unplugged(t):
    """The compositor's own: it lives on without pictures, and ends as ever."""
    for back in (False, True):
        compositor = tc.Compositor(t, run=[still("160x120")])
        compositor.wait_windows(1)
        compositor.ctl("unplug")
        t.equal(len(compositor.windows()), 1, "windows, unplugged")
        if back:
            compositor.ctl("plug")
        t.equal(len(compositor.windows()), 1, "windows")
        compositor.stop()
        t.equal(os.listdir(t.runtime), [], "files left in the runtime folder")


def test_a_thousand_hotplugs(t):
    """Monitors that come, go and change while a client draws: nothing is lost or left."""
    changes = [["connect"], ["disconnect"], ["mode", "640x480"], ["edid", "built", "Other"],
               ["mode", "1280x720"], ["link-status", "bad"], ["vrr-capable", "off"]]
    compositor = tc.Compositor(t, run=[f"{PATTERN} --size 160x120"])
    compositor.wait_windows(1)
    for i in range(1000):
        compositor.ctl(*changes[i * i * 31 % 101 % len(changes)])
    compositor.ctl("connect")
    compositor.ctl("mode", "800x600")
    compositor.shows(lambda image: (image.width, len(compositor.windows())) == (800, 1),
                     "the last mode, with the client on it")
    compositor.stop()


def test_exit_screenshot_and_client_exit(t):
    picture = t.path("exit.png")
    t.run(tc.COMPOSITOR, "--headless", "--dir", os.path.join(t.runtime, "tc"),
          "--screenshot", picture, "--exit-with-client", "--run",
          f"{PATTERN} --size 320x240 --frames 60")
    shot = png.read(picture)
    t.equal((shot.width, shot.height), (1024, 768), "size of the picture at exit")


def test_twenty_starts_leave_nothing(t):
    for _ in range(20):
        compositor = tc.Compositor(t, run=[still("160x120")])
        compositor.wait_windows(1)
        compositor.stop()
        t.equal(os.listdir(t.runtime), [], "files left in the runtime folder")


def test_windows_are_placed(t):
    compositor = tc.Compositor(t, run=[f"{PATTERN} --still --size 200x100 --color 40c080"])
    window, = compositor.wait_windows(1)
    for x, y in ((300, 200), (-50, 700), (0, 0)):
        compositor.ctl("place", "testcard-pattern", str(x), str(y))
        window, = compositor.windows()
        t.equal((window["x"], window["y"]), (x, y))
        inside = max(x, 0) + 60, max(y, 0) + 30
        outside = max(x, 0) + 250, 400
        compositor.shows(lambda image: image.pixel(*inside) == 0x40c080
                         and image.pixel(*outside) != 0x40c080, f"the window at {x},{y}")
    for words in (("place",), ("place", "nobody", "1", "1"), ("place", "testcard-pattern", "1"),
                  ("place", "testcard-pattern", "1", "x"), ("place", "testcard-pattern", "1", "1px"),
                  ("place", "testcard-pattern", "1", "99999"),
                  ("place", "testcard-pattern", "1", "1", "1")):
        compositor.ctl(*words, ok=False)
    t.equal((compositor.windows()[0]["x"], compositor.windows()[0]["y"]), (0, 0))
    compositor.stop()


tc.main(globals())
