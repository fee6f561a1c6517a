"""Two cards, debugfs, fdinfo and the tools that look for cards, as a shell user sees them."""
import json
import os
import re
import shutil

import png
import tc

CLIENT = os.path.join(tc.BUILD, "tests/uapi/processes_client")
HEADER = ["command", "tgid", "dev", "master", "a", "uid", "magic", "id", "objects", "total",
          "resident"]


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tc.Skip(f"{program} is not installed")


def sh(t, script, options=(), **env):
    return t.exec("sh", "-euc", script, options=options, **env)


def test_shell_reads_debugfs(t):
    text = sh(t, "cd /sys/kernel/debug/dri; ls; ls 0; cat 0/name; cat 0/clients; "
                 "grep -c crtc-0 0/state; head -n 1 128/gem_names; wc -c <0/framebuffer; "
                 "find /sys/kernel/debug/dri/0 -name 'gem*'; test ! -e 0/nothing",
              options=("--render-node",))
    lines = text.splitlines()
    t.equal(lines[:2], ["0", "128"], "folders")
    for name in ("clients", "framebuffer", "gem_names", "name", "state"):
        t.check(name in lines, f"no {name} in {text}")
    t.check("testcard dev=testcard unique=testcard" in lines, text)
    t.check(any(line.split() == HEADER for line in lines), text)
    t.check("  name     size handles refcount" in lines, text)
    t.check("/sys/kernel/debug/dri/0/gem_names" in lines, text)


def test_debugfs_cannot_be_written(t):
    text = sh(t, "cd /sys/kernel/debug/dri/0; for f in name clients $PWD/new; do "
                 "(echo x >$f) 2>/dev/null && echo wrote $f; done; cat name")
    t.equal(text, "testcard dev=testcard unique=testcard\n", "name")


def test_clients_and_fdinfo_of_a_running_program(t):
    need("modetest")
    text = sh(t, "c=$(modetest -M testcard -c | awk '$3 == \"connected\" { print $1 }'); "
                 "sleep 60 | modetest -M testcard -s $c:1024x768 >modes.txt 2>&1 & "
                 "d=/sys/kernel/debug/dri/0; "
                 "while ! grep -q 'fb=[1-9]' $d/state; do sleep 0.05; done; "
                 "cat $d/clients $d/framebuffer; exec 7<>/dev/dri/card0; "
                 "cat /proc/self/fdinfo/7; pkill -P $$ sleep; wait || true".replace(
                     "modes.txt", t.path("modes.txt")))
    client = [line.split() for line in text.splitlines() if line.split()[:1] == ["modetest"]]
    t.equal(len(client), 1, f"modetest's line in {text}")
    t.equal(client[0][2:6] + client[0][8:], ["0", "y", "y", str(os.geteuid()), "1", "3145728",
                                             "3145728"], "modetest's line")
    t.check("\tallocated by = modetest\n" in text, text)
    t.check(re.search(r"^pos:\t0\nflags:\t0\d*2\n(.*\n)*drm-driver:\ttestcard\n"
                      r"drm-client-id:\t\d+\ndrm-total-memory:\t0\n", text, re.M), text)


def test_fresh_programs_read_fdinfo(t):
    """Each has met no device file before, and its stack is anywhere."""
    text = sh(t, "exec 7<>/dev/dri/card0; for i in 0 1 2 3 4 5 6 7 8 9; do "
                 "grep -h drm-driver /proc/self/fdinfo/7; done")
    t.equal(text, "drm-driver:\ttestcard\n" * 10, "fdinfo")


def test_two_cards_in_one_server(t):
    frames, shot = t.path("frames"), t.path("shot.png")
    for path in (t.root, t.runtime):
        os.chmod(path, 0o711)  # one of its clients is another user
    text = t.exec(CLIENT, options=("--cards", "2", "--render-node", "--frames", frames),
                  TESTCARDCTL=tc.CTL, TESTCARD_SHOT=shot)
    t.check("not ok" not in text and "ok 2 - drawn_there_shown_here" in text, text)
    image = png.read(shot)
    t.equal((image.width, image.height), (1024, 768), "screenshot of card 1")
    for y in range(768):
        for x in range(0, 1024, 7):
            want = (x * 7 + y * 1031) & 0xffffff
            if image.pixel(x, y) != want:
                raise tc.Failed(f"pixel {x},{y} is {image.pixel(x, y):06x}, want {want:06x}")
    names = os.listdir(frames)
    t.check(names and all(name.startswith("card1-crtc0-") for name in names), f"frames: {names}")


def test_control_commands_of_a_card(t):
    text = sh(t, f"ctl() {{ echo \"$({tc.CTL} \"$@\")\"; }}; ctl state card 1; ctl state; "
                 "ctl disconnect card 1; cat /sys/class/drm/card0-Virtual-1/status; "
                 "cat /sys/class/drm/card1-Virtual-1/status; ctl mode 800x600 card 1; "
                 "head -n 1 /sys/class/drm/card1-Virtual-1/modes; "
                 "head -n 1 /sys/class/drm/card0-Virtual-1/modes; ctl state card 2; "
                 "ctl state card x; ctl screenshot card crtc 0 card 1",
              options=("--cards", "2"))
    lines = text.splitlines()
    for line in lines[:3]:
        t.check(json.loads(line)["ok"], line)
    t.equal(lines[3:5], ["connected", "disconnected"], "status")
    t.check(json.loads(lines[5])["ok"], lines[5])
    t.equal(lines[6:8], ["800x600", "1024x768"], "modes")
    t.equal([json.loads(line)["error"] for line in lines[8:]],
            ["no card 2", "usage: state [card N]", "crtc 0 is off"], "refusals")


def test_too_many_cards(t):
    for count in ("0", "5", "x"):
        t.check("did not start" in t.exec("true", options=("--cards", count), status=125), count)


def test_libdrm_tells_cards_apart(t):
    need("drm_info")
    text = sh(t, "drm_info", options=("--cards", "4", "--render-node"))
    for i in range(4):
        t.check(f"Node: /dev/dri/card{i}\n" in text, text[:2000])
    t.equal(text.count("Available nodes: primary, render"), 4, "nodes")


def test_lsgpu(t):
    need("lsgpu")
    lines = sh(t, "lsgpu", options=("--cards", "2", "--render-node")).split()
    for i in range(2):
        for word in (f"card{i}", f"drm:/dev/dri/card{i}", f"drm:/dev/dri/renderD{128 + i}"):
            t.check(word in lines, f"no {word} in {lines}")
    text = sh(t, "lsgpu -s; lsgpu -p", options=("--cards", "2"))
    t.check("sys:/sys/devices/platform/testcard.1/drm/card1\n" in text, text)
    t.check(re.search(r"^DEVNAME +: /dev/dri/card1$", text, re.M), text)


def test_lsgpu_of_an_i915(t):
    need("lsgpu")
    text = sh(t, "lsgpu; lsgpu -p", options=("--driver", "i915", "--render-node"))
    t.check(re.search(r"^card0 +.*(8086:29C2|[Bb]earlake).* +drm:/dev/dri/card0$", text, re.M), text)
    for key, value in (("PCI_ID", "8086:29C2"), ("PCI_SLOT_NAME", "0000:00:02.0"),
                       ("DRIVER", "i915"), ("vendor", "0x8086"), ("boot_vga", "1"),
                       ("codename", "bearlake"), ("DEVNAME", "/dev/dri/renderD128")):
        t.check(re.search(rf"^{key} +: {value}$", text, re.M), f"no {key} = {value} in {text}")


tc.main(globals())
