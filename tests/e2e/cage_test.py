"""cage 0.1.4 on the device, as an ordinary user: one terminal fills the screen."""
import matrix
import tc

GREEN = 0x106030


def check(t, renderer, *lines, **env):
    matrix.need("cage", "foot")
    card = matrix.Program(t, "cage", "--", "foot", "-o", f"colors.background={GREEN:06x}",
                          "sh", matrix.typed(t), WLR_RENDERER=renderer,
                          WLR_RENDERER_ALLOW_SOFTWARE="1", WLR_XWAYLAND="/bin/true", **env)
    card.show(lambda image: (image.width, image.height) == (1024, 768) and
              matrix.share(image, GREEN) > 0.95, "the terminal")
    matrix.type_line(card, "kiosk")
    card.show(lambda image: len(matrix.colours(image, (0, 0, 300, 60), 1)) > 8, "the letters")
    # Not by SIGTERM: cage 0.1.4 hands libwayland a wild pointer then, and aborts.
    card.type("bye\n")
    card.ends()


def test_atomic_pixman(t):
    check(t, "pixman")


def test_atomic_gles2(t):
    check(t, "gles2")


def test_legacy_pixman(t):
    check(t, "pixman", WLR_DRM_NO_ATOMIC="1")


def test_legacy_gles2(t):
    check(t, "gles2", WLR_DRM_NO_ATOMIC="1")


def test_without_modifiers(t):
    check(t, "gles2", WLR_DRM_NO_MODIFIERS="1")


tc.main(globals())
