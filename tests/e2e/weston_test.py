"""weston 10 and Debian's clients of it on the device, as an ordinary user, with both renderers.
Its launcher is weston_launch.py: Debian's has neither libseat nor weston-launch."""
import json
import os

import matrix
import tc

GROUND = 0x204060
HERE = os.path.dirname(os.path.abspath(__file__))
RENDERERS = {"pixman": ("--use-pixman",), "gl": ()}
INI = """[core]
idle-time=0
[shell]
background-color=0xff204060
panel-position=none
locking=false
animation=none
startup-animation=none
"""
# The end of weston is that of all.
RUN = """{weston} & weston=$!
trap 'kill $weston' TERM
client=
while kill -0 $weston && ! [ -S $XDG_RUNTIME_DIR/wl-t ]; do sleep 0.1; done
[ $# = 0 ] || {{ WAYLAND_DISPLAY=wl-t "$@" & client=$!; }}
wait $weston
status=$?
# wait comes back early when the signal comes.
wait $weston && status=0
[ -z "$client" ] || {{ kill $client; wait $client; }} 2>/dev/null
exit $status
"""
# Two monitors, of which one comes later.
TWO = {"testcard": 1, "cursor": [64, 64],
       "crtcs": [{}, {}],
       "planes": [{"type": "primary", "crtcs": [0], "formats": ["XR24"], "modifiers": ["LINEAR"]},
                  {"type": "primary", "crtcs": [1], "formats": ["XR24"], "modifiers": ["LINEAR"]}],
       "connectors": [{"type": "HDMI-A", "modes": ["1024x768"], "crtcs": [0]},
                      {"type": "DP", "modes": ["800x600"], "crtcs": [1], "connected": False}]}


def start(t, *client, renderer="pixman", options=()):
    matrix.need("weston", "python3", *client[:1])
    # A checkout in a home folder is not for others to read.
    with open(os.path.join(HERE, "weston_launch.py")) as file:
        launch = matrix.script(t, "weston_launch.py", file.read())
    words = ["python3", launch, "weston",
             "--backend=drm-backend.so", "--socket=wl-t", f"--log={t.path('weston.log')}",
             f"--config={matrix.script(t, 'weston.ini', INI)}", *RENDERERS[renderer]]
    path = matrix.script(t, "run.sh", RUN.format(weston=" ".join(f"'{word}'" for word in words)))
    return matrix.Program(t, "sh", path, *client, options=options)


def ground(image):
    return matrix.filled(image, GROUND)


def window(image):
    """(x, y, width, height) of what is not background."""
    return matrix.bounds(image, lambda colour: colour != GROUND)


def sized(image, width, height):
    box = window(image)
    return box if box and box[2:] == (width, height) else None


def moves(card, seen, text):
    """seen(image) holds for two pictures that differ; returns the second."""
    first = card.show(seen, text)
    return card.show(lambda image: seen(image) and matrix.differ(first, image) > 100,
                     f"{text}, moving")


def test_background_pixman(t):
    card = start(t)
    card.show(ground, "the background")
    card.stop()


def test_background_gl(t):
    card = start(t, renderer="gl")
    card.show(ground, "the background")
    card.stop()


def terminal(t, renderer):
    shell = matrix.script(t, "shell", f"#!/bin/sh\nexec sh {matrix.typed(t)}\n")
    os.chmod(shell, 0o755)
    card = start(t, "weston-terminal", f"--shell={shell}", renderer=renderer)
    black = card.show(lambda image: matrix.share(image, 0x000000) > 0.2, "the terminal")
    box = matrix.bounds(black, lambda colour: colour == 0)
    matrix.type_line(card, "typed by nobody")
    card.show(lambda image: matrix.differ(black, image, box) > 200, "the letters")
    card.stop()


def test_terminal_pixman(t):
    terminal(t, "pixman")


def test_terminal_gl(t):
    terminal(t, "gl")


def simple_shm(t, renderer):
    """A white frame 20 wide around a picture that changes."""
    card = start(t, "weston-simple-shm", renderer=renderer)

    def seen(image):
        box = sized(image, 250, 250)
        return (box and matrix.share(image, 0xFFFFFF, (box[0], box[1], 250, 20), 1) == 1
                and matrix.share(image, 0xFFFFFF, (box[0], box[1], 20, 250), 1) == 1
                and len(matrix.colours(image, (box[0] + 25, box[1] + 25, 200, 200))) > 100)
    moves(card, seen, "weston-simple-shm")
    card.stop()


def test_simple_shm_pixman(t):
    simple_shm(t, "pixman")


def test_simple_shm_gl(t):
    simple_shm(t, "gl")


def simple_egl(t, renderer):
    """A triangle that turns, on black that lets half of the background through: drawn by llvmpipe,
    so a triangle that was not finished would have holes of that colour."""
    card = start(t, "weston-simple-egl", renderer=renderer)
    half = sum((GROUND >> shift & 255) // 2 << shift for shift in (16, 8, 0))

    def seen(image):
        box = sized(image, 250, 250)
        if not box or not matrix.near(image.pixel(box[0] + 2, box[1] + 2), half):
            return False
        # Convex: one run of colours in each row, or none.
        longest = 0
        for y in range(box[1], box[1] + 250):
            drawn = [x for x in range(box[0], box[0] + 250)
                     if not matrix.near(image.pixel(x, y), half)]
            if drawn and drawn[-1] - drawn[0] + 1 != len(drawn):
                card.fail(f"the triangle has a hole in row {y}")
            longest = max(longest, len(drawn))
        return longest > 40
    moves(card, seen, "weston-simple-egl's triangle")
    card.stop()


def test_simple_egl_pixman(t):
    simple_egl(t, "pixman")


def test_simple_egl_gl(t):
    simple_egl(t, "gl")


def test_simple_dmabuf_egl(t):
    """Buffers of the card itself, by linux-dmabuf. Its default is a render node, where Mesa's
    software driver may not make dumb buffers, here as on a kernel."""
    card = start(t, "weston-simple-dmabuf-egl", "--drm-render-node=/dev/dri/card0", renderer="gl")

    def seen(image):
        box = sized(image, 256, 256)
        return box and len(matrix.colours(image, box)) > 500 and image.pixel(box[0], box[1]) == 0
    moves(card, seen, "weston-simple-dmabuf-egl")
    card.stop()


def test_cursor_plane(t):
    """The GL renderer puts the pointer on the cursor plane; it is where the mouse goes."""
    card = start(t, renderer="gl")
    card.show(ground, "the background")

    def on_plane():
        card.ctl("move", "3", "2")
        return [plane["type"] for plane in card.planes()] == ["primary", "cursor"]
    card.wait(on_plane, "the cursor's plane")
    card.ctl("move-to", "700", "500")

    def at(image):
        box = window(image)
        return (box and box[2] <= 32 and box[3] <= 32 and box[0] - 8 <= 700 < box[0] + 32
                and box[1] - 8 <= 500 < box[1] + 32)
    card.show(at, "the pointer at 700, 500")
    card.stop()


def test_hotplug_of_a_second_output(t):
    path = matrix.script(t, "two.json", json.dumps(TWO))
    card = start(t, options=("--device", path))
    card.show(ground, "the background")
    for _ in range(3):
        card.ctl("connect", "DP-1")
        second = card.show(ground, "the background on the second screen", crtc=1)
        t.equal((second.width, second.height), (800, 600), "the second screen")
        card.ctl("disconnect", "DP-1")
        card.wait(lambda: not card.state()["crtcs"][1]["active"], "the second crtc to go off")
        card.show(ground, "the background on the first screen")
    card.stop()


tc.main(globals())
