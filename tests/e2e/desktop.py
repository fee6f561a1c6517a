"""What the rows of mutter and kwin share: a compositor in a session of testcard-logind, with a
terminal that fills its screen, typed into, on more than one monitor, and switched away."""
import subprocess

import matrix
import tc

INK = 0x102030          # the terminal's background: nobody else paints so
BUS = "org.freedesktop.login1"
SESSION = "/org/freedesktop/login1/session/c1"


class Desktop(matrix.Program):
    """A compositor with one client, foot, that fills its screen."""

    def __init__(self, t, *argv, options=(), **env):
        matrix.need("dbus-daemon", "dbus-send", "foot")
        super().__init__(t, *argv, options=("--logind", *options), LIBSEAT_BACKEND=None,
                         SEATD_VTBOUND=None, **env)

    def call(self, path, method, *words):
        """What logind answers, to the user whose bus it is."""
        done = subprocess.run(
            matrix.as_user(["dbus-send", f"--bus=unix:path={self.dir}/bus",
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


def check_cursor(card):
    """On its plane, and where the pointer is."""
    card.ctl("move-to", "700", "500")

    def there():
        planes = card.planes("cursor")
        return planes and abs(planes[0]["x"] - 700) < 40 and abs(planes[0]["y"] - 500) < 40
    card.wait(there, "the cursor's plane at 700,500")
    card.show(lambda image: matrix.share(image, INK, (690, 490, 40, 40), 1) < 1, "the cursor")


def check_switch(card):
    """Another program has the screen in the meantime; afterwards all is as before."""
    card.show(full, "the terminal")
    card.wait(card.active, "the session to be active")
    card.ctl("session", "disable")
    card.wait(lambda: not card.active(), "the session to be paused")
    card.t.check(not any(file["master"] for file in card.state()["files"]), "nobody is master")
    connector = card.state()["connectors"][0]["id"]
    # modetest waits for Enter, which nobody types, with its pattern on the screen.
    other = matrix.Program(card.t, "sh", "-c", "mkfifo enter; exec modetest -M testcard -s "
                           f"{connector}:1024x768 <>enter",
                           options=("--join", card.dir), name="other", device=False)
    card.show(lambda image: matrix.share(image, INK) < 0.1 and len(matrix.colours(image)) > 8,
              "modetest's pattern")
    card.stays(lambda image: matrix.share(image, INK) < 0.1, "modetest's pattern")
    other.stop(None)
    card.t.wait(lambda: not any(file["master"] for file in card.state()["files"]),
                "modetest's file to be closed")
    card.ctl("session", "enable")
    card.wait(card.active, "the session to be active again")
    card.show(full, "the terminal again")
    matrix.type_line(card, "typed again")


def check_monitors(card):
    """A monitor goes and comes: what is on the others stays, and it has a picture of its own."""
    def lit():
        state = card.state()
        return {connector["name"]: connector["crtc"] for connector in state["connectors"]
                if connector["connected"] and connector["crtc"]}

    card.wait(lambda: len(lit()) == 3, "three monitors to be on")
    card.ctl("disconnect", "DP-1")
    card.wait(lambda: sorted(lit()) == ["HDMI-A-1", "eDP-1"], "two monitors to be on")
    card.ctl("connect", "DP-1")
    card.wait(lambda: len(lit()) == 3, "the third to be on again")
    state = card.state()
    shown = [card.show(lambda image: True, "a picture", crtc["index"])
             for crtc in state["crtcs"] if crtc["active"]]
    card.t.equal(sorted((image.width, image.height) for image in shown),
                 [(1920, 1080), (1920, 1200), (2560, 1440)], "the monitors' sizes")
