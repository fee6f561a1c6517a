"""The demo clients that share: what one process draws with the GPU is on the screen through
another, by flink name and by dma-buf; who guesses names; who dies holding everything; a second
card; a cursor; a video."""
import glob
import os
import re

import matrix
import png
import tc
from pattern import BARS
from peer import NOBODY, open_up

PRODUCER = os.path.join(tc.DEMO, "testcard-producer")
CONSUMER = os.path.join(tc.DEMO, "testcard-consumer")
THIEF = os.path.join(tc.DEMO, "testcard-thief")
TWOCARDS = os.path.join(tc.DEMO, "testcard-twocards")
MORTAL = os.path.join(tc.DEMO, "testcard-mortal")
CURSOR = os.path.join(tc.DEMO, "testcard-cursor")
VIDEO = os.path.join(tc.DEMO, "testcard-video")
NOTHING, STOLEN = 0, 3  # the thief's exit codes
WIDTH, HEIGHT, MARGIN, SQUARE, MARK = 256, 192, 24, 48, 8
GREEN, RED = 0x207040, 0x902020


def need(program):
    if not os.path.exists(program):
        raise tc.Skip("libdrm_intel is not there")


def start(t, *options):
    need(PRODUCER)
    return open_up(t, tc.Compositor(t, *options))


def joined(compositor, program, *words, uid=None):
    """The command line; of another user, if we may."""
    who = [] if uid is None or os.geteuid() else \
        ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return [*who, tc.LAUNCHER, "exec", "--join", compositor.dir, "--", program, *words]


def join(t, compositor, program, *words, uid=None):
    name = os.path.basename(program)
    log = t.path(f"{name}-{len(os.listdir(t.out))}.log")
    # Of the address sanitizer, if that is how it was built: our library comes first.
    return t.start(*joined(compositor, program, *words, uid=uid), log=log,
                   WAYLAND_DISPLAY="wayland-0", ASAN_OPTIONS="verify_asan_link_order=0")


def said(process):
    with open(process.log, errors="replace") as file:
        return file.read()


def produced(frame, x, y):
    """The producer's frame, pixel by pixel."""
    left, top = frame * 4 % (WIDTH - SQUARE), frame * 2 % (HEIGHT - SQUARE)
    if left <= x < left + SQUARE and top <= y < top + SQUARE:
        return 0xffc000
    return 0x102040 + x // 32 * 0x101008


def consumed(frame, x, y, frames, colour):
    """The consumer's, around the producer's."""
    width, height = WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN
    left, top = (frames - 1) * 3 % (width - MARK), height - MARGIN // 2 - MARK // 2
    if left <= x < left + MARK and top <= y < top + MARK:
        return 0xffffff
    if MARGIN <= x < MARGIN + WIDTH and MARGIN <= y < MARGIN + HEIGHT:
        return produced(frame, x - MARGIN, y - MARGIN)
    return colour


def looks(compositor, window, picture):
    image = compositor.screenshot()
    return all(image.pixel(window["x"] + x, window["y"] + y) == picture(x, y)
               for y in range(window["height"]) for x in range(window["width"]))


def window_of(compositor, app_id):
    found = [one for one in compositor.windows() if one["app_id"] == app_id]
    return found[0] if found else None


def sharing(t, offered, accepted, uid=None):
    """The producer draws 40 frames without a window; the consumer, which has but a name, shows the
    last of them, and goes on to have it when the producer is dead."""
    compositor = start(t)
    producer = join(t, compositor, PRODUCER, "--no-window", "--frames", "40", *offered, uid=uid)
    consumer = join(t, compositor, CONSUMER, "--frames", "200", *accepted, uid=uid)
    window, = compositor.wait_windows(1)
    t.equal((window["width"], window["height"]), (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN))
    compositor.ctl("move-to", "1000", "700")
    t.wait(lambda: looks(compositor, window, lambda x, y: consumed(39, x, y, 200, GREEN)),
           "the producer's last frame in the consumer's window")
    t.wait(lambda: "accepted by" in said(producer), "the producer to be told of it")
    producer.kill()
    t.stop(producer, status=None)
    t.wait(lambda: not compositor.ctl("shares")["offers"], "the offer's end")
    compositor.ctl("wait-vblank", "3")
    t.check(looks(compositor, window, lambda x, y: consumed(39, x, y, 200, GREEN)), "it stays")
    t.stop(consumer, status=None)
    compositor.wait_windows(0)
    compositor.stop()


def test_flink_to_flink(t):
    sharing(t, (), ())


def test_flink_of_an_ordinary_user(t):
    """Who is not root is let in by the compositor (wl_drm.authenticate), or has no names."""
    sharing(t, (), (), uid=NOBODY)


def test_dmabuf_to_dmabuf(t):
    sharing(t, ("--dma-buf",), ("--dma-buf",))


def test_flink_to_dmabuf(t):
    sharing(t, (), ("--dma-buf",))


def test_dmabuf_to_flink(t):
    sharing(t, ("--dma-buf",), ())


def test_revoked(t):
    """The consumer is told, and shows that it still has the picture."""
    compositor = start(t)
    join(t, compositor, CONSUMER)
    join(t, compositor, PRODUCER, "--frames", "10")
    compositor.wait_windows(2)
    compositor.ctl("move-to", "1000", "700")
    compositor.ctl("focus", "testcard-producer")
    producer = window_of(compositor, "testcard-producer")
    t.wait(lambda: looks(compositor, producer, lambda x, y: produced(9, x, y)),
           "the producer's own window")
    compositor.ctl("shares", "revoke", "picture")
    compositor.ctl("focus", "testcard-consumer")
    consumer = window_of(compositor, "testcard-consumer")

    def red():
        image = compositor.screenshot()
        at = consumer["x"], consumer["y"]
        return (image.pixel(at[0] + 4, at[1] + 4) == RED
                and all(image.pixel(at[0] + MARGIN + x, at[1] + MARGIN + y) == produced(9, x, y)
                        for x in range(0, WIDTH, 3) for y in range(0, HEIGHT, 3)))
    t.wait(red, "a red frame around the same picture")
    for process in list(t.running)[1:]:
        t.stop(process, status=None)
    compositor.wait_windows(0)
    compositor.stop()


def steal(t, compositor, *words, status, uid=None):
    """What the thief says: for card and render node, how many names it opened and was refused."""
    text = t.run(*joined(compositor, THIEF, *words, uid=uid), status=status,
                 WAYLAND_DISPLAY="wayland-0", ASAN_OPTIONS="verify_asan_link_order=0")
    found = re.findall(r": of 64 names (\d+) opened, (\d+) refused, (\d+) are of nothing", text)
    t.equal(len(found), 2, text)
    t.check("a name for one's own buffer: Permission denied" in text, text)
    return text, [tuple(map(int, one)) for one in found]


def test_a_thief(t):
    """Not let in, it gets nothing; let in, it reads and writes what is shown; on the render node
    there is nothing to guess, and of a dma-buf nothing anywhere."""
    compositor = start(t, "--render-node")
    producer = join(t, compositor, PRODUCER, "--frames", "10")
    window, = compositor.wait_windows(1)
    compositor.ctl("move-to", "1000", "700")
    t.wait(lambda: looks(compositor, window, lambda x, y: produced(9, x, y)), "the picture")
    nobody, refused = (0, 64, 0), (0, 64, 0)
    text, got = steal(t, compositor, status=NOTHING, uid=NOBODY)
    t.equal(got, [nobody, refused], text)
    text, got = steal(t, compositor, "--authenticate", status=STOLEN, uid=NOBODY)
    t.equal(got, [(1, 0, 63), refused], text)
    t.check("196608 bytes, begins with ff102040" in text, text)
    t.check(looks(compositor, window, lambda x, y: produced(9, x, y)), "reading changed it")
    text, got = steal(t, compositor, "--authenticate", "--mark", status=STOLEN, uid=NOBODY)
    t.equal((got[0], "written to" in text), ((1, 0, 63), True), text)
    t.wait(lambda: looks(compositor, window, lambda x, y: 0xff0000), "the thief's red on screen")
    t.stop(producer, status=None)
    compositor.wait_windows(0)
    # The same by a dma-buf: there is no number.
    t.wait(lambda: not any(one["flink"] for one in compositor.ctl("state")["buffers"]),
           "the end of the name")
    producer = join(t, compositor, PRODUCER, "--frames", "10", "--dma-buf")
    compositor.wait_windows(1)
    text, got = steal(t, compositor, "--authenticate", status=NOTHING, uid=NOBODY)
    t.equal(got, [(0, 0, 64), refused], text)
    t.stop(producer, status=None)
    compositor.wait_windows(0)
    compositor.stop()


def twocards(frame):
    left, top = frame * 8 % (1024 - 96), frame * 4 % (768 - 96)
    bars = [0x401020 + x // 128 * 0x081010 for x in range(1024)]
    return lambda x, y: 0x00ffc0 if left <= x < left + 96 and top <= y < top + 96 else bars[x]


def test_two_cards(t):
    """Drawn by the GPU of one, shown by the other: the flip has waited for the batch."""
    need(TWOCARDS)
    frames = t.path("frames")
    text = t.exec(TWOCARDS, "--frames", "20", options=("--cards", "2", "--frames", frames),
                  ASAN_OPTIONS="verify_asan_link_order=0")
    t.check("20 frames of 1024x768 drawn on /dev/dri/card0, shown on /dev/dri/card1" in text, text)
    names = sorted(glob.glob(frames + "/*.png"))
    t.check(names and all("/card1-" in name for name in names), str(names))
    seen = set()
    for name in names:
        image = png.read(name)
        if (image.width, image.height) != (1024, 768) or not image.pixel(0, 767):
            continue  # before, or after
        found = [n for n in range(20) if all(
            image.pixel(x, y) == twocards(n)(x, y)
            for x in range(0, 1024, 4) for y in (n * 4, n * 4 + 95, n * 4 + 96))]
        t.check(found, f"{name} is none of the frames")
        seen.update(found)
        if found == [19]:
            want = twocards(19)
            t.check(all(image.pixel(x, y) == want(x, y) for x in range(1024) for y in range(768)),
                    f"{name}: the last frame")
    t.check(19 in seen, f"frames seen: {sorted(seen)}")


def holdings(compositor, pid):
    """What there is of a process, and of a buffer that it has made."""
    state = compositor.ctl("state")
    return [one for kind in ("files", "framebuffers") for one in state[kind]
            if one["pid"] == pid] + \
        [one for one in state["buffers"]
         if one["creator"] == pid or any(holder["pid"] == pid for holder in one["holders"])]


def test_one_who_dies_holding_everything(t):
    """After each step; a producer goes on beside it, and its picture stays right."""
    compositor = start(t)
    producer = join(t, compositor, PRODUCER, "--frames", "10")
    window, = compositor.wait_windows(1)
    compositor.ctl("move-to", "1000", "700")
    t.wait(lambda: looks(compositor, window, lambda x, y: produced(9, x, y)), "the picture")
    t.check(len(holdings(compositor, window["pid"])) >= 2, "what the living hold is told")
    folder = f"/proc/{compositor.process.pid}/fd"
    fds, objects = len(os.listdir(folder)), compositor.ctl("state")["objects"]
    for step in ("handles", "names", "fds", "mappings", "framebuffers", "context", "window",
                 "offer", "batch"):
        mortal = join(t, compositor, MORTAL, "--at", step)
        t.equal(mortal.wait(60), 137, said(mortal))
        t.running.remove(mortal)
        t.check(f"holds {step}" in said(mortal), said(mortal))
        pid = int(re.search(r"process (\d+)", said(mortal))[1])
        t.wait(lambda: not holdings(compositor, pid), f"all that was held at {step} to go")
        t.wait(lambda: len(compositor.ctl("shares")["offers"]) == 1, "its offer to go")
        compositor.wait_windows(1)
        t.wait(lambda: looks(compositor, window, lambda x, y: produced(9, x, y)),
               f"the picture after {step}")
    # The compositor makes some of its own when it first needs them; the dead held 16 and more
    # of each, nine times.
    t.wait(lambda: len(os.listdir(folder)) <= fds + 20
           and compositor.ctl("state")["objects"] <= objects + 20, "descriptors and objects")
    t.stop(producer, status=None)
    compositor.wait_windows(0)
    compositor.stop()


def test_a_cursor_of_ones_own(t):
    """It is on the cursor's plane, every pixel of it, and moves there."""
    compositor = tc.Compositor(t)
    cursor = join(t, compositor, CURSOR, "--frames", "2")
    window, = compositor.wait_windows(1)

    def picture(x, y, at):
        """The second picture, the hot spot of which is at a place."""
        x, y = x - at[0] + 16, y - at[1] + 16
        if not (0 <= x < 32 and 0 <= y < 32):
            return 0x203060
        return 0xffffff if x >= 16 > y else 0xe02020

    def right(at):
        image = compositor.screenshot()
        left, top = window["x"], window["y"]
        return all(image.pixel(left + x, top + y) == picture(x, y, at)
                   for x in range(window["width"]) for y in range(window["height"]))
    for at in ((100, 80), (200, 150), (16, 16)):
        compositor.ctl("move-to", str(window["x"] + at[0]), str(window["y"] + at[1]))
        t.wait(lambda: right(at), f"the cursor at {at}")
        place = window["x"] + at[0] - 16, window["y"] + at[1] - 16
        t.wait(lambda: [(one["x"], one["y"]) for one in compositor.ctl("planes")["outputs"][0][
            "planes"] if one["shows"] == "cursor"] == [place], f"the cursor's plane at {place}")
    t.stop(cursor, status=None)
    compositor.wait_windows(0)
    compositor.stop()


def test_a_video_in_nv12(t):
    """On an overlay, never copied; composited, the very same pixels, and the right colours."""
    compositor = tc.Compositor(t)
    video = join(t, compositor, VIDEO, "--nv12", "--size", "320x240", "--frames", "30")
    window, = compositor.wait_windows(1)
    compositor.ctl("move-to", "1000", "700")
    t.wait(lambda: "30 frames, " in said(video), "the video's end")

    def on_planes():
        output, = compositor.ctl("planes")["outputs"]
        return [plane for plane in output["planes"] if plane["shows"] == "client"]
    plane, = t.wait(on_planes, "the video on a plane")
    t.equal((plane["format"], plane["copied_bytes"]), ("NV12", 0))

    def bars(image):
        """In the middle of each bar of the upper third, but for those that the rim cuts."""
        at = [(window["x"] + 160 - 105 + 210 * (2 * i + 1) // 16, window["y"] + 75)
              for i in range(1, 7)]
        return all(matrix.near(image.pixel(*at[i - 1]), BARS[i], 4) for i in range(1, 7))
    before = compositor.shows(bars, "the bars of the card", "plane.png")
    compositor.ctl("planes", "off")
    t.wait(lambda: not on_planes(), "composition")
    compositor.shows(lambda after: all(
        before.pixel(window["x"] + x, window["y"] + y)
        == after.pixel(window["x"] + x, window["y"] + y)
        for x in range(320) for y in range(240)), "what the plane has shown", "composited.png")
    t.stop(video, status=None)
    compositor.wait_windows(0)
    compositor.stop()


tc.main(globals())
