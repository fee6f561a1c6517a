"""testcard-device and testcardctl: start, ready, commands, exit codes, end without a trace."""
import json
import os
import signal
import socket
import subprocess

import tc

DEVICE = os.path.join(tc.BUILD, "protocols/server/testcard-device")


def start(t, *options):
    """The device server once it said it is ready; its folder."""
    read_end, write_end = os.pipe()
    process = subprocess.Popen([DEVICE, "--ready-fd", str(write_end), *options], env=t.env(),
                               pass_fds=[write_end], stdin=subprocess.DEVNULL,
                               stderr=open(t.path("device.log"), "a"))
    process.log = t.path("device.log")
    t.running.append(process)
    os.close(write_end)
    with os.fdopen(read_end) as file:
        folder = file.read()
    t.check(folder.endswith("\n"), f"not ready: {folder!r} {process.poll()}")
    return process, folder.rstrip("\n")


def ctl(t, folder, *words, status=0):
    done = subprocess.run([tc.CTL, "--dir", folder, *words], env=t.env(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=tc.TIMEOUT)
    t.equal(done.returncode, status, f"exit code of {words}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout) if done.stdout else done.stderr


def test_ready_means_ready(t):
    for _ in range(20):
        process, folder = start(t)
        t.check(folder.startswith(t.runtime + "/testcard-"), folder)
        t.equal(os.stat(folder).st_mode & 0o777, 0o700, "mode of the folder")
        t.equal(ctl(t, folder, "state")["ok"], True, "state")
        t.stop(process)
        t.equal(os.listdir(t.runtime), [], "left in the runtime folder")


def test_ends(t):
    for how in (signal.SIGTERM, signal.SIGINT, "quit"):
        process, folder = start(t, "--dir", os.path.join(t.runtime, "d"))
        if how == "quit":
            ctl(t, folder, "quit")
        else:
            process.send_signal(how)
        t.equal(process.wait(tc.TIMEOUT), 0, f"exit code after {how}")
        t.running.remove(process)
        t.equal(os.listdir(t.runtime), [], f"left after {how}")


def test_killed_and_started_again(t):
    folder = os.path.join(t.runtime, "d")
    process, _ = start(t, "--dir", folder)
    process.kill()
    process.wait()
    t.running.remove(process)
    t.check("control.sock" in os.listdir(folder), "a killed server cleans nothing")
    process, _ = start(t, "--dir", folder)
    ctl(t, folder, "state")
    text = t.run(DEVICE, "--dir", folder, status=1)
    t.check("Address already in use" in text, text)
    ctl(t, folder, "state")
    t.stop(process)
    # It found the folder there, so it leaves it there, empty.
    t.equal(os.listdir(folder), [], "left in the folder")
    os.rmdir(folder)


def sleeps(process, task):
    """How often a thread has gone to sleep."""
    try:
        with open(f"/proc/{process.pid}/task/{task}/status") as file:
            return int(file.read().split("voluntary_ctxt_switches:\t")[1].split()[0])
    except OSError:
        return 0


def test_quit_with_a_client_in_the_middle(t):
    process, folder = start(t)
    half = socket.socket(socket.AF_UNIX)
    half.connect(folder + "/control.sock")
    half.send(b"stat")
    before = set(os.listdir(f"/proc/{process.pid}/task"))
    waits = subprocess.Popen([tc.CTL, "--dir", folder, "wait-vblank"], env=t.env(), text=True,
                             stdout=subprocess.PIPE)
    t.wait(lambda: any(sleeps(process, task) > 20 for task in
                       set(os.listdir(f"/proc/{process.pid}/task")) - before),
           "the thread that looks again and again for a vblank")
    ctl(t, folder, "quit")
    t.equal(process.wait(tc.TIMEOUT), 0, "exit code")
    t.running.remove(process)
    t.equal(json.loads(waits.communicate(timeout=tc.TIMEOUT)[0])["ok"], False, "the waiting client")
    t.equal(waits.returncode, 1, "its exit code")
    half.close()


def test_options(t):
    process, folder = start(t, "--driver", "i915", "--no-input", "--render-node")
    state = ctl(t, folder, "state")
    t.equal(state["driver"], "i915", "driver")
    t.equal(len(state["planes"]), 4, "planes")
    t.equal(state["connectors"][0]["modes"][0],
            {"width": 1024, "height": 768, "refresh": 60, "preferred": True}, "first mode")
    t.check("no keyboard" in ctl(t, folder, "key", "a", status=1)["error"], "key")
    nodes = os.listdir(folder + "/tree/dev/dri")
    t.check("renderD128" in nodes and "card0" in nodes, f"nodes {nodes}")
    t.check(not os.path.exists(folder + "/tree/dev/input/event0"), "an input device")
    t.stop(process)


def test_usage(t):
    for program, words in ((DEVICE, ("--render-node", "--no-input", "--frames", "--ready-fd")),
                           (tc.CTL, ("--dir", "screenshot", "wait-vblank", "move-to"))):
        text = t.run(program, "--help")
        for word in words:
            t.check(word in text, f"{word} not in {program} --help")
        t.check("usage:" in t.run(program, "--nonsense", status=2), "usage on stderr")
    t.run(DEVICE, "--ready-fd", "x", status=2)
    t.run(DEVICE, "stray", status=2)
    t.run(tc.CTL, status=2)
    t.run(tc.CTL, "state", status=2)
    t.run(tc.CTL, "--dir", t.runtime, "state", status=1)
    t.run(tc.CTL, "--dir", t.runtime, "type", "x" * 5000, status=2)


def test_ctl_words_arrive_as_they_are(t):
    process, folder = start(t)
    # Quotes, backslashes and newlines are carried, not eaten: the server names them back.
    for word in ('a "b" \\c', "line\nbreak", "\u00e4\u20ac", "--flag"):
        error = ctl(t, folder, "key", word, status=1)["error"]
        t.equal(error, f"no key '{word}'", "the word")
    shot = ctl(t, folder, "screenshot", "relative.png", status=1)
    t.equal(shot["error"], "crtc 0 is off", "screenshot")
    ctl(t, folder, "move", "-5", "3")
    t.stop(process)


tc.main(globals())
