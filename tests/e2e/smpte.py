"""libdrm's test patterns as pixels: "smpte" (modetest's default for the primary plane; written
down from the bars it stands for) and "tiles" (for the other planes)."""

GREY, YELLOW, CYAN, GREEN = 0xC0C0C0, 0xC0C000, 0x00C0C0, 0x00C000
MAGENTA, RED, BLUE, BLACK = 0xC000C0, 0xC00000, 0x0000C0, 0x131313
TOP = (GREY, YELLOW, CYAN, GREEN, MAGENTA, RED, BLUE)
MIDDLE = (BLUE, BLACK, MAGENTA, BLACK, CYAN, BLACK, GREY)
BOTTOM = (0x00214C, 0xFFFFFF, 0x32006A, BLACK, 0x090909, 0x131313, 0x1D1D1D, BLACK)
PLAIN = 0x777777  # of the second buffer of -v, and with half of its alpha of -C


def smpte(x, y, width, height):
    """0xRRGGBB of rows of (share of the height, colours)."""
    if y < height * 6 // 9:
        return TOP[x * 7 // width]
    if y < height * 7 // 9:
        return MIDDLE[x * 7 // width]
    wide = width * 5 // 7
    if x < wide:
        return BOTTOM[x * 4 // wide]
    if x < width * 6 // 7:
        return BOTTOM[(x - wide) * 3 // (width // 7) + 4]
    return BOTTOM[7]


def tiles(x, y, width):
    quotient, remainder = divmod(x + y, width)
    return (0x130502 * (quotient >> 6) + 0x0A1120 * (remainder >> 6)) & 0xFFFFFF


def first_difference(image, expected):
    for y in range(image.height):
        for x in range(image.width):
            if image.pixel(x, y) != expected(x, y):
                return f"({x},{y}): {image.pixel(x, y):06x}, want {expected(x, y):06x}"
    return None
