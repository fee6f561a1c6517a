"""The whole device is pulled out of the compositor and put back: outputs come again, and what
the clients that are still there have shown."""
import os
import shlex

import tc
from pattern import differences

PATTERN = shlex.quote(os.path.join(tc.DEMO, "testcard-pattern"))
DMABUF = shlex.quote(os.path.join(tc.DEMO, "testcard-dmabuf"))
VIDEO = shlex.quote(os.path.join(tc.DEMO, "testcard-video"))
PRODUCER = shlex.quote(os.path.join(tc.DEMO, "testcard-producer"))


def has_screen(compositor):
    """None, or how large it is."""
    path = compositor.test.path("screen.png")
    reply = compositor.ctl("screenshot", path, ok=None)
    return (reply["width"], reply["height"]) if reply["ok"] else None


def wait_gone(t, compositor):
    t.wait(lambda: "was pulled out" in compositor.log().rpartition("card0 is back\n")[2],
           "the compositor to hear that the device is gone")


def pull_out(t, compositor):
    compositor.ctl("unplug")
    wait_gone(t, compositor)
    t.check(not has_screen(compositor), "a screen of a device that is not there")


def put_back(t, compositor):
    compositor.ctl("plug")
    t.wait(lambda: has_screen(compositor), "the screen to come back")


def place(compositor, app_id, x, y):
    compositor.ctl("place", app_id, str(x), str(y))


def looks_right(compositor, x, y, width, height):
    return has_screen(compositor) and not differences(compositor.screenshot(), x, y, width, height)


def plane_of(compositor, app_id):
    surface, = [surface for surface in compositor.ctl("state")["surfaces"]
                if surface["app_id"] == app_id]
    return surface["plane_type"]


def labels(compositor):
    outputs = compositor.ctl("inspect")["outputs"]
    return outputs and outputs[0]["labels"]


def test_what_was_shown_is_shown_again(t):
    """Shared memory, whose buffer the client has back long since; a dma-buf; on a plane and
    composited, by the GPU and by the processor."""
    for options in ((), ("--renderer", "pixman"), ("--no-planes", "--inspect")):
        if "pixman" in options:  # takes no dma-bufs
            run, where = [f"{PATTERN} --still --size 240x180"], ((40, 50),)
        else:
            run = [f"{PATTERN} --still --size 240x180",
                   f"{DMABUF} --layout x-tiled --size 240x180"]
            where = ((40, 50), (400, 50))
        compositor = tc.Compositor(t, "--preload-clients", *options, run=run)
        compositor.wait_windows(len(run))
        compositor.ctl("move-to", "1020", "760")
        for app_id, at in zip(("testcard-pattern", "testcard-dmabuf"), where):
            place(compositor, app_id, *at)
        # Labels of the inspector are over pictures: they are looked at without it.
        compositor.ctl("inspect", "off")
        for _ in range(3):
            for x, y in where:
                t.wait(lambda: looks_right(compositor, x, y, 240, 180), f"{options}: {x},{y}")
            if "--inspect" in options:
                compositor.ctl("inspect", "on")
                t.wait(lambda: labels(compositor), "labels")
            pull_out(t, compositor)
            t.equal(len(compositor.windows()), len(run), "windows without a device")
            t.equal(compositor.ctl("state")["surfaces"], [], "what is on no screen")
            put_back(t, compositor)
            if "--inspect" in options:
                t.wait(lambda: labels(compositor), "labels on the screen that is back")
                compositor.ctl("inspect", "off")
        compositor.stop()


def test_planes_are_used_again(t):
    compositor = tc.Compositor(t, "--preload-clients", run=[f"{DMABUF} --size 240x180"])
    compositor.wait_windows(1)
    for _ in range(3):
        t.wait(lambda: plane_of(compositor, "testcard-dmabuf") == "overlay", "an overlay")
        pull_out(t, compositor)
        put_back(t, compositor)
    t.wait(lambda: plane_of(compositor, "testcard-dmabuf") == "overlay", "an overlay at last")
    compositor.stop()


def test_who_comes_or_draws_without_a_device_is_shown_with_one(t):
    compositor = tc.Compositor(t, run=[f"foot -T first sh -c 'read line; printf \"\\033[41m"
                                       "\\033[2J\\033[?25l\"; read line'"])
    compositor.wait_windows(1)
    first, = compositor.windows()
    compositor.ctl("move-to", "1020", "760")
    at = first["x"] + first["width"] // 2, first["y"] + first["height"] // 2
    before = t.wait(lambda: has_screen(compositor) and compositor.screenshot().pixel(*at),
                    "foot's ground")
    pull_out(t, compositor)
    compositor.ctl("type", "\\n")
    t.start(os.path.join(tc.DEMO, "testcard-pattern"), "--still", "--size", "200x120", "--title",
            "late", WAYLAND_DISPLAY=[name for name in os.listdir(t.runtime)
                                     if name.startswith("wayland-") and "." not in name][0])
    compositor.ctl("windows")
    put_back(t, compositor)
    t.wait(lambda: len(compositor.windows()) == 2, "the second window")
    late, = [window for window in compositor.windows() if window["title"] == "late"]
    place(compositor, "late", 780, 600)
    compositor.ctl("move-to", "4", "760")
    t.wait(lambda: looks_right(compositor, 780, 600, late["width"], late["height"]), "the new one")
    t.wait(lambda: compositor.screenshot().pixel(*at) != before, "what was typed meanwhile")
    t.stop(t.running[-1], status=None)
    compositor.stop()


def test_the_device_is_whole_again(t):
    """New clients find it as if nothing had been: GPU, dma-bufs, authentication, sharing."""
    compositor = tc.Compositor(t, "--preload-clients", run=[f"{PRODUCER} --name old"])
    t.wait(lambda: [offer["name"] for offer in compositor.ctl("shares")["offers"]] == ["old"],
           "an offer")
    pull_out(t, compositor)
    t.equal(compositor.ctl("shares")["offers"], [], "offers of buffers that are gone")
    t.wait(lambda: compositor.windows() == [], "the producer to give up")
    put_back(t, compositor)
    socket, = [name for name in os.listdir(t.runtime)
               if name.startswith("wayland-") and "." not in name]
    for program, options in (("testcard-producer", ("--name", "new")), ("testcard-video", ("--nv12",)),
                             ("testcard-consumer", ("--name", "new"))):
        t.start(tc.LAUNCHER, "exec", "--join", compositor.dir, "--",
                os.path.join(tc.DEMO, program), *options, log=t.path(f"{program}.log"),
                WAYLAND_DISPLAY=socket)
        t.wait(lambda: program in [window["app_id"] for window in compositor.windows()], program)
    t.equal([offer["name"] for offer in compositor.ctl("shares")["offers"]], ["new"], "offers")
    t.check(compositor.ctl("renderer")["batches"] > 0, "no batch")
    for process in list(t.running[1:]):
        t.stop(process, status=None)
    compositor.stop()


def test_a_hundred_times(t):
    """Faster than the compositor looks at it, too; nothing is lost and no descriptor is left."""
    compositor = tc.Compositor(t, "--preload-clients", run=[
        f"{PATTERN} --still --size 240x180", f"{DMABUF} --size 160x120", "foot"])
    compositor.wait_windows(3)

    def settle():
        t.wait(lambda: has_screen(compositor), "a screen")
        place(compositor, "testcard-pattern", 40, 50)
        place(compositor, "testcard-dmabuf", 400, 50)
        place(compositor, "foot", 40, 400)
        compositor.ctl("move-to", "1020", "760")
        t.wait(lambda: looks_right(compositor, 40, 50, 240, 180), "the picture in shared memory")
        t.wait(lambda: looks_right(compositor, 400, 50, 160, 120), "the dma-buf")

    def descriptors():
        return len(os.listdir(f"/proc/{compositor.process.pid}/fd"))

    for i in range(100):
        compositor.ctl("unplug")
        if i % 10 == 0:
            wait_gone(t, compositor)
        compositor.ctl("plug")
    settle()
    # Here with a screen each time: wlroots 0.15 keeps the picture of a mode that is refused.
    before = descriptors()
    for _ in range(40):
        pull_out(t, compositor)
        put_back(t, compositor)
    settle()
    # Batches and swapchains have some buffers more or less; one a round would be forty.
    t.wait(lambda: descriptors() <= before + 30, "descriptors to be closed")
    t.equal(len(compositor.windows()), 3, "windows")
    compositor.stop()


tc.main(globals())
