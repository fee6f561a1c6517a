"""/dev/fb0: what programs ask it, and what is on the screen then."""
import os
import shutil
import subprocess
import sys

import console_device as console
import png
import tc

HERE = os.path.dirname(os.path.abspath(__file__))


class Client:
    """A program on the device, which says what it has done and waits to be told to go on."""

    def __init__(self, t, folder, script):
        self.t = t
        self.process = subprocess.Popen(
            [tc.LAUNCHER, "exec", "--join", folder, "--", sys.executable,
             os.path.join(HERE, script)], env=t.env(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=open(t.path("client.log"), "w"), text=True, bufsize=1)
        t.running.append(self.process)

    def step(self, want):
        got = self.process.stdout.readline().strip()
        if got != want:
            with open(self.t.path("client.log")) as file:
                raise tc.Failed(f"{got!r}, not {want!r}: {file.read()}")

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        self.t.equal(self.process.wait(tc.TIMEOUT), 0, "exit code")
        self.t.running.remove(self.process)


def color(t, folder, x, y):
    reply = console.ctl(t, folder, "screenshot", t.path("shot.png"))
    return png.read(t.path("shot.png")).pixel(x, y) if reply["ok"] else None


def test_a_program(t):
    process, folder = console.start(t)
    client = Client(t, folder, "fb_client.py")
    step, go_on = client.step, client.go_on
    for want in ("info", "refusals", "cmap", "drawn"):
        step(want)
    t.equal(color(t, folder, 1, 0), 0xff0000, "mapped")
    t.equal(color(t, folder, 2, 0), 0x0000ff, "written")
    t.equal(color(t, folder, 1023, 767), 0xff0000, "last pixel")
    go_on()
    step("panned")
    t.equal(color(t, folder, 0, 0), 0x00ff00, "first pixel of the lower half")
    go_on()
    step("blank")
    t.equal(color(t, folder, 0, 0), None, "a blank screen")
    go_on()
    step("back")
    t.equal(color(t, folder, 1, 0), 0xff0000, "not blank")
    flip = t.start(tc.LAUNCHER, "exec", "--join", folder, "--",
                   os.path.join(tc.DEMO, "testcard-flip"), "--frames", "100000")
    t.wait(lambda: color(t, folder, 1, 0) != 0xff0000, "the other program's picture")
    go_on()
    step("busy")
    client.end()
    flip.kill()
    flip.wait()
    t.running.remove(flip)
    t.wait(lambda: color(t, folder, 1, 1) == 0xff0000, "what was drawn comes back")
    t.stop(process)


def test_unplugged(t):
    """Files of a device that was pulled out are of none; a new one is where it was."""
    process, folder = console.start(t)
    client = Client(t, folder, "fb_unplug_client.py")
    client.step("there")
    for _ in range(2):
        t.equal(color(t, folder, 1023, 767), 0xff0000, "drawn")
        t.check(console.ctl(t, folder, "unplug")["ok"], "unplug")
        t.equal(color(t, folder, 1023, 767), None, "a screen without a device")
        client.go_on()
        client.step("gone")
        t.check(console.ctl(t, folder, "plug")["ok"], "plug")
        client.go_on()
        client.step("there")
    # The old device's memory, and the end of its files, are not the new one's.
    t.equal(color(t, folder, 1023, 767), 0xff0000, "drawn at last")
    client.go_on()
    client.step("closed")
    t.equal(color(t, folder, 1023, 767), 0xff0000, "who had the old ones is gone")
    client.go_on()
    client.end()
    t.stop(process)


def test_fbset(t):
    if not shutil.which("fbset"):
        raise tc.Skip("no fbset")
    process, folder = console.start(t)
    text = t.run(tc.LAUNCHER, "exec", "--join", folder, "--", "fbset", "-i")
    for words in ("geometry 1024 768 1024 1536 32", "Name        : testcarddrmfb",
                  "LineLength  : 4096", "Visual      : TRUECOLOR"):
        t.check(words in text, text)
    t.run(tc.LAUNCHER, "exec", "--join", folder, "--", "fbset", "-xres", "1600", status=1)
    t.stop(process)


def test_there_is_none_without_it(t):
    process, folder = console.start(t, "--no-fbdev")
    t.check(not os.path.exists(folder + "/tree/dev/fb0"), "/dev/fb0")
    t.stop(process)


tc.main(globals())
