"""Whole unmodified stacks on the device: compositors with their input, their seat and their
clients. Nothing of them knows that the card, the keyboard and the mouse are not there."""
import os
import shutil
import stat
import time

import png
import tc


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tc.Skip(f"{program} is not installed")


class Device:
    """A device with one program on it; control commands by name."""

    def __init__(self, t, *argv, **env):
        self.t = t
        self.dir = os.path.join(t.runtime, "tc")
        self.process = t.start(tc.LAUNCHER, "exec", "--dir", self.dir, "--", *argv,
                               log=t.path("program.log"), **env)
        t.wait(lambda: os.path.exists(os.path.join(self.dir, "control.sock")), "the device")

    def ctl(self, *words):
        return self.t.run(tc.CTL, "--dir", self.dir, *words)

    def screenshot(self):
        self.ctl("screenshot", self.t.path("shot.png"))
        return png.read(self.t.path("shot.png"))


def reader(t):
    """A terminal's program that says when it is ready and keeps the last line typed."""
    path = t.path("reader.sh")
    with open(path, "w") as file:
        file.write(f"touch {t.path('ready')}\nwhile read line; do\n"
                   f"echo \"$line\" >{t.path('typed.new')}\n"
                   f"mv {t.path('typed.new')} {t.path('typed')}\ndone\n")
    return path


def type_and_check(t, device, text):
    t.wait(lambda: os.path.exists(t.path("ready")), "the terminal")

    def arrives():
        """Nobody tells when the compositor gives the window the keyboard: until then it is lost."""
        device.ctl("type", text + "\\n")
        time.sleep(1)
        if not os.path.exists(t.path("typed")):
            return False
        with open(t.path("typed")) as file:
            return file.read() == text + "\n"
    t.wait(arrives, "the typed line")

    def colourful():
        """The line has been read, which is not to say that it has been drawn."""
        image = device.screenshot()
        t.equal((image.width, image.height), (1024, 768), "scanout")
        return len({image.pixel(x, y) for x in range(0, image.width, 3)
                    for y in range(0, image.height, 3)}) > 8
    t.wait(colourful, "more than 8 colours on the screen")


def test_libinput_lists_devices(t):
    need("libinput")
    text = t.exec("libinput", "list-devices")
    for name, path in (("Keyboard", "event0"), ("Pointer", "event1"), ("Tablet", "event2")):
        t.check(f"Testcard {name}" in text and f"/dev/input/{path}" in text, text)


def test_weston_with_terminal(t):
    need("weston", "foot")
    try:
        if not stat.S_ISCHR(os.stat("/dev/tty7").st_mode) or os.geteuid() != 0:
            raise tc.Skip("weston's own launcher wants root and a virtual terminal")
    except OSError:
        raise tc.Skip("weston's own launcher wants a virtual terminal") from None
    script = t.path("both.sh")
    with open(script, "w") as file:
        file.write("weston --backend=drm-backend.so --tty=7 --use-pixman -Swl-t & W=$!\n"
                   "trap 'kill $W; wait' TERM\n"
                   "while ! [ -S $XDG_RUNTIME_DIR/wl-t ]; do sleep 0.1; done\n"
                   f"WAYLAND_DISPLAY=wl-t foot sh {reader(t)} &\nwait $W\nwait\n")
    device = Device(t, "bash", script)
    type_and_check(t, device, "typed by nobody")
    device.ctl("disconnect")
    log = t.path("program.log")

    def says(text):
        with open(log, errors="replace") as file:
            return text in file.read()

    t.wait(lambda: says("is disconnected."), "weston to see the hotplug")
    device.ctl("connect")
    t.wait(lambda: says("EDID make 'TCD'"), "weston to read the EDID")
    t.stop(device.process, status=None)


def test_sway_over_seatd(t):
    need("sway", "foot", "seatd", "setpriv")
    if os.geteuid() != 0:
        raise tc.Skip("seatd is started by root here")
    user = 65534
    script, config = t.path("both.sh"), t.path("sway.conf")
    home = os.path.join(t.root, "home")
    os.mkdir(home, 0o700)
    os.chown(home, user, user)
    # The device's folder is private to its user; this test shares it with another one.
    for path in (t.root, t.runtime):
        os.chmod(path, 0o711)
    os.chmod(t.out, 0o777)
    with open(config, "w") as file:
        file.write(f'exec foot sh {reader(t)}\n')
    with open(script, "w") as file:
        # A checkout in a home folder is not for other users to read: neither is the library.
        file.write("chmod -R a+rX $TESTCARD_DIR; chmod a+rw $TESTCARD_DIR/*.sock\n"
                   f"cp ${{LD_PRELOAD%%:*}} {home}/; chmod a+rX {home} {home}/*.so\n"
                   f"export LD_PRELOAD={home}/libtestcard-preload.so\n"
                   "SEATD_VTBOUND=0 seatd -u nobody & S=$!\n"
                   "while ! [ -S /run/seatd.sock ]; do sleep 0.1; done\n"
                   f"cd / && XDG_RUNTIME_DIR={home} HOME={home} setpriv --reuid {user} "
                   f"--regid {user} --clear-groups sway -c {config} & W=$!\n"
                   "trap 'kill $W; wait $W; kill $S; wait' TERM\nwait $W\nkill $S\nwait\n")
    if os.path.exists("/run/seatd.sock"):
        raise tc.Skip("another seatd is running")
    device = Device(t, "bash", script, LIBSEAT_BACKEND="seatd", WLR_RENDERER="pixman",
                    WLR_XWAYLAND="/bin/true")
    type_and_check(t, device, "over a seat")
    t.stop(device.process, status=None)


tc.main(globals())
