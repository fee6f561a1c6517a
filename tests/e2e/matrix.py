"""What the rows of the matrix share: Debian's own programs, unmodified, run by an ordinary user on
a device of ours, judged by what the device scans out.

    card = matrix.Program(t, "sway", "-c", path, options=("--render-node",), WLR_RENDERER="gles2")
    picture = card.show(lambda image: image.pixel(9, 9) == 0x204080, "the background")
    card.type("ls\\n")
    card.stop()

A row waits for a picture, however long a busy machine takes, and never for a time. What it did not
get is said with the ends of the logs (tc.py); the last picture stays beside them (t.out)."""
import json
import os
import shutil
import subprocess
import time

import png
import tc

USER = 65534        # nobody: whom root's tests run programs as
PATIENCE = 120      # seconds until a picture that does not come is missed

# The card's own seat, whatever this shell has in mind.
SEAT = {"LIBSEAT_BACKEND": None, "SEATD_SOCK": None, "SEATD_VTBOUND": None}


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tc.Skip(f"{program} is not installed")


def as_user(argv):
    """The command line that runs argv as the user of Program."""
    if os.geteuid() != 0:
        return list(argv)
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--", *argv]


def _hand_over(path):
    if os.geteuid() == 0:
        os.chown(path, USER, USER)


def _launcher(t):
    """A launcher that the user can run: a checkout in a home folder is not for others to read."""
    probe = subprocess.run(as_user(["test", "-x", tc.LAUNCHER]), cwd="/", check=False)
    if probe.returncode == 0:
        return os.path.abspath(tc.LAUNCHER)
    places = ("clients/launcher/testcard", "clients/preload/libtestcard-preload.so",
              "protocols/server/testcard-device", "protocols/logind/testcard-logind",
              *(f"protocols/profile/{name}.json" for name in ("minimal", "desktop", "soc")))
    for place in places:
        target = os.path.join(t.root, "build", place)
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(tc.BUILD, place), target)
    return os.path.join(t.root, "build", places[0])


def prepare(t):
    """The test's folders become the user's. Returns his home (and XDG_RUNTIME_DIR)."""
    home = os.path.join(t.root, "home")
    os.chmod(t.root, 0o711)
    if not os.path.exists(home):
        os.mkdir(home, 0o700)
    for path in (t.runtime, t.out, home):
        _hand_over(path)
    return home


def process(pid):
    """Its name."""
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return f"{pid}, which is gone"


def write(path, text=""):
    with open(path, "w") as file:
        file.write(text)
    return path


def script(t, name, text):
    """A file that the program can read; its path."""
    return write(t.path(name), text)


class Program:
    """A program by `testcard exec`, as an ordinary user, on a device of its own."""

    def __init__(self, t, *argv, options=(), name="tc", device=True, **env):
        """device=False: the device is another's, that options name (--join)."""
        self.t, self.name = t, name
        self.home = prepare(t)
        self.dir = os.path.join(t.runtime, name)
        own = ("--dir", self.dir) if device else ()
        everything = {"HOME": self.home, "XDG_RUNTIME_DIR": self.home, "LC_ALL": "C.UTF-8",
                      **SEAT, **env}
        words = [f"{key}={value}" for key, value in everything.items() if value is not None]
        unset = [word for key, value in everything.items() if value is None
                 for word in ("-u", key)]
        self.process = t.start(
            *as_user(["env", "-C", self.home, *unset, *words, _launcher(t), "exec", *own,
                       *options, "--", *argv]), log=t.path(f"{name}.log"))
        if device:
            t.wait(lambda: self.ended() or os.path.exists(os.path.join(self.dir, "control.sock")),
                   "the device", PATIENCE)

    def ended(self):
        return self.process.poll() is not None

    def log(self):
        with open(self.process.log, errors="replace") as file:
            return file.read()

    def fail(self, text):
        raise tc.Failed(f"{self.name}: {text}")

    def alive(self):
        """Fails when the program has ended."""
        if self.ended():
            self.fail(f"the program is gone ({self.process.returncode})")

    def ctl(self, *words, ok=True):
        """A control command's reply."""
        self.alive()
        done = subprocess.run([tc.CTL, "--timeout", str(tc.TIMEOUT), "--dir", self.dir, *words],
                              env=self.t.env(), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=2 * tc.TIMEOUT, check=False)
        try:
            reply = json.loads(done.stdout)
        except ValueError:
            self.fail(f"ctl {words}: not JSON: {done.stdout!r}")
        if ok is not None and reply.get("ok") is not ok:
            self.fail(f"ctl {words}: {done.stdout}")
        return reply

    def state(self):
        return self.ctl("state")

    def planes(self, kind=None):
        """The planes (of that type) that show something now."""
        return [plane for plane in self.state()["planes"]
                if plane.get("fb") and kind in (None, plane["type"])]

    def screenshot(self, crtc=0, keep=None):
        path = self.t.path(keep or f"{self.name}-crtc{crtc}.png")
        self.ctl("screenshot", path, "crtc", str(crtc))
        return png.read(path)

    def wait(self, condition, text, seconds=PATIENCE):
        """t.wait() that ends when the program does; says where the device was."""
        def look():
            self.alive()
            return condition()
        try:
            return self.t.wait(look, text, seconds)
        except tc.Failed as failed:
            if self.ended():
                raise
            raise tc.Failed(f"{failed}\n{self.about()}") from None

    def about(self):
        """A line of who has the device, and what is on."""
        try:
            state, seat = self.state(), self.ctl("session", ok=None)
        except (tc.Failed, OSError, subprocess.SubprocessError) as error:
            return f"the device does not answer: {error}"
        rows = [f"{row['number']} {row['state']}" for row in seat.get("sessions", [])]
        files = [f"{process(file['pid'])}{' (master)' if file['master'] else ''}"
                 for file in state["files"]]
        lit = [f"{crtc['index']}, {crtc['vblank']['count']} vblanks" for crtc in state["crtcs"]
               if crtc["active"]]
        return f"sessions: {rows}; card files: {files}; crtcs: {lit}; planes: " \
            f"{[plane['type'] for plane in state['planes'] if plane.get('fb')]}"

    def wait_log(self, text, times=1):
        self.wait(lambda: self.log().count(text) >= times, f"the log to say {text!r}")

    def show(self, predicate, text, crtc=0, seconds=PATIENCE):
        """Waits until the crtc scans out a picture that satisfies; returns the picture."""
        last = {}

        def look():
            # A modeset may turn it off at any moment: there is no asking before.
            path = self.t.path(f"{self.name}-crtc{crtc}.png")
            reply = self.ctl("screenshot", path, "crtc", str(crtc), ok=None)
            if not reply["ok"]:
                self.t.check(" is off" in reply["error"] or "no crtc" in reply["error"],
                             reply["error"])
                return None
            image = last["image"] = png.read(path)
            return image if predicate(image) else None
        try:
            return self.wait(look, f"the screen to show {text}", seconds)
        except tc.Failed as failed:
            if "image" in last:
                raise tc.Failed(f"the last picture: {summary(last['image'])}\n{failed}") from None
            raise

    def stays(self, predicate, text, vblanks=10, crtc=0):
        """The picture holds for so many vblanks: for what must not happen."""
        for _ in range(vblanks):
            image = self.screenshot(crtc)
            if not predicate(image):
                self.fail(f"the screen did not keep {text}; it shows {summary(image)}")
            self.ctl("wait-vblank", "1")

    def type(self, text):
        """Typed on the virtual keyboard. Enter is a newline."""
        self.ctl("type", *[text.replace("\n", "\\n")])

    def ends(self, status=0):
        """It ends by itself."""
        self.t.wait(self.ended, "the program to end", PATIENCE)
        self.t.stop(self.process, status)

    def stop(self, status=0):
        """SIGTERM; the exit code is status (None: any), nothing is left behind."""
        self.t.stop(self.process, status)


def typed(t, name="typed"):
    """A terminal's program: touches `name`.ready, then keeps the last line typed in `name`, until
    "bye"."""
    path = t.path(name)
    return script(t, f"{name}.sh", f"touch {path}.ready\nwhile read line; do\n"
                  f"[ \"$line\" = bye ] && exit\n"
                  f"echo \"$line\" >{path}.new\nmv {path}.new {path}\ndone\n")


def type_line(program, text, name="typed"):
    """Types until the program of typed() got that line: nobody tells when the keyboard is its."""
    path = program.t.path(name)
    program.wait(lambda: os.path.exists(path + ".ready"), "the terminal's program")

    def arrived():
        try:
            with open(path) as file:
                return file.read() == text + "\n"
        except OSError:
            return False

    def again():
        program.type("\n" + text + "\n")
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if arrived():
                return True
            time.sleep(0.02)
        return False
    program.wait(again, f"the line {text!r} to be typed")


# Pictures.

def _box(image, box):
    return box or (0, 0, image.width, image.height)


def colours(image, box=None, step=3):
    """{colour: how often} of every step-th pixel in box = (x, y, width, height)."""
    x0, y0, width, height = _box(image, box)
    found = {}
    for y in range(y0, y0 + height, step):
        for x in range(x0, x0 + width, step):
            colour = image.pixel(x, y)
            found[colour] = found.get(colour, 0) + 1
    return found


def share(image, colour, box=None, step=3, off=0):
    """What part of the box (0 to 1) has the colour, give or take `off` in each channel."""
    found = colours(image, box, step)
    hits = sum(count for got, count in found.items() if near(got, colour, off))
    return hits / max(1, sum(found.values()))


def near(one, other, off=3):
    """Equal colours, give or take `off` in each channel."""
    return all(abs((one >> shift & 255) - (other >> shift & 255)) <= off for shift in (16, 8, 0))


def differ(one, other, box=None):
    """How many pixels of the box are not the same in both."""
    if (one.width, one.height) != (other.width, other.height):
        return one.width * one.height
    x0, y0, width, height = _box(one, box)
    count = 0
    for y in range(y0, y0 + height):
        a = one.rows[y][x0 * one.channels:(x0 + width) * one.channels]
        b = other.rows[y][x0 * other.channels:(x0 + width) * other.channels]
        if one.channels == other.channels and a == b:
            continue
        count += sum(one.pixel(x, y) != other.pixel(x, y) for x in range(x0, x0 + width))
    return count


def bounds(image, wanted):
    """(x, y, width, height) around all pixels whose colour is wanted(colour), or None."""
    xs, ys = [], []
    for y in range(image.height):
        row = [x for x in range(image.width) if wanted(image.pixel(x, y))]
        if row:
            ys.append(y)
            xs += (row[0], row[-1])
    if not xs:
        return None
    return min(xs), ys[0], max(xs) - min(xs) + 1, ys[-1] - ys[0] + 1


def filled(image, colour, cursor=32):
    """One colour everywhere, but for a cursor of at most so many pixels in size."""
    if share(image, colour, step=16) < 0.9:
        return False
    box = bounds(image, lambda got: got != colour)
    return not box or (box[2] <= cursor and box[3] <= cursor)


def summary(image):
    most = sorted(colours(image, step=7).items(), key=lambda item: -item[1])[:6]
    text = ", ".join(f"{colour:06x} x{count}" for colour, count in most)
    return f"{image.width}x{image.height}, most of it {text}"
