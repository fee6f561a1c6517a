"""/dev/fb0: what programs ask it, and what is on the screen then."""
import os
import shutil
import subprocess
import sys

import console_device as console
import png
import tc

CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fb_client.py")


def color(t, folder, x, y):
    reply = console.ctl(t, folder, "screenshot", t.path("shot.png"))
    return png.read(t.path("shot.png")).pixel(x, y) if reply["ok"] else None


def test_a_program(t):
    process, folder = console.start(t)
    client = subprocess.Popen([tc.LAUNCHER, "exec", "--join", folder, "--", sys.executable, CLIENT],
                              env=t.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=open(t.path("client.log"), "w"), text=True, bufsize=1)
    t.running.append(client)

    def step(want):
        got = client.stdout.readline().strip()
        if got != want:
            with open(t.path("client.log")) as file:
                raise tc.Failed(f"{got!r}, not {want!r}: {file.read()}")

    def go_on():
        client.stdin.write("\n")
        client.stdin.flush()

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
    t.equal(client.wait(tc.TIMEOUT), 0, "exit code")
    t.running.remove(client)
    flip.kill()
    flip.wait()
    t.running.remove(flip)
    t.wait(lambda: color(t, folder, 1, 1) == 0xff0000, "what was drawn comes back")
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
