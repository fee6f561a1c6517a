"""sway 1.7 on the device, as an ordinary user: its screens, its cursor, its input.

wlroots 0.15.1 knows primary and cursor planes only: overlays stay free, on every driver. Its cursor
plane takes linear buffers only, and its pixman renderer makes none that say so: there, it shows no
cursor (it takes it for shown once hiding it worked) unless WLR_NO_HARDWARE_CURSORS=1 makes it draw
one. All that is so on every driver."""
import json
import os

import matrix
import png
import tc
from sway import BLUE, background, start, terminal

GREEN, GREY = 0x206030, 0x102030
TWO_SCREENS = {
    "testcard": 1, "framebuffer": {"max": [4096, 4096]}, "cursor": [64, 64],
    "crtcs": [{"gamma_size": 256}, {"like": 0}],
    "planes": [
        {"type": "primary", "crtcs": [0], "formats": ["XRGB8888", "ARGB8888"]},
        {"like": 0, "crtcs": [1]},
        {"type": "cursor", "crtcs": [0], "formats": ["ARGB8888"]},
        {"like": 2, "crtcs": [1]}],
    "connectors": [
        {"type": "HDMI-A", "monitor": "Left", "modes": ["800x600"]},
        {"type": "DP", "monitor": "Right", "modes": ["640x480"]}],
}


def filled_by_terminal(image):
    return matrix.share(image, GREY) > 0.9


def check_background(t, renderer, **more):
    card = start(t, renderer=renderer, **more)
    card.show(background, "the background")
    card.stop()


def test_background_pixman(t):
    check_background(t, "pixman")


def test_background_gles2(t):
    check_background(t, "gles2")


def test_background_gles2_with_a_render_node(t):
    check_background(t, "gles2", options=("--render-node",))


def test_background_without_atomic(t):
    check_background(t, "pixman", WLR_DRM_NO_ATOMIC="1")


def test_background_by_our_own_seat(t):
    """All other rows have libseat's builtin one."""
    check_background(t, "pixman", LIBSEAT_BACKEND=None, SEATD_VTBOUND=None)


def check_typing(t, renderer):
    card = start(t, terminal(f"sh {matrix.typed(t)}", GREY), renderer=renderer)
    card.show(filled_by_terminal, "the terminal")
    matrix.type_line(card, "typed by nobody")
    card.show(lambda image: len(matrix.colours(image, (0, 0, 300, 60), 1)) > 8, "the letters")
    card.stop()


def test_foot_is_typed_into_pixman(t):
    check_typing(t, "pixman")


def test_foot_is_typed_into_gles2(t):
    check_typing(t, "gles2")


def move_to_origin(card):
    card.ctl("move", "-4000", "-4000")


def test_cursor_plane(t):
    card = start(t, renderer="gles2")
    card.show(background, "the background")
    plane, = card.wait(lambda: card.planes("cursor"), "the cursor plane")
    t.equal((plane["width"], plane["height"]), (64, 64), "its size")
    move_to_origin(card)
    card.wait(lambda: [p for p in card.planes("cursor") if p["x"] <= 0 and p["y"] <= 0],
              "the cursor in the corner")
    card.ctl("move", "300", "200")
    moved, = card.wait(lambda: [p for p in card.planes("cursor") if p["x"] > 200], "its move")
    image = card.show(lambda image: background(image) and image.pixel(1, 1) == BLUE,
                      "the cursor away from the corner")
    box = matrix.bounds(image, lambda colour: colour != BLUE)
    t.check(box, "there is no cursor in the picture")
    t.check(moved["x"] <= box[0] and box[0] + box[2] <= moved["x"] + 64 and
            moved["y"] <= box[1] and box[1] + box[3] <= moved["y"] + 64,
            f"the cursor is at {box}, its plane says {moved}")
    t.equal(card.planes("overlay"), [], "wlroots 0.15 has no use for overlays")
    card.stop()


def test_pixman_has_no_cursor_plane(t):
    card = start(t)
    card.show(background, "the background")
    card.wait_log("Failed to intersect display and render modifiers for format 0x34325241")
    t.equal(card.planes("cursor"), [], "the cursor plane")
    card.stop()


def test_pixman_draws_the_cursor(t):
    card = start(t, WLR_NO_HARDWARE_CURSORS="1")
    card.show(background, "the background")
    move_to_origin(card)
    card.ctl("move", "300", "200")

    def moved(image):
        box = matrix.bounds(image, lambda colour: colour != BLUE)
        return background(image) and box and box[0] > 64 and box[1] > 64
    card.show(moved, "the cursor away from the corner")
    t.equal(card.planes("cursor"), [], "the cursor plane")
    card.stop()


def two_screens(t, right=True):
    description = dict(TWO_SCREENS)
    left, other = description["connectors"]
    description["connectors"] = [left, {**other, "connected": right}]
    return matrix.script(t, "device.json", json.dumps(description))


def crtc_of(card, name):
    """The index of the crtc that the connector shows, or None."""
    state = card.state()
    for connector in state["connectors"]:
        if connector["name"] == name and connector["crtc"]:
            crtc, = [c for c in state["crtcs"] if c["id"] == connector["crtc"]]
            return crtc["index"] if crtc["active"] else None
    return None


def on_screen(card, name, predicate, text):
    card.wait(lambda: crtc_of(card, name) is not None, f"{name} to be on")
    return card.show(predicate, f"{text} on {name}", crtc_of(card, name))


def check_two_outputs(t, renderer):
    card = start(t, f"output DP-1 bg #{GREEN:06x} solid_color", "workspace 2 output DP-1",
                 "workspace 1 output HDMI-A-1", renderer=renderer,
                 options=("--device", two_screens(t)))
    on_screen(card, "HDMI-A-1", lambda image: background(image, (800, 600)), "blue")
    on_screen(card, "DP-1", lambda image: background(image, (640, 480), GREEN), "green")
    t.check(crtc_of(card, "HDMI-A-1") != crtc_of(card, "DP-1"), "one crtc for both")
    card.stop()


def test_two_outputs_pixman(t):
    check_two_outputs(t, "pixman")


def test_two_outputs_gles2(t):
    check_two_outputs(t, "gles2")


def test_a_monitor_comes_and_goes(t):
    card = start(t, f"output DP-1 bg #{GREEN:06x} solid_color",
                 options=("--device", two_screens(t, right=False)))
    on_screen(card, "HDMI-A-1", lambda image: background(image, (800, 600)), "blue")
    t.equal(crtc_of(card, "DP-1"), None, "DP-1 before it is there")
    for _ in range(3):
        card.ctl("connect", "DP-1")
        on_screen(card, "DP-1", lambda image: background(image, (640, 480), GREEN), "green")
        card.ctl("disconnect", "DP-1")
        card.wait(lambda: crtc_of(card, "DP-1") is None, "DP-1 to be off")
    on_screen(card, "HDMI-A-1", lambda image: background(image, (800, 600)), "blue, still,")
    card.stop()


def check_grim(t, renderer):
    matrix.need("grim")
    shots = os.path.join(matrix.prepare(t), "shots")
    again = matrix.script(t, "shots.sh", f"mkdir -p {shots}\n"
                          "while [ -S $XDG_RUNTIME_DIR/$WAYLAND_DISPLAY ]; do\nsleep 0.1\n"
                          f"[ -e {shots}/go ] && grim {shots}/new.png || continue\n"
                          f"rm {shots}/go; mv {shots}/new.png {shots}/grim.png\ndone\n")
    text = matrix.script(t, "text.sh", "seq 1 30\nexec sleep 1000\n")
    card = start(t, "seat seat0 hide_cursor 200", terminal(f"sh {text}", GREY), f"exec sh {again}",
                 renderer=renderer)
    card.show(lambda image: filled_by_terminal(image) and
              len(matrix.colours(image, (0, 0, 60, 400), 1)) > 8, "the numbers")
    card.wait(lambda: os.path.isdir(shots), "the screenshots' folder")

    def same():
        before = card.screenshot(keep="before.png")
        matrix.write(os.path.join(shots, "go"))
        card.wait(lambda: os.path.exists(os.path.join(shots, "grim.png")), "grim's picture")
        picture = png.read(os.path.join(shots, "grim.png"))
        os.remove(os.path.join(shots, "grim.png"))
        after = card.screenshot(keep="after.png")
        return matrix.differ(before, after) == 0 and matrix.differ(before, picture) == 0
    card.wait(same, "grim's picture to be what is scanned out")
    card.stop()


def test_grim_sees_what_is_scanned_out_pixman(t):
    check_grim(t, "pixman")


def test_grim_sees_what_is_scanned_out_gles2(t):
    check_grim(t, "gles2")


tc.main(globals())
