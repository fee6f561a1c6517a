"""The compositor's renderer is the GPU; dma-bufs of other processes; trouble with the GPU."""
import os
import signal
import sys
import time

import matrix
import tc
from pattern import shown, still as pattern_still

PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
DMABUF = os.path.join(tc.DEMO, "testcard-dmabuf")
BACKDROP = 0x28333f
XRGB, ARGB = "XR24", "AR24"
LINEAR, X_TILED, IMPLICIT = 0, 1 << 56 | 1, (1 << 56) - 1


def away(compositor):
    """The pointer, so that nothing is under it."""
    compositor.ctl("move-to", "1020", "760")
    compositor.ctl("wait-vblank", "5")


def still(size, *more):
    return f"{PATTERN} --still --size {size} " + " ".join(more)


def renderer(compositor):
    return compositor.ctl("renderer")


def test_the_gpu_draws_by_default(t):
    compositor = tc.Compositor(t, run=[still("320x240")])
    window, = compositor.wait_windows(1)
    away(compositor)
    state = renderer(compositor)
    t.equal(state["renderer"], "gpu")
    t.check(state["batches"] > 0 and state["draws"] >= state["batches"], str(state))
    t.equal((state["software"], state["lost"]), (0, 0), str(state))
    shown(compositor, window["x"], window["y"], 320, 240)
    compositor.stop()


def blended(image, window, alpha=99):
    """The cursor is in its corner, and through the window's test card shines the backdrop."""
    if all(image.pixel(x, y) == BACKDROP for x in range(1020, 1024) for y in range(760, 768)):
        return False

    def mix(x, y, shift):
        card = pattern_still(x, y, 300, 200) >> shift & 255
        return (card * alpha + (BACKDROP >> shift & 255) * (255 - alpha)) // 255 << shift
    return all(matrix.near(image.pixel(window["x"] + x, window["y"] + y),
                           mix(x, y, 16) | mix(x, y, 8) | mix(x, y, 0))
               for x in range(0, 300, 7) for y in range(0, 200, 3))


def test_the_other_renderer_has_the_same_pixels(t):
    shots = []
    for options, env in (((), {}), (("--renderer", "pixman"), {}), ((), {"WLR_RENDERER": "pixman"}),
                         (("--renderer", "gpu"), {"WLR_RENDERER": "pixman"})):
        compositor = tc.Compositor(t, *options, run=[still("300x200 --alpha 99")], **env)
        window, = compositor.wait_windows(1)
        away(compositor)
        want = "pixman" if "pixman" in options or env and not options else "gpu"
        t.equal(renderer(compositor)["renderer"], want)
        if shots:
            compositor.shows(lambda image: image.rows == shots[0].rows, "what the first has drawn")
        else:
            shots.append(compositor.shows(lambda image: blended(image, window),
                                          "the window and the cursor"))
        compositor.stop()


def test_what_linux_dmabuf_offers(t):
    compositor = tc.Compositor(t)
    lines = t.run(DMABUF, "--list", WAYLAND_DISPLAY="wayland-0").splitlines()
    t.equal(lines[0], "main device 226:0")
    offers = {(line.split()[0], int(line.split()[1], 0)) for line in lines[1:]}
    for format in (XRGB, ARGB, "XB24", "AB24", "RG16"):
        for modifier in (LINEAR, X_TILED, IMPLICIT):
            t.check((format, modifier) in offers, f"{format} {modifier:#x} is not in {lines}")
    compositor.stop()


def with_dmabuf_client(t, options, run=()):
    """A client with the device, through the preload library, in a process of its own."""
    # Built with the address sanitizer, it wants to be the first library.
    return tc.Compositor(t, "--preload-clients", run=[f"{DMABUF} {options}", *run],
                         ASAN_OPTIONS="verify_asan_link_order=0")


def check_layout(t, layout):
    compositor = with_dmabuf_client(t, f"--size 300x200 --layout {layout}")
    window, = compositor.wait_windows(1)
    t.equal(window["title"], "testcard-dmabuf")
    away(compositor)
    shown(compositor, window["x"], window["y"], 300, 200)
    t.equal(renderer(compositor)["software"], 0)
    compositor.stop()


def test_a_linear_dmabuf_of_another_process(t):
    check_layout(t, "linear")


def test_an_x_tiled_dmabuf(t):
    check_layout(t, "x-tiled")


def test_a_y_tiled_dmabuf(t):
    check_layout(t, "y-tiled")


def test_a_tiled_dmabuf_without_a_modifier(t):
    check_layout(t, "implicit")


def test_a_fullscreen_dmabuf(t):
    compositor = with_dmabuf_client(t, "--fullscreen")
    compositor.wait_windows(1)
    compositor.ctl("move-to", "1023", "767")
    compositor.ctl("wait-vblank", "5")
    shown(compositor, 0, 0, 1024, 768, (1023 - 64, 767 - 64, 1024, 768))
    compositor.stop()


def test_a_dmabuf_that_is_too_short_is_refused_and_hurts_nobody(t):
    compositor = with_dmabuf_client(t, "--size 512x512 --short", [still("320x240")])
    window, = compositor.wait_windows(1)
    t.wait(lambda: "invalid buffer stride or height" in compositor.log(), "the refusal")
    away(compositor)
    shown(compositor, window["x"], window["y"], 320, 240)
    compositor.stop()


# ---- trouble ----

def check_picture(compositor, title):
    window, = [w for w in compositor.windows() if w["title"] == title]
    shown(compositor, window["x"], window["y"], 320, 240)


def start_with_clients(t, *options):
    """A window that draws all the time, and a still one upon it."""
    compositor = tc.Compositor(t, *options)
    moving = t.start(PATTERN, "--size", "100x100", "--stats", WAYLAND_DISPLAY="wayland-0",
                     log=t.path("moving.log"))
    compositor.wait_windows(1)
    t.start(PATTERN, "--still", "--size", "320x240", "--title", "still",
            WAYLAND_DISPLAY="wayland-0", log=t.path("still.log"))
    compositor.wait_windows(2)
    away(compositor)
    check_picture(compositor, "still")
    return compositor, moving


def stop_all(t, compositor):
    for client in t.running[1:]:
        t.stop(client, status=None)
    compositor.stop()


def check_alive(t, compositor, moving):
    """The client that draws all the time goes on."""
    t.check(moving.poll() is None, "the other client ended")
    with open(moving.log) as file:
        lines = len(file.readlines())

    def more():
        with open(moving.log) as file:
            return len(file.readlines()) > lines
    t.wait(more, "more frames")
    compositor.wait_windows(2)


def test_hangs_cost_a_frame_and_no_more(t):
    compositor, moving = start_with_clients(t, "--gpu-hang-ms", "200")
    # As many hangs in so short a time would ban a client, and its file.
    for count in range(1, 13):
        compositor.ctl("gpu", "hang", "render")
        t.wait(lambda: renderer(compositor)["lost"] >= count, f"hang {count} to be noticed")
        check_picture(compositor, "still")
    state = renderer(compositor)
    t.equal(state["software"], 0, "drawn by the processor")
    check_alive(t, compositor, moving)
    stop_all(t, compositor)


def test_a_machine_that_stalls_is_no_hang(t):
    """A batch that stands still with the whole process has not run for so long."""
    compositor = tc.Compositor(t, "--gpu-hang-ms", "100", run=[f"{PATTERN} --size 1000x740"])
    compositor.wait_windows(1)
    before = renderer(compositor)["batches"]
    for _ in range(25):
        compositor.process.send_signal(signal.SIGSTOP)
        time.sleep(0.15)
        compositor.process.send_signal(signal.SIGCONT)
        time.sleep(0.06)
    t.wait(lambda: renderer(compositor)["batches"] > before + 25, "frames")
    state = renderer(compositor)
    t.equal((state["lost"], state["software"]), (0, 0), str(state))
    compositor.stop()


def test_what_a_hang_took_away_is_drawn_again(t):
    """The batch that shows a new window hangs, and nothing else would draw it anew."""
    compositor = tc.Compositor(t, "--gpu-hang-ms", "200")
    away(compositor)
    compositor.ctl("gpu", "hang", "render")
    t.start(PATTERN, "--still", "--size", "320x240", "--title", "still",
            WAYLAND_DISPLAY="wayland-0")
    compositor.wait_windows(1)
    check_picture(compositor, "still")
    t.check(renderer(compositor)["lost"] >= 1, str(renderer(compositor)))
    stop_all(t, compositor)


def test_another_client_hangs_the_gpu(t):
    """One engine for all: the compositor's batches wait, and none is lost."""
    compositor, moving = start_with_clients(t, "--gpu-engines", "1", "--gpu-hang-ms", "500")
    output = t.run(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", sys.executable,
                   os.path.join(os.path.dirname(os.path.abspath(__file__)), "hog.py"))
    t.equal(output.split(), ["hung", "guilty", "1", "pending", "0"])
    check_picture(compositor, "still")
    state = renderer(compositor)
    t.equal((state["lost"], state["software"]), (0, 0), str(state))
    check_alive(t, compositor, moving)
    stop_all(t, compositor)


def test_a_reset_costs_nothing(t):
    compositor, moving = start_with_clients(t)
    for _ in range(20):
        compositor.ctl("gpu", "reset")
    check_picture(compositor, "still")
    state = renderer(compositor)
    t.equal((state["lost"], state["software"]), (0, 0), str(state))
    check_alive(t, compositor, moving)
    stop_all(t, compositor)


def test_without_a_gpu_the_processor_draws(t):
    compositor, moving = start_with_clients(t)
    compositor.ctl("gpu", "wedge")
    t.wait(lambda: renderer(compositor)["software"] > 10, "drawing by the processor")
    # Until somebody has read why, the screen says that the GPU is wedged.
    compositor.ctl("oops-clear")
    check_picture(compositor, "still")
    check_alive(t, compositor, moving)
    compositor.ctl("gpu", "unwedge")
    before = renderer(compositor)["batches"]
    t.wait(lambda: renderer(compositor)["batches"] > before + 10, "the GPU to draw again")
    check_picture(compositor, "still")
    stop_all(t, compositor)


tc.main(globals())
