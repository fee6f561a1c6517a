"""Input devices of every kind: what libudev, libinput and libevdev make of them, while
they come, give events and go; a compositor that runs meanwhile."""
import json
import os
import shutil
import signal
import socket
import subprocess

import tc

KINDS = "keyboard,pointer,tablet,touch,pen,pad,switch,gamepad"


class Device:
    """A device with one program on it; control commands by name."""

    def __init__(self, t, *argv, kinds=KINDS):
        self.t = t
        self.dir = os.path.join(t.runtime, "tc")
        self.process = t.start(tc.LAUNCHER, "exec", "--dir", self.dir, "--input", kinds, "--",
                               *argv, log=t.path("program.log"))
        t.wait(lambda: os.path.exists(os.path.join(self.dir, "control.sock")), "the device")

    def ctl(self, *words, status=0):
        return json.loads(self.t.run(tc.CTL, "--dir", self.dir, *words, status=status))

    def log(self):
        with open(self.process.log, errors="replace") as file:
            return file.read()

    def wait_line(self, *words, count=1):
        """A line of the program's with all these words, so many times."""
        def found():
            lines = [line for line in self.log().splitlines()
                     if all(word in line for word in words)]
            return lines[-1] if len(lines) >= count else None
        return self.t.wait(found, f"{words} in the log")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(tc.TIMEOUT)
        self.t.running.remove(self.process)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tc.Skip(f"{program} is not installed")


def test_libinput_lists_every_kind(t):
    need("libinput")
    text = t.exec("libinput", "list-devices", options=["--input", KINDS])
    found = {}
    for block in text.split("\n\n"):
        lines = dict((line.split(":", 1)[0].strip(), line.split(":", 1)[1].strip())
                     for line in block.splitlines() if ":" in line)
        found[lines.get("Device")] = lines
    for name, capabilities in (("Keyboard", "keyboard"), ("Pointer", "pointer"),
                               ("Tablet", "pointer"), ("Touchscreen", "touch"),
                               ("Pen", "tablet"), ("Pad", "tablet-pad"),
                               ("Switches", "switch")):
        t.equal(found[f"Testcard {name}"]["Capabilities"], capabilities, name)
    t.check("Testcard Gamepad" not in found, "joysticks are not libinput's")


def test_libinput_gets_every_event(t):
    need("libinput")
    device = Device(t, "stdbuf", "-oL", "libinput", "debug-events", "--show-keycodes")
    device.wait_line("DEVICE_ADDED", "Testcard Switches")
    device.ctl("key", "A")
    device.wait_line("KEYBOARD_KEY", "(30)", "released")
    device.ctl("move", "5", "0")
    device.wait_line("POINTER_MOTION ")
    device.ctl("touch", "down", "0", "512", "384")
    line = device.wait_line("TOUCH_DOWN")
    t.check("50.0" in line, f"the middle: {line}")
    device.ctl("touch", "down", "1", "0", "0")
    device.ctl("touch", "move", "0", "600", "384")
    device.wait_line("TOUCH_MOTION")
    device.ctl("touch", "up", "0")
    device.ctl("touch", "up", "1")
    device.wait_line("TOUCH_UP", count=2)
    device.ctl("pen", "512", "384", "tilt", "30", "-10")
    device.wait_line("TABLET_TOOL_PROXIMITY", "pen", "proximity-in")
    device.ctl("pen", "512", "384", "pressure", "3000")
    device.wait_line("TABLET_TOOL_TIP", "down")
    device.ctl("pen", "button", "1", "down")
    device.wait_line("TABLET_TOOL_BUTTON", "pressed")
    device.ctl("pen", "button", "1", "up")
    device.ctl("pen", "away")
    device.wait_line("TABLET_TOOL_PROXIMITY", "proximity-out")
    device.ctl("pen", "100", "100", "eraser")
    device.wait_line("TABLET_TOOL_PROXIMITY", "eraser", "proximity-in")
    device.ctl("pen", "away")
    device.ctl("pad", "button", "3", "down")
    device.wait_line("TABLET_PAD_BUTTON", "pressed")
    device.ctl("pad", "button", "3", "up")
    device.ctl("pad", "ring", "36")
    device.wait_line("TABLET_PAD_RING")
    device.ctl("switch", "lid", "on")
    device.wait_line("SWITCH_TOGGLE", "lid", "state 1")
    device.ctl("switch", "tablet-mode", "on")
    device.wait_line("SWITCH_TOGGLE", "tablet-mode", "state 1")
    device.stop()


def test_devices_come_and_go(t):
    need("libinput")
    device = Device(t, "stdbuf", "-oL", "libinput", "debug-events", kinds="pointer")
    device.wait_line("DEVICE_ADDED", "Testcard Pointer")
    for turn in range(1, 4):
        added = device.ctl("input", "add", "keyboard", "The Other One")
        t.equal((added["id"], added["path"]), (1, "/dev/input/event1"), "the new device")
        device.wait_line("DEVICE_ADDED", "The Other One", count=turn)
        device.ctl("key", "A", "down")
        device.wait_line("KEYBOARD_KEY", "pressed", count=turn)
        names = [entry["name"] for entry in device.ctl("input", "list")["devices"]]
        t.equal(names, ["Testcard Pointer", "The Other One"], "the list")
        device.ctl("input", "remove", "1")
        device.wait_line("DEVICE_REMOVED", "The Other One", count=turn)
    for words in (("add", "nothing"), ("add", "keyboard", 'a"b'), ("remove", "1"),
                  ("remove", "x"), ("remove", "99"), ("event", "0", "1", "2"),
                  ("event", "5", "1", "2", "3"), ("event", "0", "EV_NO", "2", "3")):
        reply = device.ctl("input", *words, status=1)
        t.check(not reply["ok"], f"{words}: {reply}")
    t.check(not device.ctl("key", "A", status=1)["ok"], "a key without a keyboard")
    for _ in range(31):
        device.ctl("input", "add", "touch")
    t.check(not device.ctl("input", "add", "touch", status=1)["ok"], "the 33rd device")
    device.wait_line("DEVICE_ADDED", "Testcard Touchscreen", count=31)
    device.stop()


LIBEVDEV = r"""
import libevdev, os, sys, fcntl
fd = open("/dev/input/event0", "rb", buffering=0)
fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
device = libevdev.Device(fd)
print("name", device.name, device.has(libevdev.EV_ABS.ABS_MT_SLOT), device.num_slots, flush=True)
sys.stdin.readline()
try:
    for event in device.events():
        pass
    print("nothing dropped", flush=True)
except libevdev.EventsDroppedException:
    for event in device.sync():
        pass
    print("dropped", [slot[libevdev.EV_ABS.ABS_MT_TRACKING_ID] for slot in device.slots][:3],
          device.value[libevdev.EV_KEY.BTN_TOUCH], flush=True)
"""


def test_libevdev_syncs_after_overflow(t):
    if not os.path.isdir("/usr/lib/python3/dist-packages/libevdev"):
        raise tc.Skip("python3-libevdev is not installed")
    device_dir = os.path.join(t.runtime, "tc")
    log = t.path("libevdev.log")
    with open(log, "w") as file:
        process = subprocess.Popen(
            [tc.LAUNCHER, "exec", "--dir", device_dir, "--input", "touch", "--", "/usr/bin/python3", "-c",
             LIBEVDEV], env=t.env(), stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT)
    process.log = log
    t.running.append(process)

    def text():
        with open(log, errors="replace") as file:
            return file.read()
    t.wait(lambda: "name Testcard Touchscreen True 10" in text(), "libevdev's device")

    def ctl(*words):
        return t.run(tc.CTL, "--dir", device_dir, *words)
    ctl("touch", "down", "0", "10", "10")
    ctl("touch", "down", "2", "20", "20")
    # More than the 1024 events of the kernel's ring for ten fingers.
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(os.path.join(device_dir, "control.sock"))
        replies = control.makefile("r")
        for turn in range(400):
            control.sendall(f"touch move 0 {100 + turn} 30\n".encode())
            t.check('"ok":true' in replies.readline(), "a touch was refused")
    process.stdin.write(b"\n")
    process.stdin.close()
    t.wait(lambda: "dropped" in text(), "the answer")
    t.check("dropped [0, -1, 1] 1" in text(), text())
    process.wait(tc.TIMEOUT)
    t.running.remove(process)


tc.main(globals())
