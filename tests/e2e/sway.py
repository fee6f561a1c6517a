"""sway with a plain background, for the rows of the matrix that are its."""
import matrix

BLUE = 0x204080
SIZE = (1024, 768)


def config(t, *lines):
    return matrix.script(t, "sway.conf", "\n".join([
        f"output * bg #{BLUE:06x} solid_color", "default_border none", *lines, ""]))


def start(t, *lines, renderer="pixman", options=(), **env):
    matrix.need("sway", "swaybg")
    return matrix.Program(t, "sway", "-d", "-c", config(t, *lines), options=options,
                          WLR_RENDERER=renderer, WLR_RENDERER_ALLOW_SOFTWARE="1",
                          **{"WLR_XWAYLAND": "/bin/true", **env})


def background(image, size=SIZE, colour=BLUE):
    """Everywhere but where the cursor is."""
    return (image.width, image.height) == size and matrix.filled(image, colour)


def terminal(command, colour):
    matrix.need("foot")
    return f"exec foot -o colors.background={colour:06x} {command}"
