"""The demo that README begins with: its picture at both sizes, and its recording."""
import json
import os

import matrix
import png
import tc

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../clients/demo/run.sh")
SQUARE, FRAME = 0xffc000, 0x207040  # of producers, around what consumers show


def test_both_sizes(t):
    if not os.path.exists(os.path.join(tc.DEMO, "testcard-producer")):
        raise tc.Skip("no libdrm_intel")
    for width, height in ((1024, 768), (1920, 1080)):
        text = t.run("sh", RUN, f"{width}x{height}", t.out, TESTCARD_BUILD=tc.BUILD,
                     ASAN_OPTIONS="verify_asan_link_order=0")
        t.check("testcard.png" in text, text)
        image = png.read(t.path("testcard.png"))
        t.equal((image.width, image.height), (width, height))
        # What a producer has drawn is in four windows: its own, and framed by a consumer.
        column = width // 3
        for i in range(2):
            for y, frame in ((16, False), (height * 2 // 5, True)):
                box = (column * i + width // 60, y, 304 if frame else 256, 240 if frame else 192)
                seen = matrix.colours(image, box, 2)
                t.check(seen.get(SQUARE, 0) > 20 * 20, f"no square at {box}")
                t.equal(seen.get(FRAME, 0) > 2000, frame, f"a frame at {box}")
        with open(t.path("testcard-trace.json")) as file:
            events = json.load(file)
        names = [e["args"]["name"] for e in events
                 if e["ph"] == "M" and e["name"] == "process_name"]
        for name, count in (("testcard-compositor", 1), ("testcard-producer", 2),
                            ("testcard-consumer", 2), ("testcard-video", 1), ("card0", 1)):
            t.equal(names.count(name), count, f"{name} in {names}")
        for name in ("flip", "job", "frame", "vblank"):
            t.check(any(e["name"] == name for e in events), f"no {name} in the recording")


def test_bad_size(t):
    t.check("wrong size '0x7'" in t.run("sh", RUN, "0x7", t.out, TESTCARD_BUILD=tc.BUILD, status=2))


tc.main(globals())
