"""The demo clients' test card (clients/demo/pattern.h) once more, from its words."""

WHITE, LINE, GROUND = 0xFFFFFF, 0xC0C0C0, 0x304050
BARS = (0xFFFFFF, 0xFFFF00, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0x0000FF, 0x000000)


def still(x, y, width, height):
    """0xRRGGBB of the still picture."""
    if x in (0, width - 1) or y in (0, height - 1):
        return WHITE
    dx, dy = 2 * x + 1 - width, 2 * y + 1 - height
    radius = min(width, height) * 7 // 8
    inner = radius - 6
    distance = dx * dx + dy * dy
    if inner <= 0 or distance > radius * radius:
        return LINE if x % 32 == 0 or y % 32 == 0 else GROUND
    if distance > inner * inner:
        return WHITE
    across, band = dx + radius, (dy + radius) * 3 // (2 * radius)
    if band == 0:
        return BARS[across * 8 // (2 * radius)]
    if band == 1:
        return across * 256 // (2 * radius) * 0x010101
    return WHITE if (x if dx < 0 else y) & 1 else 0


def first_difference(image, left, top, width, height, expected):
    """Where image, from (left, top) on, is not expected(x, y); None when it is."""
    for y in range(height):
        for x in range(width):
            got, want = image.pixel(left + x, top + y), expected(x, y)
            if got != want:
                return f"({left + x},{top + y}) is {got:06x}, want {want:06x}"
    return None


def wrong(image, left, top, width, height, skip=None):
    """Where pixels of the still picture at (left, top) are wrong, outside the skipped box."""
    for y in range(height):
        for x in range(width):
            at = (left + x, top + y)
            if skip and skip[0] <= at[0] < skip[2] and skip[1] <= at[1] < skip[3]:
                continue
            if image.pixel(*at) != still(x, y, width, height):
                yield at


def differences(image, left, top, width, height, skip=None):
    """All of them."""
    return list(wrong(image, left, top, width, height, skip))


def shown(compositor, left, top, width, height, skip=None):
    """Waits until the compositor's screen has the still picture there; the screen's picture."""
    return compositor.shows(
        lambda image: next(wrong(image, left, top, width, height, skip), None) is None,
        f"{width}x{height} of the test card at {left},{top}")
