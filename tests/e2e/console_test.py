"""The text console: what a device shows while no program has its card open."""
import os
import subprocess

import glyphs
import png
import tc
from console_device import ctl, start


def screen(t, folder):
    reply = ctl(t, folder, "screenshot", t.path("shot.png"))
    if not reply["ok"]:
        return []
    return glyphs.lines(png.read(t.path("shot.png")), 1)


def shows(t, folder, text):
    t.wait(lambda: any(text in line for line in screen(t, folder)), f"{text!r} on the console")


def test_banner_and_events(t):
    process, folder = start(t)
    lines = t.wait(lambda: screen(t, folder), "the console")
    t.check(lines[0].startswith("Testcard: /dev/dri/card0, driver testcard, 1024x768."), lines[0])
    t.equal(lines[1], f"Run one: testcard exec --join {folder} -- PROGRAM", "second line")
    shows(t, folder, "] crtc 0: on, 1024x768, 60 Hz")
    ctl(t, folder, "console", "print", "Hello,", "\u00e4 world!", "tab\\there")
    shows(t, folder, "Hello, ~ world!".replace("~", "\x7f"))
    ctl(t, folder, "disconnect")
    t.wait(lambda: not screen(t, folder), "a dark screen")
    ctl(t, folder, "mode", "640x480")
    shows(t, folder, "Virtual-1: connected")
    t.equal(png.read(t.path("shot.png")).width, 640, "width")
    t.stop(process)


def having(lines, number, text):
    """The lines, if that one is so."""
    return lines if len(lines) > number and lines[number] == text else None


def test_scrolls(t):
    process, folder = start(t)
    for i in range(60):
        ctl(t, folder, "console", "print", f"line number {i}")
    lines = t.wait(lambda: having(screen(t, folder), 46, "line number 59"), "the last line")
    t.equal(lines[0], "line number 13", "the first line")
    # A smaller screen has the last lines, too.
    ctl(t, folder, "mode", "800x600")
    shows(t, folder, "crtc 0: on, 800x600")
    ctl(t, folder, "console", "print", "on a small screen")
    t.wait(lambda: having(screen(t, folder), 35, "on a small screen"),
           "the last line of the small screen")
    t.stop(process)


def test_comes_back(t):
    """A program has the screens while it has the card; then the console has them again."""
    process, folder = start(t)
    shows(t, folder, "crtc 0: on")
    env = t.env()
    flip = subprocess.Popen([tc.LAUNCHER, "exec", "--join", folder, "--",
                             os.path.join(tc.DEMO, "testcard-flip"), "--frames", "100000"],
                            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.running.append(flip)
    t.wait(lambda: not any("Testcard: /dev" in line for line in screen(t, folder)),
           "the program's picture")
    ctl(t, folder, "console", "print", "not to be seen now")
    t.check(not any("not to be seen" in line for line in screen(t, folder)), "over the program")
    flip.kill()
    flip.wait()
    t.running.remove(flip)
    shows(t, folder, "not to be seen now")
    shows(t, folder, "/dev/dri/card0: closed by process")
    t.stop(process)


def test_unplugged(t):
    """Its text goes with the device; who still has a file of the old one has no screen."""
    process, folder = start(t)
    shows(t, folder, "crtc 0: on")
    ctl(t, folder, "console", "print", "of the first one")
    shows(t, folder, "of the first one")
    holder = t.start(tc.LAUNCHER, "exec", "--join", folder, "--", "sh", "-c",
                     "exec 3<>/dev/dri/card0; echo open >" + t.path("open") + "; exec sleep 1000")
    t.wait(lambda: os.path.exists(t.path("open")), "the other program")
    for _ in range(3):
        t.check(ctl(t, folder, "unplug")["ok"], "unplug")
        t.equal(screen(t, folder), [], "without a device")
        t.equal(ctl(t, folder, "console", "print", "x")["error"], "card 0 is unplugged", "print")
        t.check(ctl(t, folder, "plug")["ok"], "plug")
        t.check(screen(t, folder)[0].startswith("Testcard: /dev/dri/card0"), "banner")
        ctl(t, folder, "console", "print", "of another one")
        shows(t, folder, "of another one")
        t.check(not any("of the first one" in line for line in screen(t, folder)), "old text")
    holder.kill()
    holder.wait()
    t.running.remove(holder)
    shows(t, folder, "/dev/dri/card0: closed by process")
    t.check(any("of another one" in line for line in screen(t, folder)), "the same console")
    t.stop(process)


def test_not_for_who_does_not_want_it(t):
    process, folder = start(t, "--no-fbdev")
    t.equal(ctl(t, folder, "screenshot", t.path("x.png"))["error"], "crtc 0 is off", "screenshot")
    t.check("no console" in ctl(t, folder, "console", "print", "x")["error"], "print")
    t.stop(process)


tc.main(globals())
