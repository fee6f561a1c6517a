"""Clients of sway 1.7: GL by dma-bufs, scan-out without a copy, X11 by Xwayland."""
import os

import matrix
import sway
import tc

DMABUF = os.path.join(tc.DEMO, "testcard-dmabuf")
RENDER_NODE = ("--render-node",)
SAND, ROSE = 0x806020, 0x702040


def client(t, command, log="client.log"):
    return f"exec sh -c '{command} >{t.path(log)} 2>&1'"


def read(t, log="client.log"):
    try:
        with open(t.path(log), errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def triangle(image):
    """weston-simple-egl's: three colours that run into each other, on what is half transparent."""
    return len(matrix.colours(image)) > 100


def moves(card, text):
    """It is drawn anew: another picture comes, of the same kind."""
    first = card.show(triangle, text)
    return card.show(lambda image: triangle(image) and matrix.differ(image, first) > 1000,
                     f"{text} move")


def test_simple_egl_by_dmabuf(t):
    matrix.need("weston-simple-egl")
    card = sway.start(t, client(t, "WAYLAND_DEBUG=1 weston-simple-egl"), renderer="gles2",
                      options=RENDER_NODE)
    image = moves(card, "the triangle")
    # The rest of the window: black at half of its strength on the background.
    t.check(matrix.near(image.pixel(2, 2), 0x102040), f"{image.pixel(2, 2):06x} beside it")
    t.check("zwp_linux_buffer_params_v1" in read(t), "it went by shared memory, not by dma-bufs")
    card.stop()


def test_simple_egl_without_a_render_node(t):
    """Without one, wlroots offers no dma-bufs: Mesa copies into shared memory."""
    matrix.need("weston-simple-egl")
    card = sway.start(t, client(t, "WAYLAND_DEBUG=1 weston-simple-egl"), renderer="gles2")
    moves(card, "the triangle")
    t.check("zwp_linux_buffer_params_v1" not in read(t), "dma-bufs, without a render node")
    card.stop()


def test_a_fullscreen_client_is_scanned_out(t):
    matrix.need("weston-simple-egl")
    card = sway.start(t, client(t, "weston-simple-egl -f -o"), renderer="gles2",
                      options=RENDER_NODE)
    card.wait_log("Scanning out fullscreen view")
    image = moves(card, "the triangle")
    t.check(matrix.near(image.pixel(2, 2), 0), f"{image.pixel(2, 2):06x} beside it, not opaque black")
    card.stop()


def test_simple_dmabuf_egl_is_refused(t):
    """It calls its buffers upside down (a flag), which wlroots 0.15 takes from nobody."""
    matrix.need("weston-simple-dmabuf-egl")
    card = sway.start(t, client(t, "WAYLAND_DEBUG=1 weston-simple-dmabuf-egl"), renderer="gles2",
                      options=RENDER_NODE)
    card.wait_log("dmabuf flags aren't supported")
    card.wait(lambda: "zwp_linux_buffer_params.create failed" in read(t), "the client's complaint")
    created = [line for line in read(t).splitlines() if "buffer_params" in line and
               ".create(" in line]
    t.check(created and all(line.endswith(", 1)") for line in created), f"flags: {created}")
    card.show(sway.background, "the background")
    card.stop()


def test_a_dmabuf_of_our_own_client(t):
    """The same way without that flag: libdrm's buffer, to llvmpipe's texture, to the screen."""
    import pattern
    card = sway.start(t, "for_window [title=testcard-dmabuf] floating enable, move position 100 50",
                      client(t, f"{DMABUF} --size 300x200 --layout linear"), renderer="gles2",
                      options=RENDER_NODE)
    card.show(lambda image: image.pixel(100, 50) == pattern.WHITE, "the window")
    card.ctl("move", "2000", "2000")  # the pointer, away
    card.show(lambda image: not pattern.differences(image, 100, 50, 300, 200), "the pattern")
    card.stop()


def check_x11(t, renderer, command, predicate, text, **more):
    matrix.need("Xwayland", command.split()[0])
    card = sway.start(t, client(t, command), renderer=renderer, WLR_XWAYLAND=None, **more)
    image = card.show(predicate, text)
    t.check("Xserver is ready" in card.log(), "it was no X11 window")
    return card, image


def clock(image):
    """A face with black hands and marks."""
    return matrix.share(image, SAND) > 0.8 and matrix.share(image, 0) > 0.002


def test_xclock(t):
    card, _ = check_x11(t, "pixman", "xclock -bg \"#806020\"", clock,
                        "the clock")
    card.stop()


def test_xclock_on_gles2(t):
    card, _ = check_x11(t, "gles2", "xclock -bg \"#806020\"", clock,
                        "the clock", options=RENDER_NODE)
    card.stop()


def test_xeyes_look_at_the_pointer(t):
    card, first = check_x11(t, "pixman", "xeyes -fg \"#702040\" -center \"#806020\"",
                            lambda image: matrix.share(image, SAND) > 0.2 and
                            matrix.share(image, ROSE) > 0.02, "eyes")
    card.ctl("move", "-2000", "-2000")
    card.ctl("move", "500", "700")

    def pupils(image):
        return matrix.share(image, ROSE) > 0.02 and matrix.differ(image, first) > 1000
    card.show(pupils, "other pupils")
    card.stop()


def test_xterm_is_typed_into(t):
    card, _ = check_x11(t, "pixman", f"xterm -bg \"#702040\" -fg white -e sh {matrix.typed(t)}",
                        lambda image: matrix.share(image, ROSE) > 0.9, "the terminal")
    matrix.type_line(card, "typed in x11")
    card.show(lambda image: matrix.share(image, 0xffffff, (0, 0, 300, 60), 1) > 0.005, "letters")
    card.stop()


tc.main(globals())
