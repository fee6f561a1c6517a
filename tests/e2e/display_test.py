"""testcard exec --display: windows on a host, PNGs, nothing; what PROGRAM has of the host."""
import os

import host
import matrix
import png
import sway as inner
import tc

GREY = 0x102030
TWO_SCREENS = """{
    "testcard": 1, "framebuffer": {"max": [4096, 4096]}, "cursor": [64, 64],
    "crtcs": [{"gamma_size": 256}, {"like": 0}],
    "planes": [
        {"type": "primary", "crtcs": [0], "formats": ["XRGB8888", "ARGB8888"]},
        {"like": 0, "crtcs": [1]}],
    "connectors": [
        {"type": "HDMI-A", "monitor": "Left", "modes": ["800x600"], "crtcs": [0]},
        {"type": "DP", "monitor": "Right", "modes": ["640x480"], "crtcs": [1]}]
}"""
HOST_ENVIRONMENT = 'echo "${WAYLAND_DISPLAY-none}|${WAYLAND_SOCKET-none}|${DISPLAY-none}"'


def launch(t, *argv, options=(), **env):
    """A testcard exec that runs on: its output in .log, its card's folder in .dir."""
    folder = os.path.join(t.runtime, "tc")
    process = t.start(tc.LAUNCHER, "exec", "--dir", folder, *options, "--", *argv, **env)
    process.dir = folder
    return process


def log_of(process):
    with open(process.log, errors="replace") as file:
        return file.read()


def fifo(t):
    """modetest waits for Enter: a pipe from which none ever comes."""
    os.mkfifo(t.path("enter"))
    return t.path("enter")


def ended(t, process, status):
    t.equal(process.wait(60), status, f"exit code; log:\n{log_of(process)[-2000:]}")
    t.running.remove(process)
    t.equal(os.listdir(t.runtime), [], "left in the runtime folder")


def window_of(sway, connector):
    return next((node for node in sway.windows() if connector in node["name"]), None)


def picture(card, crtc):
    """None while the crtc is off, as it may be amid a modeset."""
    path = card.t.path(f"crtc{crtc}.png")
    reply = card.ctl("screenshot", path, "crtc", str(crtc), ok=None)
    if not reply["ok"] and " is off" not in reply["error"]:
        card.fail(reply["error"])
    return png.read(path) if reply["ok"] else None


def same_picture(t, sway, card, crtc, connector):
    """The window on the host is the scanout; waits for it, returns the window's place."""
    def look():
        window = window_of(sway, connector)
        if not window:
            return None
        rect, inside, outside = window["rect"], picture(card, crtc), sway.screenshot()
        if not inside or (inside.width, inside.height) != (rect["width"], rect["height"]):
            return None
        for y in range(inside.height):
            # both RGB: our own PNG writer and grim
            start = rect["x"] * 3
            if outside.rows[rect["y"] + y][start:start + inside.width * 3] != inside.rows[y]:
                return None
        return rect
    return card.wait(look, f"{connector}'s picture on the host")


def cursor_at(x, y):
    """On a plain background there is something at most a cursor's size from there, no more."""
    def look(image):
        box = matrix.bounds(image, lambda got: got != inner.BLUE)
        return box and abs(box[0] - x) <= 32 and abs(box[1] - y) <= 32 and \
            box[2] <= 64 and box[3] <= 64
    return look


def test_every_screen_is_a_window_with_the_hosts_hands(t):
    """sway on two screens, by a desk on which it would have opened a window itself."""
    matrix.need("sway", "swaybg", "foot")
    device = matrix.script(t, "two.json", TWO_SCREENS)
    with host.Sway(t, 1500, 640) as sway:
        sway.msg('for_window [app_id="testcard"] floating enable')
        card = inner.start(t, inner.terminal(f"sh {matrix.typed(t)}", GREY),
                           options=("--device", device, "--display", "window"),
                           WAYLAND_DISPLAY=sway.display, WLR_NO_HARDWARE_CURSORS="1")
        for name, x, y in (("HDMI-A-1", 0, 0), ("DP-1", 830, 20)):
            card.wait(lambda: window_of(sway, name), f"{name}'s window")
            sway.msg(f'[title="{name}"] move absolute position {x} {y}')
        card.wait(lambda: any(matrix.share(image, GREY) > 0.9 for image in
                              (picture(card, 0), picture(card, 1)) if image), "the terminal")
        places = [same_picture(t, sway, card, crtc, name)
                  for crtc, name in enumerate(("HDMI-A-1", "DP-1"))]
        t.equal([(at["width"], at["height"]) for at in places], [(800, 600), (640, 480)], "sizes")
        card.type = sway.hands.type
        matrix.type_line(card, "typed on the host")
        sway.hands.type("bye\n")
        for crtc in (1, 0, 1):
            sway.hands.move_to(places[crtc]["x"] + 100, places[crtc]["y"] + 150)
            card.show(cursor_at(100, 150), f"the cursor on screen {crtc}", crtc=crtc)
        same_picture(t, sway, card, 1, "DP-1")
        sway.msg('[title="HDMI-A-1"] kill')
        card.ends()


def test_programs_do_not_see_the_host(t):
    """Neither by --display window, whose card does, nor by chance: others keep what they had."""
    with host.Sway(t) as sway:
        env = {"WAYLAND_DISPLAY": sway.display, "DISPLAY": ":77"}
        text = t.exec("sh", "-c", HOST_ENVIRONMENT, options=("--display", "window"), **env)
        t.equal(text, "none|none|none\n", "with a window")
        for options in ((), ("--display", "none")):
            text = t.exec("sh", "-c", HOST_ENVIRONMENT, options=options, **env)
            t.equal(text, f"{sway.display}|none|:77\n", f"with {options}")
        t.equal(sway.window(), None, "windows on the host")


def test_closing_the_window_ends_the_program_and_then_the_card(t):
    with host.Sway(t) as sway:
        script = (f"modetest -M testcard -s Virtual-1:1024x768 <>{fifo(t)} & pid=$!\n"
                  "trap 'test -S $TESTCARD_DIR/device.sock && echo card is there; kill $pid; exit 9'"
                  " TERM\nwait")
        process = launch(t, "sh", "-c", script, options=("--display", "window"),
                         WAYLAND_DISPLAY=sway.display)
        t.wait(lambda: sway.window(), "our window on the host")
        sway.msg("kill")
        ended(t, process, 9)
        t.check("card is there" in log_of(process), log_of(process))


def test_a_lasting_device_has_windows_too(t):
    """Its console is there before any program; closing the window ends it."""
    with host.Sway(t) as sway:
        device = t.start(tc.LAUNCHER, "device", "--display", "window", "--dir",
                         os.path.join(t.runtime, "tc"), WAYLAND_DISPLAY=sway.display)
        t.wait(lambda: sway.window(), "our window on the host")
        t.run(tc.LAUNCHER, "exec", "--join", os.path.join(t.runtime, "tc"), "drm_info")
        sway.msg("kill")
        ended(t, device, 0)


def test_the_hosts_fingers_are_on_the_touchscreen(t):
    """sway with a touchscreen is the host: one card's fingers get to another card in its window."""
    matrix.need("sway", "swaybg", "libinput")
    card = inner.start(t, options=("--input", "keyboard,pointer,touch"))
    card.show(inner.background, "the background")
    socket = card.wait(lambda: next((os.path.join(card.home, name) for name in os.listdir(card.home)
                                     if name in ("wayland-0", "wayland-1")), None), "its socket")
    folder = os.path.join(t.runtime, "inner")
    device = t.start(tc.LAUNCHER, "device", "--display", "window", "--input", "keyboard,touch",
                     "--dir", folder, WAYLAND_DISPLAY=socket)
    card.show(lambda image: matrix.share(image, inner.BLUE) < 0.1, "the window instead of it")
    reader = t.start(tc.LAUNCHER, "exec", "--join", folder, "--", "stdbuf", "-oL", "libinput",
                     "debug-events")

    def said(word):
        return [line.split() for line in log_of(reader).split("\n")[:-1] if word in line]
    card.wait(lambda: [line for line in said("DEVICE_ADDED") if "Touchscreen" in line],
              "libinput's touchscreen")

    def finger(words, event, number):
        """The control command on the host's card is the number-th such event in the window's."""
        card.ctl("touch", *words.split())
        return card.wait(lambda: len(said(event)) >= number and said(event)[number - 1], event)
    t.check("25.0" in " ".join(finger("down 0 256 576", "TOUCH_DOWN", 1)), log_of(reader))
    finger("down 1 768 192", "TOUCH_DOWN", 2)
    t.check("50.0" in " ".join(finger("move 1 512 192", "TOUCH_MOTION", 1)), log_of(reader))
    finger("up 0", "TOUCH_UP", 1)
    # The second one is lifted with the touchscreen that it is on.
    finger("down 0 10 10", "TOUCH_DOWN", 3)
    card.ctl("input", "remove", "2")
    card.wait(lambda: len(said("TOUCH_UP")) == 3, "both to go up")
    t.stop(reader, None)
    t.stop(device)
    card.stop()


def test_the_first_mode_is_what_the_host_gives(t):
    """A host that says a size at once (weston's kiosk): the program finds it as preferred mode."""
    matrix.need("weston")
    weston = t.start("weston", "--backend=headless-backend.so", "--use-pixman", "--no-config",
                     "--shell=kiosk-shell.so", "--width=900", "--height=700", "--socket=kiosk")
    socket = os.path.join(t.runtime, "kiosk")
    t.wait(lambda: os.path.exists(socket), "the host")
    text = t.exec("modetest", "-M", "testcard", "-c", options=("--display", "window"),
                  WAYLAND_DISPLAY=socket)
    first = text[text.index("#0"):].split("\n")[0]
    t.check("900x700 " in first and "preferred" in first, text)
    t.stop(weston)


def test_losing_the_host_ends_the_program(t):
    with host.Sway(t) as sway:
        process = launch(t, "sh", "-c", "echo up; exec sleep 1000", options=("--display", "window"),
                         WAYLAND_DISPLAY=sway.display)
        t.wait(lambda: "up" in log_of(process), "the program")
        sway.process.kill()
        sway.process.wait()
        ended(t, process, 143)


def test_png_is_frames(t):
    # The folder is the launcher's, wherever the program goes.
    text = t.run("env", "-C", t.out, os.path.abspath(tc.LAUNCHER), "exec", "--display", "png", "--",
                 "sh", "-c", f"modetest -M testcard -s Virtual-1:640x480 <>{fifo(t)} & pid=$!\n"
                 "until ls frames/*.png; do sleep 0.05; done 2>/dev/null; kill $pid; wait")
    t.check("frames/crtc0-" in text, text)


def test_no_host_is_an_error(t):
    text = t.exec("true", options=("--display", "window"), status=125, WAYLAND_DISPLAY="not-there")
    t.check("not-there" in text, text)
    text = t.exec("true", options=("--display", "window"), status=125)
    t.check("WAYLAND_DISPLAY is unset" in text, text)
    t.exec("true", options=("--display", "screen"), status=125)
    t.equal(os.listdir(t.runtime), [], "left in the runtime folder")


tc.main(globals())
