"""What every end-to-end test shares: finding the programs, running them in a private
runtime folder, a TAP runner that fails a test which leaves processes or files behind.

A test is a function test_*(t) of its file; t is a Test. t.check(...) and t.equal(...)
fail it; raising Skip("why") skips it. The file ends with tc.main(globals()).

TESTCARD_BUILD names the build folder (meson sets it). With TESTCARD_REPEAT=N each test
runs N times, to its first failure; how often it passed is said in the line of the test."""
import ctypes
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = os.environ.get("TESTCARD_BUILD", "build")
LAUNCHER = os.path.join(BUILD, "clients/launcher/testcard")
CTL = os.path.join(BUILD, "clients/ctl/testcardctl")
COMPOSITOR = os.path.join(BUILD, "compositor/testcard-compositor")
DEMO = os.path.join(BUILD, "clients/demo")
TIMEOUT = 60
RUN_TIMEOUT = 300   # of a program's whole life
# What a failure says: its own words and the ends of the logs, in so many lines.
WORDS_MAX, LOG_LINES, LOGS_MAX, WIDTH = 30, 9, 3, 300
# Runtime folders are in memory on real systems, too.
ROOM = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Skip(Exception):
    pass


class Failed(Exception):
    pass


def children(pid=None):
    """Processes below pid (ours by default), zombies not counted."""
    found = []
    for task in os.listdir(f"/proc/{pid or os.getpid()}/task"):
        try:
            with open(f"/proc/{pid or os.getpid()}/task/{task}/children") as file:
                pids = [int(word) for word in file.read().split()]
        except OSError:
            continue
        for child in pids:
            try:
                with open(f"/proc/{child}/stat") as file:
                    state = file.read().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if state == "Z":
                try:
                    os.waitpid(child, os.WNOHANG)
                except OSError:
                    pass
            else:
                found.append(child)
    return found


def family():
    """The names of all processes below us, with their states."""
    found, pids = [], children()
    while pids:
        pid = pids.pop(0)
        try:
            with open(f"/proc/{pid}/stat") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
            pids += children(pid)
        except OSError:
            continue
        found.append(f"{name} ({rest.split()[0]})")
    return ", ".join(found) or "nothing"


class Test:
    def __init__(self, name):
        self.name = name
        self.root = tempfile.mkdtemp(prefix="testcard-e2e-", dir=ROOM)
        self.runtime = os.path.join(self.root, "run")  # XDG_RUNTIME_DIR
        self.out = os.path.join(self.root, "out")      # pictures, logs
        os.mkdir(self.runtime, 0o700)
        os.mkdir(self.out)
        self.running = []

    def path(self, name):
        return os.path.join(self.out, name)

    def env(self, **more):
        env = {key: value for key, value in os.environ.items()
               if key not in ("WAYLAND_DISPLAY", "DISPLAY", "LD_PRELOAD", "TESTCARD_DIR",
                              "LP_NUM_THREADS")}
        # Terminals begin with it; without it, with what the user logs in with: nobody, with none.
        env.update(XDG_RUNTIME_DIR=self.runtime, SHELL="/bin/sh", **more)
        return env

    def check(self, condition, text="check failed"):
        if not condition:
            raise Failed(text)

    def equal(self, got, want, text=""):
        if got != want:
            raise Failed(f"{text}: got {got!r}, want {want!r}")

    def run(self, *argv, timeout=RUN_TIMEOUT, status=0, **env):
        """Runs to the end; returns stdout and stderr together."""
        try:
            done = subprocess.run(argv, env=self.env(**env), stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=timeout, errors="replace")
        except subprocess.TimeoutExpired as expired:
            said = (expired.stdout or b"").decode(errors="replace")
            raise Failed(f"{' '.join(argv)[:WIDTH]} did not end within {timeout} s:\n{said}"
                         ) from None
        with open(self.path("log.txt"), "a") as file:
            file.write(f"$ {' '.join(argv)}\n{done.stdout}\n= {done.returncode}\n")
        if status is not None and done.returncode != status:
            raise Failed(f"{' '.join(argv)[:WIDTH]} ended with {done.returncode}:\n"
                         f"{done.stdout[-3000:]}")
        return done.stdout

    def exec(self, *argv, options=(), **kw):
        """testcard exec OPTIONS -- ARGV"""
        return self.run(LAUNCHER, "exec", *options, "--", *argv, **kw)

    def start(self, *argv, log=None, **env):
        log = log or self.path(f"{os.path.basename(argv[0])}.log")
        with open(log, "w") as file:
            process = subprocess.Popen(argv, env=self.env(**env), stdin=subprocess.DEVNULL,
                                       stdout=file, stderr=subprocess.STDOUT)
        process.log = log
        self.running.append(process)
        return process

    def stop(self, process, status=0, timeout=TIMEOUT):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{process.log} is that of a program which did not end within {timeout} s "
                         f"of SIGTERM; there run {family()}") from None
        self.running.remove(process)
        if status is not None and code != status:
            raise Failed(f"{process.args[0]} ended with {code}, not {status}: {process.log}")
        return code

    def wait(self, condition, text, seconds=60):
        """Polls condition until it is true; returns its value. A busy machine takes its time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.02)
        raise Failed(f"waited {seconds} s for {text}")

    def finish(self):
        """Ends what is left. Returns what should not have been there."""
        left = []
        for process in self.running:
            process.kill()
            process.wait()
        end = time.monotonic() + TIMEOUT
        while children() and time.monotonic() < end:
            time.sleep(0.02)
        for pid in children():
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                left.append("process " + file.read().replace(b"\0", b" ").decode())
            os.kill(pid, signal.SIGKILL)
        left += [f"file {name}" for name in os.listdir(self.runtime)]
        return left


class Compositor:
    """testcard-compositor, headless, in the test's runtime folder."""

    def __init__(self, test, *options, run=(), headless=True, **env):
        self.test = test
        self.dir = os.path.join(test.runtime, "tc")
        argv = [COMPOSITOR, "--dir", self.dir, *(["--headless"] if headless else []), *options]
        for command in run:
            argv += ["--run", command]
        self.process = test.start(*argv, log=test.path("compositor.log"), **env)
        test.wait(lambda: self.process.poll() is not None
                  or os.path.exists(os.path.join(self.dir, "control.sock")),
                  "the control socket")
        self.ctl("wait-vblank", "2")

    def log(self):
        with open(self.process.log, errors="replace") as file:
            return file.read()

    def ctl(self, *words, ok=True):
        if self.process.poll() is not None:
            raise Failed(f"the compositor is gone ({self.process.returncode}):\n"
                         f"{self.log()[-3000:]}")
        done = subprocess.run([CTL, "--timeout", str(TIMEOUT), "--dir", self.dir, *words],
                              env=self.test.env(), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=2 * TIMEOUT)
        try:
            reply = json.loads(done.stdout)
        except ValueError:
            raise Failed(f"ctl {words}: not JSON: {done.stdout!r}") from None
        if ok is not None and reply.get("ok") is not ok:
            raise Failed(f"ctl {words}: {done.stdout}")
        return reply

    def screenshot(self, name="shot.png", crtc=0, off=False):
        """The picture; with off, None while the screen is off, as it may be amid a hotplug."""
        import png
        path = self.test.path(name)
        reply = self.ctl("screenshot", path, "crtc", str(crtc), ok=None)
        if off and not reply["ok"] and " is off" in reply["error"]:
            return None
        if not reply["ok"]:
            raise Failed(f"screenshot of crtc {crtc}: {reply['error']}")
        return png.read(path)

    def shows(self, predicate, text, name="shot.png", crtc=0):
        """Waits for a picture that satisfies; returns it. That so many vblanks have passed says
        nothing of what the compositor has drawn meanwhile."""
        last = None

        def look():
            nonlocal last
            image = self.screenshot(name, crtc, off=True)
            last = image or last
            return image if image and predicate(image) else None
        try:
            return self.test.wait(look, f"the screen to show {text}")
        except Failed as failed:
            import matrix
            if last:
                raise Failed(f"{failed}; it shows {matrix.summary(last)}") from None
            raise

    def taken(self):
        """Waits until it has taken the input of before. A keyboard, a mouse and a tablet (which is
        what moves to a place) are three devices: who finds events of all takes them in any order.
        Its loop takes all that is there before it answers to who asks again."""
        for _ in range(3):
            self.windows()

    def windows(self):
        return self.ctl("windows")["windows"]

    def wait_windows(self, count, seconds=60):
        self.test.wait(lambda: len(self.windows()) == count, f"{count} window(s)", seconds)
        self.ctl("wait-vblank", "3")
        return self.windows()

    def stop(self, status=0):
        return self.test.stop(self.process, status)


def log_tails(test):
    """What runs, and the last lines of the logs that were written last: of the program, and of
    its device."""
    paths = [path for path in glob.glob(test.path("*.log")) if os.path.getsize(path)]
    paths = sorted(paths, key=os.path.getmtime)[-LOGS_MAX:]
    lines = [f"there run: {family()}"]
    for path in paths:
        with open(path, errors="replace") as file:
            # foot tells each font that it loads.
            said = [line for line in file.read().splitlines()
                    if line and not line.startswith("info: ")]
        last = said[-(LOG_LINES // len(paths)):]
        lines += [f"--- the end of {os.path.basename(path)}", *last]
    return lines


def shorter(lines):
    """Enough of them for somebody who has nothing else: the first and, mostly, the last ones."""
    if len(lines) > WORDS_MAX:
        lines = [*lines[:WORDS_MAX // 3], f"[{len(lines) - WORDS_MAX} lines]",
                 *lines[-(WORDS_MAX - WORDS_MAX // 3):]]
    return [line if len(line) <= WIDTH else f"{line[:WIDTH]} [...]" for line in lines]


def run_test(name, function):
    """Returns the Test, why it failed (lines, or None) and a note for its line."""
    test, why, note = Test(name), None, ""
    try:
        function(test)
    except Skip as skip:
        note = f" # SKIP {skip}"
    except Failed as failed:
        why = str(failed)
    except Exception:
        why = traceback.format_exc()
    # Before the end of it all, of which the logs would be full.
    more = log_tails(test) if why else []
    left = test.finish()
    if left and not why:
        why, more = "left behind: " + "; ".join(left), log_tails(test)
    return test, why and [*shorter(why.splitlines()), *shorter(more)], note


def main(names):
    # Orphans of what a test starts come to us, so that nothing gets away.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    tests = [(name, value) for name, value in names.items() if name.startswith("test_")]
    wanted = sys.argv[1:]
    repeat = max(1, int(os.environ.get("TESTCARD_REPEAT", "1")))
    failures, number = 0, 0
    for name, function in tests:
        if wanted and not any(word in name for word in wanted):
            continue
        number += 1
        for passed in range(repeat):
            test, why, note = run_test(name, function)
            if why:
                break
            shutil.rmtree(test.root)
            if note:
                break
        if why:
            failures += 1
            print(f"not ok {number} - {name}")
            if repeat > 1:
                print(f"# after {passed} of {repeat} runs without failure")
            for line in why:
                print(f"# {line}")
            print(f"# pictures and logs: {test.root}", flush=True)
        else:
            times = f" ({repeat} of {repeat})" if repeat > 1 and not note else ""
            print(f"ok {number} - {name}{times}{note}", flush=True)
    print(f"1..{number}")
    sys.exit(1 if failures else 0)
