"""What the rows of mutter and kwin share: a compositor in a session of testcard-logind, with a
terminal that fills its screen, typed into, on more than one monitor, and switched away."""
import itertools
import os
import shutil
import subprocess
import time

import matrix
import png
import tc

INK = 0x102030          # the terminal's background: nobody else paints so
BUS = "org.freedesktop.login1"
SESSION = "/org/freedesktop/login1/session/c1"


class Desktop(matrix.Program):
    """A compositor with one client, foot, that fills its screen."""

    def __init__(self, t, *argv, options=(), **env):
        matrix.need("dbus-daemon", "dbus-send", "foot")
        super().__init__(t, *argv, options=("--logind", *options), **env)

    def call(self, path, method, *words):
        """What logind answers, to the user whose bus it is."""
        done = subprocess.run(
            matrix.as_user(["dbus-send", f"--bus=unix:path={self.dir}/tree/run/systemd/bus-c1",
                            "--print-reply=literal", f"--dest={BUS}", path, method, *words]),
            env=self.t.env(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=tc.TIMEOUT, check=False)
        return done.stdout.split()

    def active(self):
        answer = self.call(SESSION, "org.freedesktop.DBus.Properties.Get",
                           f"string:{BUS}.Session", "string:Active")
        self.t.equal(answer[:-1], ["variant", "boolean"], "the property Active")
        return answer[-1] == "true"

    def end(self, status):
        self.stop(status)
        self.t.wait(lambda: not tc.children(), "its clients to end")


def terminal(t):
    return ["foot", "-F", "-o", f"colors.background={INK:06x}", "sh", matrix.typed(t)]


def mutter(t, options=(), **env):
    matrix.need("mutter")
    return Desktop(t, "mutter", "--wayland", "--display-server", "--no-x11", "--", *terminal(t),
                   options=options, GSETTINGS_BACKEND="memory", **env)


def without_capabilities(t, program):
    """Debian gives kwin_wayland a file capability, with which LD_PRELOAD has no effect on it; a
    copy has none."""
    if os.statvfs(t.root).f_flag & os.ST_NOEXEC:
        raise tc.Skip(f"{t.root} does not run programs")
    target = os.path.join(t.root, program)
    shutil.copy(shutil.which(program), target)
    return target


def kwin(t, compose, client=None, **keywords):
    matrix.need("kwin_wayland")
    return Desktop(t, without_capabilities(t, "kwin_wayland"), "--drm", "--no-lockscreen",
                   " ".join(client or terminal(t)), KWIN_COMPOSE=compose,
                   QT_LOGGING_RULES="kwin*=true", **keywords)


def full(image):
    return matrix.share(image, INK) > 0.9


def check_terminal(card):
    card.show(full, "the terminal")
    matrix.type_line(card, "typed by nobody")
    picture = card.show(lambda image: len(matrix.colours(image, (0, 0, 300, 60), 1)) > 8,
                        "the letters")
    # Letters are where lines are; below them is nothing but the terminal.
    box = (0, picture.height // 2, picture.width // 4, picture.height // 2)
    card.t.equal(matrix.share(picture, INK, box, 1), 1.0, "the terminal's background")


def point(card, x, y):
    """Moves the pointer; the cursor's plane is there. The first motion may come before anybody
    listens, or bring a cursor that the client has yet to draw and mutter shows with the next
    frame, which is not sure to come by itself: hence another, forth and back."""
    turn = itertools.cycle((x, x + 2))

    def there():
        card.ctl("move-to", str(next(turn)), str(y))
        card.ctl("wait-vblank", "4")
        planes = card.planes("cursor")
        return planes and abs(planes[0]["x"] - x) < 40 and abs(planes[0]["y"] - y) < 40
    card.wait(there, f"the cursor's plane at {x},{y}")


def check_cursor(card):
    point(card, 700, 500)
    card.show(lambda image: matrix.share(image, INK, (690, 490, 40, 40), 1) < 1, "the cursor")


def press_switch(card, number):
    """Ctrl+Alt+F1 and so on. Who is slow gets no second one while it may yet see to the first: it
    would switch once more, when somebody else has switched back. True: that has the seat."""
    for word in ("leftctrl down", "leftalt down", f"f{number}", "leftalt up", "leftctrl up"):
        card.ctl("key", *word.split())
    end = time.monotonic() + 3
    while card.ctl("session")["active"] != number:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def switch_by_keys(card, number):
    """Until whoever has the screen listens. Where that is the session itself already, the keys do
    nothing."""
    card.wait(lambda: press_switch(card, number), f"session {number} by Ctrl+Alt+F{number}")


def masters(card):
    return [file for file in card.state()["files"] if file["master"]]


def others_turn(card, ours):
    """The session is switched away; another program has the screen, which then does not show what
    ours(image) knows; it ends, and the session is switched back."""
    card.ctl("session", "disable")
    card.wait(lambda: not masters(card), "nobody to be master")
    connector = card.state()["connectors"][0]["id"]
    # modetest waits for Enter, which nobody types, with its pattern on the screen.
    other = matrix.Program(card.t, "sh", "-c", "mkfifo enter; exec modetest -M testcard -s "
                           f"{connector}:1024x768 <>enter",
                           options=("--join", card.dir), name="other", device=False)
    card.show(lambda image: not ours(image) and len(matrix.colours(image)) > 8,
              "modetest's pattern")
    card.stays(lambda image: not ours(image), "modetest's pattern")
    other.stop(None)
    card.wait(lambda: not masters(card), "modetest's file to be closed")
    card.ctl("session", "enable")


def check_switch(card):
    """Another program has the screen in the meantime; afterwards all is as before."""
    card.show(full, "the terminal")
    card.wait(card.active, "the session to be active")
    others_turn(card, lambda image: matrix.share(image, INK) > 0.1)
    card.wait(card.active, "the session to be active again")
    card.show(full, "the terminal again")
    matrix.type_line(card, "typed again")


MONITORS = {"HDMI-A-1": (1920, 1080), "DP-1": (2560, 1440), "eDP-1": (1920, 1200)}


def pictures(card):
    """What each connector that is lit shows, by name; None while that is changing."""
    state, found = card.state(), {}
    index = {crtc["id"]: crtc["index"] for crtc in state["crtcs"] if crtc["active"]}
    for connector in state["connectors"]:
        if not connector["crtc"]:
            continue
        if connector["crtc"] not in index:
            return None
        path = card.t.path(f"{connector['name']}.png")
        crtc = str(index[connector["crtc"]])
        if not card.ctl("screenshot", path, "crtc", crtc, ok=None)["ok"]:
            return None
        found[connector["name"]] = png.read(path)
    return found


def show_monitors(card, names):
    """These, in their own sizes, and the terminal fills one of them."""
    def look():
        shown = pictures(card)
        return (shown is not None and
                {name: (image.width, image.height) for name, image in shown.items()} ==
                {name: MONITORS[name] for name in names} and
                any(full(image) for image in shown.values()))
    card.wait(look, f"{names} to be lit, one with the terminal")


def check_monitors(card):
    """A monitor goes and comes: the others stay, and it has a picture again."""
    show_monitors(card, ["HDMI-A-1", "DP-1", "eDP-1"])
    card.ctl("disconnect", "DP-1")
    show_monitors(card, ["HDMI-A-1", "eDP-1"])
    card.ctl("connect", "DP-1")
    show_monitors(card, ["HDMI-A-1", "DP-1", "eDP-1"])
