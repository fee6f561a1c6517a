"""testcardctl time and flip, --clock: frozen, stepped and fast time, late and lost flips."""
import json
import os
import subprocess

import tc

DEVICE = os.path.join(tc.BUILD, "protocols/server/testcard-device")
FLIP = os.path.join(tc.DEMO, "testcard-flip")
CLIENT = os.path.join(tc.BUILD, "tests/uapi/time_client_test")
SELF = os.path.join(tc.BUILD, "tests/uapi/time_self_test")
FIRST_NS = 1000000000


def start(t, *options):
    folder = os.path.join(t.runtime, "d")
    process = t.start(DEVICE, "--dir", folder, "--no-input", *options)
    t.wait(lambda: os.path.exists(folder + "/control.sock"), "the control socket")
    return process, folder


def stop(t, process, folder):
    t.stop(process)
    if os.path.isdir(folder):
        os.rmdir(folder)


def ctl(t, folder, *words, status=0):
    done = subprocess.run([tc.CTL, "--dir", folder, *words], env=t.env(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=tc.TIMEOUT)
    t.equal(done.returncode, status, f"exit code of {words}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def client(t, folder, *argv):
    return t.start(tc.LAUNCHER, "exec", "--join", folder, "--", *argv, log=t.path("client.log"))


def test_commands(t):
    process, folder = start(t, "--clock", "virtual")
    now = ctl(t, folder, "time")
    t.equal((now["time"], now["now_ns"]), ("frozen", FIRST_NS), "at first")
    t.equal(ctl(t, folder, "time", "step-ns", "5")["now_ns"], FIRST_NS + 5, "five later")
    for words in (["stop"], ["step", "0"], ["step", "x"], ["step", "1", "crtc", "1"], ["step-ns"],
                  ["step-ns", "-1"], ["freeze", "now"], ["now", "card", "1"]):
        ctl(t, folder, "time", *words, status=1)
    for words in ([], ["delay"], ["delay", "-1"], ["lose", "1"], ["lose", "crtc", "9"]):
        ctl(t, folder, "flip", *words, status=1)
    t.equal(ctl(t, folder, "time", "fast")["time"], "fast", "mode")
    ctl(t, folder, "time", "step-ns", "5", status=1)
    real = ctl(t, folder, "time", "real")
    t.equal(real["time"], "real", "mode")
    t.check(ctl(t, folder, "time")["now_ns"] > real["now_ns"], "real time goes on")
    t.equal(ctl(t, folder, "time", "freeze")["time"], "frozen", "mode")
    t.equal(ctl(t, folder, "time")["now_ns"], ctl(t, folder, "time")["now_ns"], "frozen")
    stop(t, process, folder)


def test_same_events_byte_for_byte(t):
    """Twice over the wire, once in process."""
    names = [t.path(f"events-{i}") for i in range(3)]
    for name in names[:2]:
        t.exec(CLIENT, options=("--no-input", "--clock", "virtual"), TESTCARD_TEST_EVENTS=name)
    t.run(SELF, TESTCARD_TEST_EVENTS=names[2])
    events = [open(name, "rb").read() for name in names]
    t.check(len(events[0]) > 40 * 32, f"{len(events[0])} bytes")
    t.equal(events[1], events[0], "second run")
    t.equal(events[2], events[0], "in process")


def test_lockstep_with_a_client(t):
    """Every vblank waits for the client's flip; the picture is written when the step answers."""
    frames = t.path("frames")
    os.mkdir(frames)
    process, folder = start(t, "--clock", "virtual", "--frames", frames)
    flip = client(t, folder, FLIP, "--frames", "40")
    before = ctl(t, folder, "time", "step", "commit")
    for i in range(1, 6):
        after = ctl(t, folder, "time", "step", "4", "commit")
        crtc, was = after["crtcs"][0], before["crtcs"][0]
        t.equal(crtc["count"] - was["count"], 4 * i, "vblanks")
        t.equal(crtc["flips"] - was["flips"], 4 * i, "flips")
        t.equal(crtc["time_ns"], after["now_ns"], "time")
        t.check(os.path.exists(f"{frames}/crtc0-{crtc['count']:08}.png"), "the last picture")
    ctl(t, folder, "time", "fast")
    t.equal(flip.wait(tc.TIMEOUT), 0, "status of the client")
    t.running.remove(flip)
    stop(t, process, folder)


def test_late_and_lost_flips(t):
    process, folder = start(t, "--clock", "virtual")
    flip = client(t, folder, FLIP, "--frames", "10", "--patience", "15")
    ctl(t, folder, "time", "step", "2", "commit")
    ctl(t, folder, "flip", "delay", "3")
    before = ctl(t, folder, "time")["crtcs"][0]
    after = ctl(t, folder, "time", "step", "3", "commit")["crtcs"][0]
    t.equal(after["flips"], before["flips"], "put off")
    after = ctl(t, folder, "time", "step", "commit")["crtcs"][0]
    t.equal(after["flips"], before["flips"] + 1, "late")
    ctl(t, folder, "flip", "lose")
    lost = ctl(t, folder, "time", "step", "commit")["crtcs"][0]
    t.equal(lost["flips"], before["flips"] + 2, "shown")
    # The client waits for the event, and will not flip again.
    text = ctl(t, folder, "time", "step", "commit", status=1)["error"]
    t.equal(text, "crtc 0 has no commit; 1 vblanks left", "refused")
    t.equal(flip.wait(tc.TIMEOUT), 1, "status of the client")
    t.running.remove(flip)
    with open(flip.log) as file:
        log = file.read()
    t.check("no flip event" in log, log)
    stop(t, process, folder)


def test_device_ends_while_a_client_waits(t):
    """SETCRTC waits for a vblank that does not come; so do control commands."""
    process, folder = start(t, "--clock", "virtual")
    flip = client(t, folder, FLIP)
    t.wait(lambda: ctl(t, folder, "time")["crtcs"][0]["running"], "the screen")
    wait = t.start(tc.CTL, "--dir", folder, "wait-vblank")
    t.stop(process)
    for one in (flip, wait):
        one.wait(tc.TIMEOUT)
        t.running.remove(one)
    process, folder = start(t, "--clock", "virtual")
    step = t.start(tc.CTL, "--dir", folder, "time", "step")
    t.wait(lambda: ctl(t, folder, "time")["ok"], "an answer beside the step")
    stop(t, process, folder)
    step.wait(tc.TIMEOUT)
    t.running.remove(step)


def test_fast_client(t):
    text = t.exec(FLIP, "--frames", "600", options=("--no-input", "--clock", "fast"))
    t.check("600 flips, 60.00 Hz" in text and "0 vblanks missed" in text, text)
    t.exec("true", options=("--clock", "slow"), status=125)


def test_waiting_command(t):
    process, folder = start(t, "--clock", "fast")
    flip = client(t, folder, FLIP, "--frames", "5", "--still", "600")
    t.wait(lambda: ctl(t, folder, "time")["crtcs"][0]["running"], "the screen")
    # Fast: it comes because it is waited for. Frozen: with the step.
    before = ctl(t, folder, "time", "freeze")["crtcs"][0]["count"]
    ctl(t, folder, "time", "fast")
    t.equal(ctl(t, folder, "wait-vblank", "1000")["count"] >= before + 1000, True, "count")
    before = ctl(t, folder, "time", "freeze")["crtcs"][0]["count"]
    wait = t.start(tc.CTL, "--dir", folder, "wait-vblank", log=t.path("wait.log"))
    t.wait(lambda: ctl(t, folder, "time", "step") and wait.poll() is not None, "the answer")
    t.equal(wait.returncode, 0, "status")
    t.running.remove(wait)
    with open(wait.log) as file:
        t.check(json.load(file)["count"] > before, "count")
    flip.terminate()
    flip.wait(tc.TIMEOUT)
    t.running.remove(flip)
    stop(t, process, folder)


def test_compositor(t):
    """Its frames come as soon as they are drawn, or when they are stepped."""
    pattern = os.path.join(tc.DEMO, "testcard-pattern")
    for clock in ("fast", "virtual"):
        folder = os.path.join(t.runtime, clock)
        compositor = t.start(tc.COMPOSITOR, "--headless", "--clock", clock, "--renderer", "pixman",
                             "--dir", folder, "--run", pattern, log=t.path(f"{clock}.log"))
        t.wait(lambda: os.path.exists(folder + "/control.sock"), "the control socket")
        t.wait(lambda: ctl(t, folder, "windows")["windows"], "the client's window")
        first = ctl(t, folder, "time")["crtcs"][0]
        if clock == "fast":
            t.wait(lambda: ctl(t, folder, "time")["crtcs"][0]["flips"] > first["flips"] + 200,
                   "200 more frames")
        else:
            t.equal(ctl(t, folder, "time")["crtcs"][0], first, "frozen")
            stepped = ctl(t, folder, "time", "step", "20", "commit")["crtcs"][0]
            t.equal(stepped["count"], first["count"] + 20, "vblanks")
            t.equal(stepped["flips"], first["flips"] + 20, "frames")
            t.check(stepped["time_ns"] < FIRST_NS + 100 * 16666667, "no real time in it")
        ctl(t, folder, "quit")
        t.equal(compositor.wait(tc.TIMEOUT), 0, "status")
        t.running.remove(compositor)
        if os.path.isdir(folder):
            os.rmdir(folder)


tc.main(globals())
