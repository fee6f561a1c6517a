"""libdrm's test tools as Debian packages them (libdrm-tests), by an ordinary user: what modetest
does beyond modes, planes and flips (modetest_test.py), and the smaller ones."""
import errno
import re
import shutil

import matrix
import tc
from held import Held
from smpte import PLAIN, first_difference, smpte

WIDTH, HEIGHT = 1024, 768


def pattern(x, y):
    return smpte(x, y, WIDTH, HEIGHT)


def is_pattern(image):
    return image.width == WIDTH and first_difference(image, pattern) is None


def ids(t):
    """Connector, crtc, planes by type, of the device as it begins."""
    card = Held(t, "cat", name="ids")
    state = card.state()
    card.stop(143)
    planes = {}
    for plane in state["planes"]:
        planes.setdefault(plane["type"], []).append(plane["id"])
    return state["connectors"][0]["id"], state["crtcs"][0]["id"], planes


def mode(connector, crtc, *_):
    return f"{connector}@{crtc}:{WIDTH}x{HEIGHT}"


def test_modetest_cursor(t):
    """-C: a translucent square that moves over the pattern, on the cursor plane."""
    matrix.need("modetest")
    card = Held(t, "modetest", "-M", "testcard", "-s", mode(*ids(t)), "-C")

    def over(x, y):
        below, out = pattern(x, y), 0
        for shift in (16, 8, 0):
            alpha = PLAIN & 255
            out |= (alpha + ((below >> shift & 255) * (255 - alpha) + 127) // 255) << shift
        return out

    def cursor(image):
        """The box that is not pattern is the cursor's whole size, blended."""
        xs = [x for x in range(WIDTH) for y in (0, 100, 300, 500)
              if image.pixel(x, y) != pattern(x, y)]
        changed = [(x, y) for y in range(0, HEIGHT) for x in range(min(xs, default=WIDTH),
                                                                 max(xs, default=-1) + 1)
                   if image.pixel(x, y) != pattern(x, y)]
        if not changed:
            return None
        left, top = min(x for x, _ in changed), min(y for _, y in changed)
        right, bottom = max(x for x, _ in changed), max(y for _, y in changed)
        if (right - left, bottom - top) != (63, 63) or len(changed) != 64 * 64:
            return None
        wrong = [at for at in changed if not matrix.near(image.pixel(*at), over(*at), 1)]
        return None if wrong else (left, top)
    first = []

    def moves(image):
        where = cursor(image)
        if where and not first:
            first.append(where)
        return where and where != first[0]
    card.show(moves, "the cursor in two places")
    # modetest hides it now and then.
    card.wait(lambda: [plane["type"] for plane in card.planes()] == ["primary", "cursor"],
              "the cursor's plane")
    t.check("cursor stopped" in card.done(), card.log())


def test_modetest_sets_a_property(t):
    """-w: an overlay's alpha, set before its picture is, halves it."""
    matrix.need("modetest")
    connector, crtc, planes = ids(t)
    overlay = planes["overlay"][0]
    card = Held(t, "modetest", "-M", "testcard", "-w", f"{overlay}:alpha:32768",
                "-s", mode(connector, crtc),
                "-P", f"{overlay}@{crtc}:256x200+300+150@XR24", "-F", "smpte,plain")

    def expected(x, y):
        below = pattern(x, y)
        if not (300 <= x < 556 and 150 <= y < 350):
            return below
        return sum((((PLAIN >> shift & 255) + (below >> shift & 255)) // 2) << shift
                   for shift in (16, 8, 0))

    def half(image):
        return all(matrix.near(image.pixel(x, y), expected(x, y), 1)
                   for y in range(0, HEIGHT, 7) for x in range(0, WIDTH, 3))
    card.show(half, "the overlay half over the pattern")
    card.done()


def test_modetest_refuses_what_is_not_there(t):
    matrix.need("modetest")
    connector, crtc, planes = ids(t)
    cases = ((("-s", f"9999@{crtc}:1024x768"), "failed to find mode"),
             (("-s", f"{connector}@{crtc}:3x3"), "failed to find mode"),
             (("-w", f"{planes['primary'][0]}:NO_SUCH:1"), "NO_SUCH"))
    for number, (args, text) in enumerate(cases):
        card = Held(t, "modetest", "-M", "testcard", *args, name=f"bad{number}")
        t.check(text in card.done(status=None), f"{args}: {card.log()}")


class Lit:
    """A device of its own with modetest's pattern on it, for others to join."""

    def __init__(self, t):
        self.t = t
        self.connector, self.crtc, _ = ids(t)
        self.card = Held(t, "modetest", "-M", "testcard", "-s", mode(self.connector, self.crtc),
                         name="lit")
        self.card.show(is_pattern, "the pattern")

    def join(self, *argv, **kw):
        return Held(self.t, *argv, device=False, options=("--join", self.card.dir), **kw)

    def end(self):
        """The pattern is still there."""
        self.t.check(is_pattern(self.card.screenshot()), "the picture changed")
        self.card.done()


def test_modeprint(t):
    matrix.need("modeprint")
    lit = Lit(t)
    text = lit.join("modeprint", "testcard", name="modeprint").end()
    crtc = re.search(r"^Crtc\n((\t.*\n)+)", text, re.M).group(1)
    t.check(re.search(r"width\s*: 1024\n.*height\s*: 768\n", crtc), crtc)
    t.check('Mode: "1024x768" 1024x768 60' in text, text)
    t.check(text.rstrip().endswith("Ok"), text)
    lit.end()


def test_proptest(t):
    """Lists every property of the lit card, of which it may set none."""
    matrix.need("proptest")
    lit = Lit(t)
    connector = lit.connector
    text = lit.join("proptest", "-M", "testcard", name="list").end()
    t.check(f"Connector {connector}" in text and "CRTC " in text, text)
    listed = text[text.index(f"Connector {connector}"):]
    dpms = re.search(r"^\t(\d+) DPMS:\n\t\tflags: .*enum.*\n(?:.*\n)*?\t\tvalue: (\d)", listed, re.M)
    t.check(dpms and dpms.group(2) == "0", listed)
    # A card that is another's master's is not for us to set.
    lit.join("proptest", "-M", "testcard", str(connector), "connector", dpms.group(1), "3",
             name="set").end(status=256 - errno.EACCES)
    lit.end()


def test_vbltest(t):
    matrix.need("vbltest")
    lit = Lit(t)
    test = lit.join("vbltest", "-M", "testcard", name="vbltest")
    # A busy machine loses vblanks; a device that does not wait for them is far above.
    test.wait(lambda: test.log().count("freq: ") >= 2, "two rates")
    rates = [float(rate) for rate in re.findall(r"freq: ([0-9.]+)", test.log())]
    t.check(max(rates) < 90, f"{rates} Hz")
    test.done()
    lit.end()


def test_drmdevice(t):
    matrix.need("drmdevice")
    text = Held(t, "drmdevice").end()
    t.equal(text.count("nodes[0] /dev/dri/card0"), 2, text)
    t.check("fullname\ttestcard" in text, text)


def test_prime_lookup(t):
    """intel-gpu-tools' lookups of dma-bufs; of fewer devices than the 512 and fewer objects than
    the 32768 that it wants: a descriptor for each export there, one for each object here."""
    path = "/usr/libexec/igt-gpu-tools/benchmarks/prime_lookup"
    matrix.need(path)
    for number, args in enumerate(((), ("-c",), ("-f",))):
        text = Held(t, path, "-d", "4", "-o", "2000", *args, name=f"lookup{number}",
                    options=("--driver", "i915", "--no-input")).end()
        found = re.search(r"^([0-9.]+) us$", text, re.M)
        t.check(found and float(found.group(1)) > 0, text)


def test_amdgpu_stress(t):
    """Wants an amdgpu; says so."""
    if not shutil.which("amdgpu_stress"):
        raise tc.Skip("amdgpu_stress is not installed (libdrm-tests)")
    Held(t, "amdgpu_stress", "-a", "1", "-c", "4096").end(status=1)
    raise tc.Skip("amdgpu_stress submits amdgpu's commands")


tc.main(globals())
