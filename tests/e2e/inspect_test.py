"""The inspector: what its labels say, where they are, and that it changes nothing of what it shows."""
import os

import matrix
import pattern
import tc

PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
VIDEO = os.path.join(tc.DEMO, "testcard-video")
CURSOR = os.path.join(tc.DEMO, "testcard-cursor")
DMABUF = os.path.join(tc.DEMO, "testcard-dmabuf")
FRAMES = 30


def start(t, *options, run):
    return tc.Compositor(t, "--preload-clients", *options, run=run,
                         ASAN_OPTIONS="verify_asan_link_order=0")


def labels(compositor, output=0):
    outputs = compositor.ctl("inspect")["outputs"]
    return outputs[output]["labels"] if outputs else []


def label(compositor, process):
    """The label of a process (the first 15 characters of its name), or None."""
    return next((one for one in labels(compositor) if one["lines"][0].startswith(process[:15])),
                None)


def meet(one, other):
    return (one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
            and one[1] < other[1] + other[3] and other[1] < one[1] + one[3])


def check_places(t, reply, width, height):
    output, = reply["outputs"]
    boxes = [output["strip"], *[one["box"] for one in output["labels"]]]
    t.equal(output["without_place"], 0)
    for i, box in enumerate(boxes):
        t.check(box[0] >= 0 and box[1] >= 0 and box[0] + box[2] <= width
                and box[1] + box[3] <= height, f"{box} sticks out")
        for other in boxes[:i]:
            t.check(not meet(box, other), f"{box} is on {other}")


def test_what_labels_say(t):
    compositor = start(t, run=[f"{PATTERN} --still --size 200x160",
                               f"{DMABUF} --layout x-tiled --size 256x192"])
    compositor.wait_windows(2)
    t.equal(compositor.ctl("inspect")["on"], False)
    compositor.ctl("inspect", "on")
    shm = t.wait(lambda: label(compositor, "testcard-pattern"), "a label of the pattern")
    shared = t.wait(lambda: label(compositor, "testcard-dmabuf"), "a label of the dma-buf")
    pids = {window["app_id"]: window["pid"] for window in compositor.windows()}
    t.equal((shm["pid"], shared["pid"]),
            (pids["testcard-pattern"], pids["testcard-dmabuf"]))
    t.check(any(line == "shm 200x160 XR24" for line in shm["lines"]), str(shm))
    t.check(any("composited into plane" in line for line in shm["lines"]), str(shm))

    def missing():
        """What the label does not say; who has handles may change before it is written anew."""
        truth = next(one for one in compositor.ctl("state")["surfaces"]
                     if one["app_id"] == "testcard-dmabuf")
        text = "\n".join(label(compositor, "testcard-dmabuf")["lines"])
        return [part for part in (f"dma-buf inode {truth['buffer']['dma_buf']['inode']}",
                                  "256x192 XR24 X-tiled",
                                  f"{truth['buffer']['handle_count']} handles")
                if part not in text]
    t.wait(lambda: not missing(), f"the label to have all: {missing()} is not in {shared}")
    compositor.stop()


def test_off_again_the_picture_is_as_before(t):
    compositor = start(t, run=[f"{PATTERN} --still --size 320x240"])
    window, = compositor.wait_windows(1)
    before = pattern.shown(compositor, window["x"], window["y"], 320, 240)
    compositor.ctl("inspect", "on")
    shown = t.wait(lambda: (lambda image: image if image.rows != before.rows else None)(
        compositor.screenshot("on.png")), "the labels")
    # Its panel is dark, whatever is below; the terminal's words are light.
    reply = compositor.ctl("inspect")
    check_places(t, reply, shown.width, shown.height)
    strip = tuple(reply["outputs"][0]["strip"])
    dark = sum(count for colour, count in matrix.colours(shown, strip).items()
               if max(colour >> 16, colour >> 8 & 255, colour & 255) < 60)
    t.check(dark > 0.5 * sum(matrix.colours(shown, strip).values()), "no strip is to be seen")
    t.check(any(matrix.near(colour, 0xffffff, 40) for colour in matrix.colours(shown, strip, 1)),
            "no words are to be seen")
    compositor.ctl("inspect", "off")
    t.wait(lambda: compositor.screenshot("after.png").rows == before.rows, "the picture of before")
    t.equal(compositor.ctl("inspect")["outputs"], [])
    compositor.stop()


def test_a_video_stays_on_its_plane(t):
    """What it tells of is shown as without it: no byte of the video is copied."""
    compositor = start(t, run=[f"{VIDEO} --size 320x240"])
    compositor.wait_windows(1)

    def video():
        return next((one for one in compositor.ctl("state")["surfaces"]
                     if one["app_id"] == "testcard-video"), None)
    t.wait(lambda: video()["plane"], "the video on a plane")
    compositor.ctl("inspect", "on")
    t.wait(lambda: compositor.ctl("inspect")["outputs"][0]["on_plane"], "the inspector on a plane")
    t.wait(lambda: any("on overlay plane" in line for one in labels(compositor)
                       for line in one["lines"]), "the label to say so")
    first = video()
    t.wait(lambda: video()["scanned_frames"] > first["scanned_frames"] + FRAMES, "frames")
    last = video()
    t.equal((last["plane_type"], last["copied_bytes"]), ("overlay", first["copied_bytes"]))
    compositor.stop()


def test_whose_the_pointers_picture_is(t):
    """A line of the strip, no label: nothing runs after the pointer."""
    for width, height in ((1024, 768), (1920, 1080)):
        compositor = start(t, "--inspect", "--size", f"{width}x{height}",
                           run=[f"{CURSOR} --frames 1"])
        window, = compositor.wait_windows(1)

        def pointer(say):
            outputs = compositor.ctl("inspect")["outputs"]
            return bool(outputs) and all(part in outputs[0]["pointer"] for part in say)
        compositor.ctl("move-to", str(window["x"] + window["width"] + 40), str(window["y"]))
        t.wait(lambda: pointer(["the compositor's own, on plane"]), "the compositor's own")
        compositor.ctl("move-to", str(window["x"] + 100), str(window["y"] + 80))
        t.wait(lambda: pointer([f"testcard-cursor {window['pid']}, on cursor plane ",
                                ": shm 32x32 AR24"]), "the client's")
        t.equal(len(labels(compositor)), 1, "the window's label alone")
        check_places(t, compositor.ctl("inspect"), width, height)
        compositor.screenshot(f"cursor-{height}.png")
        compositor.ctl("planes", "off")
        t.wait(lambda: pointer([f"{window['pid']}, composited: shm"]), "no plane")
        compositor.stop()


def test_by_a_key(t):
    compositor = start(t, run=["true"])
    for on in (True, False):
        compositor.ctl("key", "leftalt", "down")
        compositor.ctl("key", "i")
        compositor.ctl("key", "leftalt", "up")
        t.wait(lambda: compositor.ctl("inspect")["on"] is on, f"the inspector: {on}")
    compositor.stop()


def test_clicks_go_through_it(t):
    compositor = start(t, "--inspect", run=[f"{PATTERN} --still --size 200x200 --title one",
                                            f"{PATTERN} --still --size 200x200 --title two"])
    windows = {window["title"]: window for window in compositor.wait_windows(2)}
    t.wait(lambda: labels(compositor), "labels")
    below = next(w for w in windows.values() if not w["focused"])
    above = next(w for w in windows.values() if w["focused"])
    x, y = below["x"] + 4, below["y"] + 4
    t.check(x < above["x"], "the lower window's corner can be seen")
    compositor.ctl("move-to", str(x), str(y))
    compositor.taken()
    compositor.ctl("button", "left")
    t.wait(lambda: next(w for w in compositor.windows()
                        if w["title"] == below["title"])["focused"], "the click")
    compositor.stop()


def test_many_windows_at_both_sizes(t):
    for width, height in ((1024, 768), (1920, 1080)):
        runs = [f"{PATTERN} --still --size {120 + 60 * i}x{100 + 30 * i} --title 'a title of some "
                f"length, number {i}'" for i in range(8)]
        compositor = start(t, "--inspect", "--size", f"{width}x{height}", run=runs)
        compositor.wait_windows(8)
        t.wait(lambda: len(labels(compositor)) == 8, "8 labels")
        check_places(t, compositor.ctl("inspect"), width, height)
        compositor.stop()


def test_bad_words(t):
    compositor = start(t, run=["true"])
    for words in (("maybe",), ("on", "off")):
        compositor.ctl("inspect", *words, ok=False)
    t.equal(compositor.ctl("inspect")["on"], False)
    compositor.stop()


tc.main(globals())
