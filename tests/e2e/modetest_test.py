"""Debian's own KMS programs, unmodified, on the device: what they say and what they show."""
import re

import tc
from held import Held
from smpte import PLAIN, first_difference, smpte, tiles


def objects(t):
    """Ids that modetest prints: connector, crtc, planes in order."""
    text = t.exec("modetest", "-M", "testcard")
    section, ids = None, {"Connectors:": [], "CRTCs:": [], "Planes:": [], "Encoders:": []}
    for line in text.splitlines():
        if line in ids:
            section = line
        elif section and re.match(r"\d+\t", line):
            ids[section].append(int(line.split("\t")[0]))
    return ids["Connectors:"][0], ids["CRTCs:"][0], ids["Planes:"], text


def test_modetest_lists_the_device(t):
    connector, crtc, planes, text = objects(t)
    t.equal(len(planes), 4, "planes")
    t.check("connected" in text and "1024x768 60.00 1024 1048 1184 1344 768 771 777 806 65000"
            in re.sub(r"[ \t]+", " ", text), f"mode line missing in {text}")
    for word in ("EDID", "IN_FORMATS", "zpos", "DPMS"):
        t.check(word in text, f"{word} not listed")
    # Atomic properties are for clients that ask for them.
    t.check("MODE_ID" not in text, "MODE_ID listed to a legacy client")
    text = t.exec("modetest", "-M", "testcard", "-a")
    for word in ("FB_ID", "MODE_ID", "ACTIVE", "CRTC_ID", "SRC_W"):
        t.check(word in text, f"{word} not listed to an atomic client")


def shows(card, width, height, expected):
    """Waits for exactly this picture."""
    card.show(lambda image: (image.width, image.height) == (width, height)
              and first_difference(image, expected) is None, "the pattern")


def pattern(x, y):
    return smpte(x, y, 1024, 768)


def test_modetest_sets_a_mode_with_its_pattern(t):
    connector, _, _, _ = objects(t)
    for mode, width, height in (("1024x768", 1024, 768), ("640x480", 640, 480)):
        card = Held(t, "modetest", "-M", "testcard", "-s", f"{connector}:{mode}", name=mode)
        shows(card, width, height, lambda x, y: smpte(x, y, width, height))
        card.done()


def test_modetest_flips_at_60_hz(t):
    connector, _, _, _ = objects(t)
    card = Held(t, "modetest", "-M", "testcard", "-v", "-s", f"{connector}:1024x768")
    # The two buffers take turns.
    card.show(lambda image: image.pixel(100, 100) == PLAIN, "the second buffer")
    card.show(lambda image: image.pixel(100, 100) == pattern(100, 100), "the first buffer")
    card.wait(lambda: card.log().count("freq:") >= 3, "modetest's rates")
    rates = [float(rate) for rate in re.findall(r"freq: ([0-9.]+)Hz", card.done())]
    # A busy machine loses flips. A device that does not wait for vblanks is far above.
    t.check(max(rates[1:]) < 90, f"{rates} Hz")


def test_modetest_overlay_plane(t):
    connector, crtc, planes, _ = objects(t)
    card = Held(t, "modetest", "-M", "testcard", "-s", f"{connector}@{crtc}:1024x768",
                "-P", f"{planes[1]}@{crtc}:256x200+300+150@XR24")

    def expected(x, y):
        if 300 <= x < 556 and 150 <= y < 350:
            return tiles(x - 300, y - 150, 256)
        return pattern(x, y)
    shows(card, 1024, 768, expected)
    card.done()


def test_modetest_atomic(t):
    connector, crtc, planes, _ = objects(t)
    card = Held(t, "modetest", "-M", "testcard", "-a", "-s", f"{connector}@{crtc}:1024x768",
                "-P", f"{planes[0]}@{crtc}:1024x768")
    shows(card, 1024, 768, pattern)
    card.done()


def test_drm_info_runs_clean(t):
    text = t.exec("drm_info")
    for line in ("Driver: testcard", "Available nodes: primary", "1024x768@60.00 preferred",
                 "DRM_CLIENT_CAP_ATOMIC supported", "DRM_CAP_PRIME = 3", "Type: virtual"):
        t.check(line in text, f"{line!r} not in drm_info's output:\n{text}")
    for word in ("Failed", "rror", "not permitted"):
        t.check(word not in text, f"{word!r} in drm_info's output:\n{text}")


tc.main(globals())
