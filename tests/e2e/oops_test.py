"""The oops: what is on the screens, as PNG, when the process that is the device dies."""
import os
import shutil
import signal
import subprocess
import time

import glyphs
import host
import png
import tc

SLATE = 0x28333f  # the backdrop
SANITIZED = any(b"libasan" in line or b"libtsan" in line
                for line in open(os.path.join(tc.BUILD, "compositor/testcard-compositor"), "rb"))


def picture(t, name="oops-crtc0.png"):
    """The text of the oops's picture."""
    path = t.path("frames/" + name)
    t.wait(lambda: os.path.exists(path), f"{name}")
    return png.read(path), "\n".join(glyphs.lines(png.read(path)))


def compositor(t, *options):
    if SANITIZED:
        raise tc.Skip("a sanitizer has handlers of its own")
    return tc.Compositor(t, "--frames", t.path("frames"), *options, TESTCARD_FAULTS="1")


def sweep(t, c):
    """What a dead process leaves behind."""
    shutil.rmtree(c.dir)
    for name in os.listdir(t.runtime):
        if name.startswith("wayland-0"):
            os.unlink(os.path.join(t.runtime, name))


def death(t, c, number):
    t.equal(c.process.wait(tc.TIMEOUT), -number, "exit status")
    t.running.remove(c.process)
    # Nothing of it may stay: neither the reporter nor what a dead process leaves behind.
    t.wait(lambda: not tc.children(), "the end of the reporter")
    sweep(t, c)


def expect(t, text, *words):
    for word in words:
        t.check(word in text, f"{word!r} is not in the picture:\n{text}")


def test_compositor_segv_by_a_client(t):
    c = compositor(t)
    done = subprocess.run([tc.CTL, "--dir", c.dir, "fault", "segv"], env=t.env(),
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # Who asked just sees the end of the connection.
    t.equal(done.returncode, 1, "exit code of who asked")
    death(t, c, signal.SIGSEGV)
    image, text = picture(t)
    t.equal((image.width, image.height), (1024, 768), "size of the picture")
    expect(t, text, "the display's process died", "SIGSEGV: nothing is mapped at 0x0",
           "testcard-compositor 0.1.0", "rip 0000" if os.uname().machine == "x86_64" else "",
           "fault+0x", "client_thread+0x", "crtc 0: on, 1024x768, 60 Hz",
           "/dev/dri/card0: opened by process")
    expect(t, c.log(), "testcard: oops: SIGSEGV")


def test_compositor_killed_by_a_signal(t):
    for number, words in ((signal.SIGSEGV, f"SIGSEGV was sent by process {os.getpid()}"),
                          (signal.SIGABRT, f"SIGABRT was sent by process {os.getpid()}"),
                          (signal.SIGBUS, f"SIGBUS was sent by process {os.getpid()}"),
                          (signal.SIGKILL, "died without a word")):
        c = compositor(t, "--size", "640x480")
        c.process.send_signal(number)
        death(t, c, number)
        image, text = picture(t)
        t.equal((image.width, image.height), (640, 480), "size of the picture")
        expect(t, text, words)
        os.unlink(t.path("frames/oops-crtc0.png"))


def test_watchdog_of_locks(t):
    c = compositor(t, "--watchdog", "3")
    asker = t.start(tc.CTL, "--dir", c.dir, "fault", "stall", log=t.path("ctl.log"))
    death(t, c, signal.SIGABRT)
    asker.wait(tc.TIMEOUT)
    t.running.remove(asker)
    expect(t, picture(t)[1], "watchdog: the device's locks did not answer for 3.000 s",
           "pulse_thread+0x")


def test_watchdog_of_a_stopped_process(t):
    c = compositor(t, "--watchdog", "3")
    c.process.send_signal(signal.SIGSTOP)
    expect(t, picture(t)[1], "did not answer for 3.000 s")
    c.process.send_signal(signal.SIGCONT)
    death(t, c, signal.SIGABRT)


def comm(pid):
    with open(f"/proc/{pid}/comm") as file:
        return file.read().rstrip()


def lives(t, c):
    c.stop()
    t.check(not os.path.exists(t.path("frames/oops-crtc0.png")), "an oops")
    t.check("oops" not in c.log(), c.log())


def test_watchdog_lets_live(t):
    c = compositor(t, "--watchdog", "3")
    time.sleep(5)
    lives(t, c)


def test_watchdog_of_a_machine_that_stalls(t):
    """When nobody could run, nobody is late: the watchdog could not, either."""
    c = compositor(t, "--watchdog", "3")
    reporter, = [pid for pid in tc.children(c.process.pid) if comm(pid) == "testcard-oops"]
    for pid in (c.process.pid, reporter):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(4)
    # The other one's turn comes a little later.
    os.kill(reporter, signal.SIGCONT)
    time.sleep(0.3)
    c.process.send_signal(signal.SIGCONT)
    c.ctl("wait-vblank", "30")
    lives(t, c)


def test_on_demand_and_away(t):
    c = tc.Compositor(t, "--frames", t.path("frames"))
    c.ctl("move-to", "10", "10")
    before = c.shows(lambda image: image.pixel(500, 400) == SLATE and any(
        image.pixel(x, y) != SLATE for x in range(32) for y in range(32)),
        "backdrop and cursor", "before.png")
    c.ctl("oops", "as", "you", "wish")
    c.ctl("wait-vblank", "2")
    shot = c.screenshot("oops.png")
    text = "\n".join(glyphs.lines(shot))
    expect(t, text, "Testcard oops", "as you wish", "kms_oops_trigger+0x", "Last events:")
    # The reporter's picture says the same.
    expect(t, picture(t)[1], "as you wish")
    c.ctl("oops", ok=False)
    c.ctl("oops-clear")
    c.ctl("oops-clear", ok=False)
    t.check(c.screenshot("after.png").rows == before.rows, "the picture is not as before")
    c.ctl("gpu", "wedge")
    expect(t, "\n".join(glyphs.lines(c.screenshot("wedged.png"))), "the GPU is wedged")
    c.ctl("gpu", "unwedge")
    t.check("wedged" not in "\n".join(glyphs.lines(c.screenshot("after.png"))), "still there")
    t.check("unknown command" in c.ctl("fault", "segv", ok=False)["error"], "fault is for tests")
    c.stop()


def test_sinks_see_it_live(t):
    """The picture comes through the frames of the crtc, too, while there is a crtc."""
    c = tc.Compositor(t, "--frames", t.path("frames"))
    c.ctl("oops", "through", "the", "sinks")
    c.ctl("wait-vblank", "3")
    c.stop()
    newest = max(name for name in os.listdir(t.path("frames")) if name.startswith("crtc0"))
    expect(t, "\n".join(glyphs.lines(png.read(t.path("frames/" + newest)))), "through the sinks")


def dies_in_a_window(t, sway):
    """How many pictures there are of the host while it dies."""
    c = tc.Compositor(t, headless=False, WAYLAND_DISPLAY=sway.display)
    t.wait(lambda: sway.window(), "our window on the host")
    c.ctl("wait-vblank", "5")
    c.process.send_signal(signal.SIGSEGV)
    taken = 0
    while c.process.poll() is None:
        sway.screenshot(f"host{taken}.png")
        taken += 1
    t.equal(c.process.wait(), -signal.SIGSEGV, "exit status")
    t.running.remove(c.process)
    t.wait(lambda: not sway.window(), "the end of the window")
    sweep(t, c)
    return taken


def test_window_shows_it(t):
    """The window stays for some seconds, with the oops in it."""
    if SANITIZED:
        raise tc.Skip("a sanitizer has handlers of its own")
    with host.Sway(t) as sway:
        def seen():
            # To read them takes longer than to take them: of all pictures, afterwards. In the
            # seconds of its death a busy machine may take none that is new.
            return any("SIGSEGV was sent" in line
                       for i in reversed(range(dies_in_a_window(t, sway)))
                       for line in glyphs.lines(png.read(t.path(f"host{i}.png"))))
        t.wait(seen, "the oops on a picture of the host")


def test_no_oops(t):
    c = tc.Compositor(t, "--no-oops", "--frames", t.path("frames"))
    t.check("without an oops" in c.ctl("oops", ok=False)["error"], "oops")
    c.stop()


tc.main(globals())
