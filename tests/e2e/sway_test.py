"""sway 1.7 on the device, as an ordinary user: what its screen shows, and its clients."""
import matrix
import tc

BLUE = 0x204080


def config(t, *lines):
    return matrix.script(t, "sway.conf", "\n".join([
        f"output * bg #{BLUE:06x} solid_color", "default_border none", *lines, ""]))


def background(image):
    """Everywhere but where the cursor is."""
    return (image.width, image.height) == (1024, 768) and matrix.filled(image, BLUE)


def start(t, *lines, renderer="pixman", options=(), **env):
    matrix.need("sway")
    return matrix.Program(t, "sway", "-d", "-c", config(t, *lines), options=options,
                          WLR_RENDERER=renderer, WLR_XWAYLAND="/bin/true",
                          WLR_RENDERER_ALLOW_SOFTWARE="1", **env)


def test_background_pixman(t):
    card = start(t)
    card.show(background, "the background")
    card.stop()


def test_background_gles2(t):
    card = start(t, renderer="gles2")
    card.show(background, "the background")
    card.stop()


def test_foot_is_typed_into(t):
    matrix.need("foot")
    card = start(t, f"exec foot -o colors.background=102030 sh {matrix.typed(t)}")
    card.show(lambda image: matrix.share(image, 0x102030) > 0.9, "the terminal")
    matrix.type_line(card, "typed by nobody")
    card.show(lambda image: len(matrix.colours(image, (0, 0, 300, 60), 1)) > 8, "the letters")
    card.stop()


tc.main(globals())
