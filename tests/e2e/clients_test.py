"""The demo clients that share: what one process draws with the GPU is on the screen through another,
by flink name and by dma-buf; who guesses names; who dies holding everything; a second card."""
import os
import re

import tc
from peer import open_up

PRODUCER = os.path.join(tc.DEMO, "testcard-producer")
CONSUMER = os.path.join(tc.DEMO, "testcard-consumer")
WIDTH, HEIGHT, MARGIN, SQUARE, MARK = 256, 192, 24, 48, 8
GREEN, RED = 0x207040, 0x902020


def need(program):
    if not os.path.exists(program):
        raise tc.Skip("libdrm_intel is not there")


def start(t, *options):
    need(PRODUCER)
    return open_up(t, tc.Compositor(t, *options))


def join(t, compositor, program, *words, **more):
    name = os.path.basename(program)
    log = t.path(f"{name}-{len(os.listdir(t.out))}.log")
    # Of the address sanitizer, if that is how it was built: our library comes first.
    return t.start(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", program, *words, log=log,
                   WAYLAND_DISPLAY="wayland-0", ASAN_OPTIONS="verify_asan_link_order=0", **more)


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


def sharing(t, offered, accepted):
    """The producer draws 40 frames without a window; the consumer, which has but a name, shows the
    last of them, and goes on to have it when the producer is dead."""
    compositor = start(t)
    producer = join(t, compositor, PRODUCER, "--no-window", "--frames", "40", *offered)
    consumer = join(t, compositor, CONSUMER, "--frames", "200", *accepted)
    window, = compositor.wait_windows(1)
    t.equal((window["width"], window["height"]), (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN))
    compositor.ctl("move-to", "1000", "700")
    t.wait(lambda: looks(compositor, window, lambda x, y: consumed(39, x, y, 200, GREEN)),
           "the producer's last frame in the consumer's window")
    t.check("accepted by" in said(producer), said(producer))
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


tc.main(globals())
