#!/usr/bin/env python3
"""Sessions: compositors that share a seat, one by libseat, one by a virtual terminal, as an
ordinary user; and who may open the nodes."""
import os
import subprocess

import desktop
import matrix
import tc

BLUE, RED, GREEN = 0x204080, 0x802010, 0x107030
OWN = {"WLR_RENDERER": "pixman", "WLR_XWAYLAND": "/bin/true"}


def background(colour):
    """Most of the screen; a terminal is in a corner."""
    return lambda image: matrix.share(image, colour, step=16) > 0.4


def sway(t, name, colour, **more):
    """A sway with a background of its own and a terminal that keeps what is typed."""
    typed = matrix.typed(t, f"typed-{name}")
    config = matrix.script(t, f"{name}.conf", f"output * bg #{colour:06x} solid_color\n"
                           "for_window [app_id=foot] floating enable, resize set 300 200\n"
                           f"exec foot sh {typed}\n")
    return matrix.Program(t, "sway", "-c", config, name=name, **OWN, **more)


def sessions(program):
    reply = program.ctl("session")
    return reply["active"], {row["number"]: row for row in reply["sessions"]}


def switch(program, word, active):
    reply = program.ctl("session", str(word))
    program.t.equal((reply["active"], reply["late"]), (active, False), f"session {word}")


def masters(program):
    return sum(file["master"] for file in program.state()["files"])


def joined(t, first, number, ask):
    """Another sway, as session `number`, paused at first; ask() until it has the screen. wlroots
    0.15 ends when its session has to wait for the seat for more than 10 seconds (a machine that
    stalls takes them), or is interrupted as it waits: then it is started again."""
    while True:
        two = sway(t, "two", RED, device=False, options=("--join", first.dir))
        row = first.wait(lambda: two.ended() or sessions(first)[1].get(number),
                         f"session {number}")
        t.check(row is True or row["state"] == "paused", f"session {number}: {row}")

        def shown(image):
            if not two.ended() and sessions(first)[0] != number:
                ask()
            return two.ended() or background(RED)(image)
        first.show(shown, "the second background")
        if not two.ended():
            return two
        t.check("Timeout waiting session to become active" in two.log() or
                "Failed to wait for session active" in two.log(), "the second sway is gone")
        t.running.remove(two.process)
        first.wait(lambda: number not in sessions(first)[1], f"session {number} to be closed")


def test_two_compositors_share_a_seat(t):
    matrix.need("sway", "swaybg", "foot")
    one = sway(t, "one", BLUE)
    one.show(background(BLUE), "the first background")
    matrix.type_line(one, "to the first", "typed-one")
    active, rows = sessions(one)
    t.equal(active, 1)
    t.check("/dev/dri/card0" in rows[1]["devices"], rows)
    t.check("/dev/input/event0" in rows[1]["devices"], rows)

    # By the keyboard, as a person does: the first sway asks for it.
    two = joined(t, one, 2, lambda: desktop.press_switch(one, 2))
    matrix.type_line(one, "to the second", "typed-two")
    with open(t.path("typed-one")) as file:
        t.equal(file.read(), "to the first\n", "what the paused one got")

    switch(one, 1, 1)
    one.show(background(BLUE), "the first background again")
    matrix.type_line(one, "to the first again", "typed-one")
    t.equal(masters(one), 1, "masters")
    switch(one, 2, 2)
    one.show(background(RED), "the second background again")
    two.stop()
    one.show(background(BLUE), "the first one, whom the second left the seat to")
    one.stop()


def test_disabled_and_enabled(t):
    matrix.need("sway", "swaybg", "foot")
    card = sway(t, "one", GREEN)
    card.show(background(GREEN), "the background")
    matrix.type_line(card, "before", "typed-one")
    switch(card, "disable", 0)
    t.equal(masters(card), 0, "masters")
    t.equal(sessions(card)[1][1]["state"], "paused")
    # Whoever comes now gets the master, and keeps it.
    flip = matrix.Program(t, os.path.join(os.path.abspath(tc.DEMO), "testcard-flip"), "--frames",
                          "100000", name="flip", device=False, options=("--join", card.dir))
    card.show(lambda image: not background(GREEN)(image), "the other's picture")
    card.type("nobody hears\n")
    card.stays(lambda image: not background(GREEN)(image), "the other's picture")
    flip.stop(status=None)
    switch(card, "enable", 1)
    card.show(background(GREEN), "the background again")
    matrix.type_line(card, "after", "typed-one")
    reply = card.ctl("session", "5", ok=False)
    t.check("no session" in reply["error"], reply)
    card.stop()


def weston(t, name, colour):
    """weston's own launcher, which wants root: that of a user namespace is enough."""
    config = matrix.script(t, f"{name}.ini", "[shell]\npanel-position=none\nanimation=none\n"
                           f"background-color=0xff{colour:06x}\n"
                           "[core]\nidle-time=0\n")
    return matrix.Program(t, "unshare", "-r", "weston", f"--config={config}",
                          "--backend=drm-backend.so", "--tty=7", "--use-pixman",
                          f"-Swl-{name}", name=name, **OWN)


def test_terminal_and_seat(t):
    matrix.need("weston", "sway", "swaybg", "foot", "unshare")
    if subprocess.run(matrix.as_user(["unshare", "-r", "true"]), cwd="/", check=False,
                      stderr=subprocess.DEVNULL).returncode:
        raise tc.Skip("no user namespaces here")
    first = weston(t, "weston", BLUE)
    first.show(background(BLUE), "weston's background")
    active, rows = sessions(first)
    t.equal((active, rows[7]["state"]), (7, "active"))
    second = joined(t, first, 1, lambda: first.ctl("session", "1", ok=None))
    matrix.type_line(first, "into sway", "typed-two")
    for _ in range(3):
        switch(first, 7, 7)
        first.show(background(BLUE), "weston's background again")
        switch(first, 1, 1)
        first.show(background(RED), "sway's background again")
    switch(first, "disable", 0)
    t.equal(masters(first), 0, "masters")
    switch(first, "enable", 1)
    switch(first, 7, 7)
    first.show(background(BLUE), "weston's background at last")
    second.stop()
    t.equal(sessions(first)[0], 7)
    first.stop()


def test_terminals(t):
    card = device(t)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "terminals.py")
    with open(script) as file:
        script = matrix.script(t, "terminals.py", file.read())
    text = t.run(*matrix.as_user([matrix._launcher(t)]), "exec", "--join", card.dir, "--",
                 "env", "-C", "/", "python3", script, timeout=200)
    t.equal(text, "done\n")
    t.equal(sessions(card), (0, {}), "what is left")
    card.stop(status=None)


SHELL = """ls /dev | grep -cE '^(dri|input)$'
find /dev/dri -type c
python3 -c 'import os; print(sorted((e.name, e.is_file()) for e in os.scandir("/dev/input")))'
python3 -c 'import os; print(len(os.listdir("/dev")) - len(set(os.listdir("/dev"))))'
exec 3</dev/dri/card0; readlink /proc/self/fd/3
test -c /dev/dri/card0 && test -c /proc/self/fd/3 && : </proc/self/fd/3 && echo again
cat /sys/class/drm/card0-Virtual-1/status; ls /sys/class/drm | grep -x card0
"""


def test_shell_sees_one_machine(t):
    card = device(t)
    text = t.run(*matrix.as_user([matrix._launcher(t)]), "exec", "--join", card.dir, "--",
                 "env", "-C", "/", "sh", "-c", SHELL)
    lines = text.splitlines()
    t.equal(lines[0], "2", "our folders in /dev")
    t.equal(sorted(lines[1:3]), ["/dev/dri/card0", "/dev/dri/renderD128"])
    t.equal(lines[3:], ["[('event0', False), ('event1', False), ('event2', False)]", "0",
                        "/dev/dri/card0", "again", "connected", "card0"])
    card.stop(status=None)


# Rights.

OPEN = """import errno, os, sys
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDWR))
        print("ok")
    except OSError as error:
        print(errno.errorcode[error.errno])
"""
NODES = ("/dev/dri/card0", "/dev/dri/renderD128", "/dev/input/event0")


def opens(t, card, groups=None):
    """What open(2) of the nodes says to a program of the user, with these groups besides."""
    who = matrix.as_user([]) if groups is None else [
        "setpriv", f"--reuid={matrix.USER}", f"--regid={matrix.USER}", f"--groups={groups}", "--"]
    script = matrix.script(t, "open.py", OPEN)
    launcher = matrix._launcher(t)
    return t.run(*who, "env", "-C", "/", launcher, "exec", "--join", card.dir, "--", "python3",
                 script, *NODES).split()


def device(t, *options):
    return matrix.Program(t, "sleep", "3600", options=("--render-node", *options), **OWN)


def test_nodes_are_anybodys(t):
    card = device(t)
    t.equal(opens(t, card), ["ok"] * 3)
    card.stop(status=None)


def test_modes_are_kept(t):
    card = device(t, "--mode", "card=0000,input=0444")
    t.equal(opens(t, card), ["EACCES", "ok", "EACCES"])
    launcher = matrix._launcher(t)
    text = t.run(*matrix.as_user([launcher]), "exec", "--join", card.dir, "--", "stat", "-c",
                 "%F %a", *NODES)
    t.equal(text.splitlines(), ["character special file 0", "character special file 666",
                                "character special file 444"])
    text = t.run(*matrix.as_user([launcher]), "exec", "--join", card.dir, "--", "sh", "-c",
                 "for n in $0 $@; do test -r $n && echo r; test -w $n && echo w; done; true", *NODES)
    t.equal(text.split(), ["r", "w", "r"])
    card.stop(status=None)


def test_groups_of_the_caller(t):
    if os.geteuid() != 0:
        raise tc.Skip("only root can have other groups")
    card = device(t, "--mode", "udev")
    t.equal(opens(t, card), ["EACCES"] * 3)
    t.equal(opens(t, card, "video"), ["ok", "EACCES", "EACCES"])
    t.equal(opens(t, card, "12345,input,54321"), ["EACCES", "EACCES", "ok"])
    t.equal(opens(t, card, "video,render,input"), ["ok"] * 3)
    card.stop(status=None)


def test_seat_opens_what_the_user_may_not(t):
    matrix.need("sway", "swaybg", "foot")
    card = sway(t, "one", BLUE, options=("--mode", "udev" if os.geteuid() == 0 else
                                         "card=0000,input=0000"))
    card.show(background(BLUE), "the background")
    matrix.type_line(card, "typed", "typed-one")
    card.stop()


def test_bad_modes(t):
    for words, why in (("card=0999", "octal"), ("card=0660:nosuchuser", "no such user"),
                       ("card=0660:root:nosuchgroup", "no such group"), ("disk=0660", "it is card"),
                       ("card", "KIND=MODE"), ("card=0600,card=0660", "twice"), ("", "KIND=MODE"),
                       ("card=", "octal"), ("card=01777", "octal"), ("card=-1", "octal")):
        text = t.run(tc.LAUNCHER, "exec", "--mode", words, "--", "true", status=125)
        t.check(why in text, f"--mode {words}: {text}")


tc.main(globals())
