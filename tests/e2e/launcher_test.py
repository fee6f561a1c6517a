"""testcard exec: exit codes, signals, environment, and that nothing outlives it."""
import os
import shutil
import signal
import subprocess

import tc

STATIC = r"""
#include <unistd.h>
int main(void) { return write(1, "static\n", 7) == 7 ? 5 : 1; }
"""


def launch(t, *argv, options=(), **kw):
    """A testcard exec that runs on; its output in .out and .log."""
    process = subprocess.Popen([tc.LAUNCHER, "exec", *options, "--", *argv], env=t.env(),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=open(t.path("launcher.log"), "a"), text=True, **kw)
    process.log = t.path("launcher.log")
    t.running.append(process)
    return process


def done(t, process, status, text):
    t.equal(process.wait(tc.TIMEOUT), status, text)
    process.stdout.close()
    t.running.remove(process)
    t.equal(os.listdir(t.runtime), [], f"left in the runtime folder: {text}")


def test_exit_codes(t):
    text = t.exec("sh", "-c", "exit 3", status=3)
    t.equal(text, "", "an ordinary end is silent")
    t.exec("sh", "-c", "kill -9 $$", status=137)
    t.check("No such file" in t.exec("there-is-no-such-program", status=127), "127")
    t.check("Permission denied" in t.exec("/etc/passwd", status=126), "126")
    t.run(tc.LAUNCHER, "exec", "--no-such-option", "true", status=125)
    t.run(tc.LAUNCHER, "exec", status=125)
    t.run(tc.LAUNCHER, "frobnicate", status=125)
    t.run(tc.LAUNCHER, status=125)
    t.run(tc.LAUNCHER, "exec", "--dir", "/nonexistent/a/b", "true", status=125)
    t.run(tc.LAUNCHER, "exec", "--join", "/nonexistent", "true", status=125)
    t.run(tc.LAUNCHER, "exec", "--join", t.out, "--driver", "x", "true", status=125)
    t.equal(os.listdir(t.runtime), [], "left in the runtime folder")


def test_help(t):
    text = t.run(tc.LAUNCHER, "--help")
    t.equal(t.run(tc.LAUNCHER, "exec", "--help"), text, "exec --help")
    for word in ("--frames", "--driver", "--render-node", "--no-input", "--dir", "--join",
                 "--keep", "--logind", "127", "LD_PRELOAD"):
        t.check(word in text, f"{word} is not in the help")
    t.check("--ready-fd" in t.run(tc.LAUNCHER, "device", "--help"), "device --help")


def test_the_programs_options_are_its_own(t):
    t.equal(t.run(tc.LAUNCHER, "exec", "echo", "--help", "--keep"), "--help --keep\n", "words")


def test_environment(t):
    text = t.exec("sh", "-c", 'echo "$LD_PRELOAD|$TESTCARD_DIR|$MESA_LOADER_DRIVER_OVERRIDE"')
    preload, folder, mesa = text.rstrip("\n").split("|")
    t.check(os.path.basename(preload) == "libtestcard-preload.so", preload)
    t.check(folder.startswith(t.runtime), folder)
    t.equal(mesa, "", "no render node")
    t.equal(t.exec("sh", "-c", "echo $LP_NUM_THREADS"), "0\n", "llvmpipe without threads")
    t.equal(t.exec("sh", "-c", "echo $LP_NUM_THREADS", LP_NUM_THREADS="2"), "2\n", "the user's own")
    other = "libm.so.6"
    text = t.exec("sh", "-c", 'echo "$LD_PRELOAD|$MESA_LOADER_DRIVER_OVERRIDE"; ls /dev/dri',
                  options=("--render-node",), LD_PRELOAD=other)
    t.check(text.startswith(f"{preload}:{other}|kms_swrast\n"), text)
    t.check("renderD128" in text, text)


def variables(text):
    return {line.split("=", 1)[0]: line for line in text.splitlines()}


def test_sets_what_the_help_says_and_no_more(t):
    """Each variable that the help lists is set, and none that it does not."""
    text = t.run(tc.LAUNCHER, "--help")
    text = text[text.index("PROGRAM's environment"):text.index("With --display window it")]
    listed = {word for line in text.splitlines() if line.startswith("  ")
              for word in line.replace(",", " ").split() if word.isupper() and "_" in word}
    clean = [word for name in listed for word in ("-u", name)]
    before, got = variables(t.run("env", *clean, "env")), set()
    for options in ((), ("--render-node",)):
        after = variables(t.run("env", *clean, tc.LAUNCHER, "exec", *options, "env"))
        changed = {name for name in before.keys() | after.keys()
                   if before.get(name) != after.get(name)} - {"_"}
        t.check(changed <= listed, f"not in the help: {changed - listed}")
        got |= changed
    session = {name for name in listed if name.startswith(("DBUS_", "XDG_"))}
    t.equal(got, listed - session, "with and without a render node")


def test_options_reach_the_device(t):
    t.check("Driver: other" in t.exec("drm_info", options=("--driver", "other")), "--driver")
    t.equal(t.exec("sh", "-c", "ls /dev/input 2>/dev/null; true", options=("--no-input",)), "",
            "--no-input")
    folder = os.path.join(t.runtime, "here")
    t.equal(t.exec("sh", "-c", "echo $TESTCARD_DIR", options=("--dir", folder)), folder + "\n",
            "--dir")


def test_signals_go_to_the_program(t):
    script = "trap 'echo got; exit 9' TERM; echo up; while :; do sleep 0.05; done"
    process = launch(t, "sh", "-c", script)
    t.equal(process.stdout.readline(), "up\n", "start")
    process.send_signal(signal.SIGTERM)
    t.equal(process.stdout.readline(), "got\n", "the program's answer")
    done(t, process, 9, "exit code")

    process = launch(t, "sh", "-c", "echo up; exec sleep 100")
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    done(t, process, 130, "SIGINT")


def test_terminal_signal_arrives_once(t):
    """^C goes to the whole group: the program has it, the card lives until the program ends."""
    script = ("n=0; trap 'n=$((n+1))' INT; echo up; until [ $n -gt 0 ]; do sleep 0.05; done; "
              "sleep 0.5; test -S $TESTCARD_DIR/device.sock && echo card; echo $n")
    # A terminal of its own whose foreground group is the launcher's.
    master, slave = os.openpty()
    process = subprocess.Popen(["setsid", "-c", "-w", tc.LAUNCHER, "exec", "--", "sh", "-c", script],
                               env=t.env(), stdin=slave, stdout=subprocess.PIPE, text=True)
    process.log = t.path("log.txt")
    t.running.append(process)
    t.equal(process.stdout.readline(), "up\n", "start")
    os.write(master, b"\x03")
    t.equal(process.stdout.read(), "card\n1\n", "interrupts")
    done(t, process, 0, "exit code")
    os.close(master)
    os.close(slave)


def test_nothing_outlives_a_killed_launcher(t):
    process = launch(t, "sh", "-c", "echo up; exec sleep 100")
    t.equal(process.stdout.readline(), "up\n", "start")
    t.equal(len(tc.children(process.pid)), 2, "card and program")
    process.kill()
    process.wait()
    t.running.remove(process)
    process.stdout.close()
    t.wait(lambda: not tc.children() and not os.listdir(t.runtime), "card and program to end")


def lose_card(t, how):
    """Its end is told while the program runs; the program then ends well, the launcher does not."""
    process = launch(t, "sh", "-c", "trap 'exit 0' USR1; echo up; while :; do sleep 0.05; done")
    t.equal(process.stdout.readline(), "up\n", "start")
    for pid in tc.children(process.pid):
        with open(f"/proc/{pid}/comm") as file:
            if file.read().startswith("testcard-device"):
                os.kill(pid, how)

    def told():
        with open(process.log) as file:
            return "ended before the program" in file.read()
    t.wait(told, "the message")
    process.send_signal(signal.SIGUSR1)
    done(t, process, 125, "exit code")


def test_a_card_that_dies_is_told(t):
    lose_card(t, signal.SIGTERM)


def test_a_killed_card_leaves_no_folder(t):
    lose_card(t, signal.SIGKILL)


def test_logind(t):
    if not shutil.which("dbus-daemon"):
        raise tc.Skip("dbus-daemon is not installed")
    options = ("--logind",)
    text = t.exec("sh", "-c", "echo $XDG_SESSION_ID $XDG_SEAT; cat /run/systemd/sessions/c1; "
                  "exit 3", options=options, status=3)
    t.check("c1 seat0\n" in text and "ACTIVE=1\n" in text, text)
    t.exec("sh", "-c", "kill -9 $$", options=options, status=137)
    t.check("No such file" in t.exec("there-is-no-such-program", options=options, status=127),
            "127")
    t.exec("/etc/passwd", options=options, status=126)
    process = launch(t, "sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done",
                     options=options)
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    done(t, process, 5, "SIGTERM reaches the program")
    process = launch(t, "sh", "-c", "echo up; exec sleep 1000", options=options)
    process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    t.running.remove(process)
    t.wait(lambda: not tc.children(), "all to end after the launcher was killed")
    t.wait(lambda: not os.listdir(t.runtime), "the runtime folder to be empty")


def test_keep_and_join(t):
    text = t.exec("sh", "-c", "echo $TESTCARD_DIR", options=("--keep",))
    folder, message = text.split("\n", 1)
    t.check(f"runs on in {folder}" in message, message)
    pid = int(message.split()[-1])
    joined = t.run(tc.LAUNCHER, "exec", "--join", folder, "modetest", "-M", "testcard", "-c")
    t.check("Virtual-1" in joined, joined)
    t.check(os.path.exists(folder), "the card is still there")
    os.kill(pid, signal.SIGTERM)
    t.wait(lambda: not os.path.exists(folder) and not tc.children(), "the card to end")


def test_says_who_cannot_see_the_card(t):
    source, program = t.path("static.c"), t.path("static")
    with open(source, "w") as file:
        file.write(STATIC)
    if subprocess.run(["cc", "-static", "-o", program, source], stderr=subprocess.DEVNULL).returncode:
        raise tc.Skip("no static C library")
    text = t.exec(program, status=5)
    t.check("statically linked" in text and "static\n" in text, text)
    t.check("warning" not in t.exec("true"), "a dynamic program")


def test_says_so_of_go(t):
    """A program with the note of Go's linker: it makes its system calls without the C library."""
    source, program = t.path("go.c"), t.path("go")
    with open(source, "w") as file:
        file.write('__asm__(".pushsection .note.go.buildid,\\"a\\",@note\\n.align 4\\n'
                   '.long 4, 4, 4\\n.asciz \\"Go\\"\\n.byte 0\\n.long 0\\n.popsection");'
                   'int main(void) { return 5; }')
    t.run("cc", "-o", program, source)
    text = t.exec(program, status=5)
    t.check("written in Go" in text, text)


def test_what_the_program_left_running_ends_before_the_card(t):
    """Daemons, too, with the card still there; who does not hear SIGTERM is killed."""
    daemon = ("trap 'test -S $TESTCARD_DIR/device.sock && echo with the card; exit' TERM;"
              "echo up >&3; while :; do sleep 0.05; done")
    script = ("mkfifo up; setsid sh -c \"$0\" 3>up & read line <up; exit 4")
    text = t.run("env", "-C", t.out, os.path.abspath(tc.LAUNCHER), "exec", "--", "sh", "-c", script,
                 daemon, status=4)
    t.equal(text, "with the card\n", "the daemon")
    t.equal(tc.children(), [], "processes")
    deaf = "trap '' TERM; echo up >&3; while :; do sleep 0.05; done"
    text = t.run("env", "-C", t.out, os.path.abspath(tc.LAUNCHER), "exec", "--", "sh", "-c",
                 "rm up; " + script, deaf, status=4)
    t.check("killed" in text, text)
    t.equal(tc.children(), [], "processes")
    t.equal(os.listdir(t.runtime), [], "left in the runtime folder")


def test_with_join_what_the_program_left_runs_on(t):
    folder, message = t.exec("sh", "-c", "echo $TESTCARD_DIR", options=("--keep",)).split("\n", 1)
    os.mkfifo(t.path("end"))
    t.run(tc.LAUNCHER, "exec", "--join", folder, "sh", "-c",
          f"setsid sh -c 'read line <{t.path('end')}; echo $line >{t.path('said')}' "
          ">/dev/null 2>&1 & exit 0")
    with open(t.path("end"), "w") as file:
        file.write("alive\n")

    def said():
        return os.path.exists(t.path("said")) and open(t.path("said")).read()
    t.equal(t.wait(said, "the daemon"), "alive\n", "the daemon")
    os.kill(int(message.split()[-1]), signal.SIGTERM)
    t.wait(lambda: not os.path.exists(folder) and not tc.children(), "the card to end")


def state_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_a_stopped_program_stops_the_launcher(t):
    """As a shell's job does; continued, both go on."""
    script = "echo $$; while :; do sleep 0.05; done"
    # A group of its own, which has a parent in the session: others do not stop by SIGTSTP.
    process = launch(t, "sh", "-c", script, preexec_fn=os.setpgrp)
    program = int(process.stdout.readline())
    for stop in (lambda: os.kill(program, signal.SIGSTOP),
                 lambda: process.send_signal(signal.SIGTSTP)):
        stop()
        t.wait(lambda: state_of(program) == "T" and state_of(process.pid) == "T", "both to stop")
        process.send_signal(signal.SIGCONT)
        t.wait(lambda: state_of(program) != "T" and state_of(process.pid) != "T", "both to go on")
    process.send_signal(signal.SIGTERM)
    done(t, process, 143, "SIGTERM")


def test_ignored_sigchld(t):
    """A supervisor that ignores SIGCHLD leaves that to its children."""
    process = launch(t, "sh", "-c", "exit 3",
                     preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    done(t, process, 3, "exit code")


def test_twenty_times_without_a_trace(t):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        t.check("Virtual-1" in t.exec("modetest", "-M", "testcard", "-c"), "modetest")
        t.equal(os.listdir(t.runtime), [], "left in the runtime folder")
        t.equal(tc.children(), [], "processes")
    t.equal(len(os.listdir("/proc/self/fd")), before, "descriptors")


tc.main(globals())
