"""Debian's own KMS programs, unmodified, on the device: what they say and what they show."""
import glob
import os
import re
import subprocess
import time

import png
import tc
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


def modetest(t, seconds, *args, rates=0):
    """modetest with its stdin held open for so long, and until it has told so many rates;
    returns (text, frame files in order)."""
    frames, log = t.path("frames"), t.path("modetest.log")

    def text():
        with open(log, errors="replace") as file:
            return file.read()

    with open(log, "w") as file:
        process = subprocess.Popen(
            [tc.LAUNCHER, "exec", "--frames", frames, "--", "modetest", "-M", "testcard", *args],
            env=t.env(), stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, text=True)
    time.sleep(seconds)
    t.wait(lambda: text().count("freq:") >= rates, "modetest's rates", 60)
    process.communicate("\n", timeout=60)
    t.equal(process.returncode, 0, f"exit code of modetest {args}: {text()}")
    return text(), sorted(glob.glob(frames + "/*.png"))


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


def test_modetest_sets_a_mode_with_its_pattern(t):
    connector, _, _, _ = objects(t)
    for mode, width, height in (("1024x768", 1024, 768), ("640x480", 640, 480)):
        _, frames = modetest(t, 0.5, "-s", f"{connector}:{mode}")
        t.check(frames, "no frame was written")
        image = png.read(frames[0])
        t.equal((image.width, image.height), (width, height), "frame size")
        t.equal(first_difference(image, lambda x, y: smpte(x, y, width, height)), None, mode)
        for frame in frames:
            os.unlink(frame)


def test_modetest_flips_at_60_hz(t):
    connector, _, _, _ = objects(t)
    text, frames = modetest(t, 0, "-v", "-s", f"{connector}:1024x768", rates=3)
    rates = [float(rate) for rate in re.findall(r"freq: ([0-9.]+)Hz", text)]
    # A busy machine loses flips and measures the next ones too fast; how much is no error. A
    # device that does not wait for vblanks is far above.
    t.check(max(rates[1:]) < 90, f"{rates} Hz")
    # The two buffers take turns: of six frames in a row some show each.
    shown = [png.read(frame).pixel(100, 100) for frame in frames[10:16]]
    t.equal(set(shown), {PLAIN, smpte(100, 100, 1024, 768)}, "the two buffers")


def test_modetest_overlay_plane(t):
    connector, crtc, planes, _ = objects(t)
    where = f"{planes[1]}@{crtc}:256x200+300+150@XR24"
    _, frames = modetest(t, 0.5, "-s", f"{connector}@{crtc}:1024x768", "-P", where)

    def expected(x, y):
        if 300 <= x < 556 and 150 <= y < 350:
            return tiles(x - 300, y - 150, 256)
        return smpte(x, y, 1024, 768)
    # The last frames are of the planes' end, one after the other.
    differences = [first_difference(png.read(frame), expected) for frame in frames]
    t.check(None in differences, f"no frame shows overlay over pattern: {differences}")


def test_modetest_atomic(t):
    connector, crtc, planes, _ = objects(t)
    _, frames = modetest(t, 0.5, "-a", "-s", f"{connector}@{crtc}:1024x768", "-P",
                         f"{planes[0]}@{crtc}:1024x768")
    differences = [first_difference(png.read(frame), lambda x, y: smpte(x, y, 1024, 768))
                   for frame in frames]
    t.check(None in differences, f"no frame shows the planes' pattern: {differences}")


def test_drm_info_runs_clean(t):
    text = t.exec("drm_info")
    for line in ("Driver: testcard", "Available nodes: primary", "1024x768@60.00 preferred",
                 "DRM_CLIENT_CAP_ATOMIC supported", "DRM_CAP_PRIME = 3", "Type: virtual"):
        t.check(line in text, f"{line!r} not in drm_info's output:\n{text}")
    for word in ("Failed", "rror", "not permitted"):
        t.check(word not in text, f"{word!r} in drm_info's output:\n{text}")


def test_kmscube_draws_its_cube(t):
    frames = t.path("frames")
    # kmscube stops when its stdin is readable; /dev/null is.
    read_end, write_end = os.pipe()
    process = subprocess.Popen([tc.LAUNCHER, "exec", "--frames", frames, "--", "kmscube",
                                "-c", "200"], env=t.env(), stdin=read_end,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text, _ = process.communicate(timeout=60)
    os.close(read_end)
    os.close(write_end)
    t.equal(process.returncode, 0, f"kmscube: {text}")
    files = sorted(glob.glob(frames + "/*.png"))
    t.check(len(files) >= 150, f"{len(files)} frames written: {text}")
    first, last = png.read(files[40]), png.read(files[-3])
    for image in (first, last):
        for corner in ((5, 5), (1018, 5), (5, 762), (1018, 762)):
            t.check(image.pixel(*corner) in (0x7F7F7F, 0x808080), f"corner {corner}")
        colors = {image.pixel(x, 384) for x in range(400, 624, 2)}
        t.check(len(colors) > 30, f"the cube has {len(colors)} colours on its middle line")
    t.check(any(first.rows[y] != last.rows[y] for y in range(300, 460)), "the cube stands still")


tc.main(globals())
