"""testcard-flip, our own KMS client: its pixels and its measurements."""
import glob
import os
import re

import pattern
import png
import tc

FLIP = os.path.join(tc.DEMO, "testcard-flip")
WIDTH, HEIGHT = 1024, 768
OVERLAY, CROSS = 0x00C040, 0xFF0000


def flip(t, *args, clock="real"):
    """testcard-flip's text and the names of the scanout frames, in order."""
    frames = t.path("frames-" + "-".join(args).replace("--", ""))
    text = t.exec(FLIP, *args, options=("--frames", frames, "--clock", clock))
    return text, sorted(glob.glob(frames + "/*.png"))


def lit(names):
    frames = (png.read(name) for name in names)
    return [frame for frame in frames if (frame.width, frame.height) == (WIDTH, HEIGHT)
            and frame.pixel(0, HEIGHT - 1) == pattern.WHITE]


def expected(x, y, overlay, cursor):
    """The first frame: the overlay at 0,0; the cursor at 0,192, a cross on nothing."""
    if cursor and x < 64 and 192 <= y < 256 and (x in (32, 33) or y - 192 in (32, 33)):
        return CROSS
    if overlay and x < 256 and y < 128:
        return OVERLAY
    return pattern.still(x, y, WIDTH, HEIGHT)


def test_still_picture_every_pixel(t):
    for args in (("--legacy",), ("--overlay", "--cursor"), ("--legacy", "--overlay", "--cursor")):
        _, frames = flip(t, "--still", "0.4", *args)
        frames = lit(frames)
        t.check(frames, f"{args}: no frame was shown")
        # Legacy shows primary, overlay and cursor one after the other.
        wrong = [pattern.first_difference(frame, 0, 0, WIDTH, HEIGHT, lambda x, y: expected(
            x, y, "--overlay" in args, "--cursor" in args)) for frame in frames[-3:]]
        t.check(None in wrong, f"{args}: {wrong}")


def test_flips_at_every_vblank(t):
    for args in ((), ("--legacy",), ("--cursor",), ("--overlay", "--cursor")):
        text, _ = flip(t, "--frames", "120", *args)
        found = re.search(r"1024x768 (\w+): 120 flips, ([0-9.]+) Hz, interval ([0-9.]+) to "
                          r"([0-9.]+) ms, (\d+) vblanks missed", text)
        t.check(found, text)
        t.equal(found[1], "legacy" if "--legacy" in args else "atomic", "the way it took")
        # A busy machine misses vblanks, how many is no error; the grid of the intervals stays.
        hertz, shortest, missed = float(found[2]), float(found[3]), int(found[5])
        frame = 1000 / 60
        t.check(shortest > 16.5 and abs(shortest / frame - round(shortest / frame)) < 0.02,
                f"shortest interval {shortest} ms")
        t.check(abs(hertz - 60 * 119 / (119 + missed)) < 0.2, f"{hertz} Hz, {missed} missed")


def test_overlay_moves_with_its_frame(t):
    """Block of the primary and overlay are of the same frame in every picture: no tearing."""
    # In real time, frames that the writer of pictures has no time for are dropped.
    _, frames = flip(t, "--frames", "60", "--overlay", clock="fast")
    seen = set()
    for frame in lit(frames)[1:-1]:
        row = [frame.pixel(x, 60) for x in range(WIDTH)]
        if OVERLAY not in row:
            continue
        overlay = row.index(OVERLAY)
        block = [frame.pixel(x, HEIGHT - 40) for x in range(WIDTH)]
        if 0xFF8000 not in block:
            continue  # the modeset's own frame
        t.equal(overlay, block.index(0xFF8000), "overlay and block")
        seen.add(overlay)
    t.check(len(seen) >= 40, f"{len(seen)} different places in 60 frames")


def test_bad_arguments_and_missing_device(t):
    t.run(FLIP, "--frames", "many", status=2)
    t.run(FLIP, "--device", t.path("not-there"), status=1)


tc.main(globals())
