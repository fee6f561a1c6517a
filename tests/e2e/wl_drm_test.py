"""wl_drm: buffers by flink name, in planes and by dma-buf, and who may do what, from processes that
are not ours. What one process has written is looked for on the screen."""
import os
import shutil

import tc
from peer import NOBODY, NV12, Peer, open_up

XRGB = 0x34325258
FAIL, FORMAT, NAME = 0, 1, 2  # wl_drm.error


def start(t, *options):
    return open_up(t, tc.Compositor(t, *options))


def shows(t, compositor, colour):
    """The one window has that colour."""
    def looks():
        window, = compositor.windows()
        image = compositor.screenshot()
        xs = range(window["x"] + 4, window["x"] + window["width"] - 4, 8)
        ys = range(window["y"] + 4, window["y"] + window["height"] - 4, 8)
        return all(image.pixel(x, y) == colour for x in xs for y in ys)
    t.wait(looks, f"a window of {colour:06x}")


def surface(compositor):
    found, = compositor.ctl("planes")["outputs"]
    return [s for s in found["surfaces"] if s.get("app_id")][0]


def test_events(t):
    compositor = start(t)
    peer = Peer(t, compositor)
    t.equal(peer("[Drm(wl).device, Drm(wl).capabilities]"),
            ["/dev/dri/card0", 1])
    t.check(XRGB in peer("Drm(wl).formats"))
    t.equal(peer("[Drm(wl, 1).capabilities, Drm(wl, 1).device]"), [None, "/dev/dri/card0"])
    peer.end()
    compositor.stop()


def test_with_a_render_node(t):
    compositor = start(t, "--render-node")
    peer = Peer(t, compositor, "renderD128")
    t.equal(peer("Drm(wl).device"), "/dev/dri/renderD128")
    # No names and no magics there; dma-bufs.
    peer("h = card.picture(200, 100, XRGB_GREEN)")
    for ioctl in ("flink(h)", "open(1)", "magic()"):
        t.equal(peer.fails(f"card.{ioctl}"), "EACCES", ioctl)
    peer("w = Window(wl); d = Drm(wl)")
    peer("w.show(d.planar(0, 200, 100, XRGB, 0, 800, fd=card.export(h)))")
    compositor.wait_windows(1)
    shows(t, compositor, 0x00ff00)
    peer.end()
    compositor.stop()


def test_who_does_not_have_the_device_has_no_wl_drm(t):
    import wayland
    compositor = start(t)
    client = wayland.Client(os.path.join(t.runtime, "wayland-0"))
    names = [name for _, name in client.globals]
    t.check("wl_drm" not in names and "zwp_linux_dmabuf_v1" in names, str(names))
    client.close()
    compositor.stop()


def test_authentication(t):
    compositor = start(t)
    owner = Peer(t, compositor, name="owner")
    owner("h = card.picture(200, 100, XRGB_RED)")
    name = owner("card.flink(h)")
    other = Peer(t, compositor, uid=NOBODY, name="other")
    other("h = card.create(4096)")
    t.equal(other.fails("card.flink(h)"), "EACCES")
    t.equal(other.fails(f"card.open({name})"), "EACCES")
    t.equal(other.fails("card.call(0x11, WRITE, '<I', 1)"), "EACCES", "AUTH_MAGIC of one's own")
    # Neither may it have names looked up for it.
    rogue = Peer(t, compositor, uid=NOBODY, name="rogue")
    rogue("d = Drm(wl)")
    t.equal(rogue.fails(f"d.buffer({name}, 200, 100, 800)"), (rogue("d.id"), FAIL))
    rogue.end()
    t.equal(other("Drm(wl).authenticate(card.magic())"), [2])
    t.check(other("card.flink(h)") > 0)
    handle, size = other(f"card.open({name})")
    t.equal(size, 200 * 100 * 4 + -(200 * 100 * 4) % 4096)
    t.equal(other(f"card.read({handle}, 0, 4).hex()"), "0000ff00")
    t.check("is authenticated" in compositor.log())
    # A magic once used is used up; one that nobody has is an error, for that client only.
    for peer in (owner, other):
        t.equal(peer.fails("d = Drm(wl)\nd.authenticate(99999)"), (peer("d.id"), FAIL))
    t.check("wl_drm error 0" in compositor.log(), compositor.log())
    owner.end()
    other.end()
    compositor.stop()


def test_a_flink_name_is_shown(t):
    """Written in one process, shown by another, which knows but a number; on a plane, uncopied."""
    compositor = start(t)
    producer, viewer = Peer(t, compositor, name="p"), Peer(t, compositor, name="v")
    producer("h = card.picture(320, 240, XRGB_BLUE)")
    name = producer("card.flink(h)")
    viewer(f"w = Window(wl); d = Drm(wl); b = d.buffer({name}, 320, 240, 1280); w.show(b)")
    compositor.wait_windows(1)
    shows(t, compositor, 0x0000ff)
    t.equal(viewer("wl.take(b)"), [], "released while it is shown")
    t.wait(lambda: surface(compositor)["scanned_frames"] > 0, "a plane")
    t.equal(surface(compositor)["copied_bytes"], 0)
    # It is the same memory.
    producer("card.fill(h, 320 * 240 * 4, XRGB_RED)")
    shows(t, compositor, 0xff0000)
    # The producer dies: the picture stays.
    producer.end(kill=True)
    compositor.ctl("wait-vblank", "3")
    shows(t, compositor, 0xff0000)
    viewer("wl.send(b, 0)\nwl.roundtrip()")
    shows(t, compositor, 0xff0000)
    viewer.end(kill=True)
    compositor.wait_windows(0)
    # The last handle is gone, and with it the name.
    last = Peer(t, compositor, name="last")
    t.wait(lambda: last.fails(f"card.open({name})") == "ENOENT", "the name's end")
    last.end()
    compositor.stop()


def test_tiled(t):
    """What a name stands for is tiled as its owner has told the device."""
    compositor = start(t)
    peer = Peer(t, compositor)
    peer("h = card.create(1024 * 104); card.set_tiling(h, 1, 1024)")
    # Two tiles a row, 4 KiB each as they lie in memory.
    peer("tiles = struct.pack('<I', XRGB_RED) * 1024 + struct.pack('<I', XRGB_BLUE) * 1024")
    peer("card.write(h, 0, tiles * 13)")
    peer("w = Window(wl); d = Drm(wl)")
    peer("w.show(d.buffer(card.flink(h), 256, 100, 1024))")
    window, = compositor.wait_windows(1)

    def looks():
        image = compositor.screenshot()
        return all(image.pixel(window["x"] + x, window["y"] + y)
                   == (0xff0000 if x < 128 else 0x0000ff)
                   for x in range(0, 256, 5) for y in range(0, 100, 7))
    t.wait(looks, "the tiled picture")
    shown = compositor.ctl("planes")["outputs"][0]
    t.check([p for p in shown["planes"] if p.get("modifier") == 1 << 56 | 1], str(shown))
    peer.end()
    compositor.stop()


def video(t, buffer):
    """NV12 in one object: on an overlay, uncopied; composited, the same pixels."""
    compositor = start(t)
    peer = Peer(t, compositor)
    # Luma goes from left to right, chroma from top to bottom.
    peer("luma = bytes(range(16, 16 + 128)) * 64")
    peer("chroma = b''.join(bytes([100 + i, 180 - 2 * i]) * 64 for i in range(32))")
    peer("h = card.create(128 * 96); card.write(h, 0, luma + chroma)")
    peer(f"w = Window(wl); w.show({buffer})")
    window, = compositor.wait_windows(1)

    def planes():
        output, = compositor.ctl("planes")["outputs"]
        return [p["format"] for p in output["planes"] if p["shows"] == "client"]
    t.wait(lambda: planes() == ["NV12"], "the video on an overlay")
    x, y = window["x"], window["y"]
    before = compositor.shows(lambda image: len({image.pixel(x + i, y + j) for i in range(128)
                                                 for j in range(64)}) > 1000,
                              "more than 1000 colours", "plane.png")
    t.equal(surface(compositor)["copied_bytes"], 0)
    compositor.ctl("planes", "off")
    t.wait(lambda: not planes() and surface(compositor)["copied_bytes"] > 0, "composition")
    compositor.shows(lambda after: all(before.pixel(x + i, y + j) == after.pixel(x + i, y + j)
                                       for i in range(128) for j in range(64)),
                     "what the plane has shown", "composited.png")
    peer.end()
    compositor.stop()


def test_video_by_name(t):
    video(t, "Drm(wl).planar(card.flink(h), 128, 64, NV12, 0, 128, 8192, 128)")


def test_video_by_dmabuf(t):
    video(t, "Drm(wl).planar(0, 128, 64, NV12, 0, 128, 8192, 128, fd=card.export(h))")


def test_video_by_linux_dmabuf(t):
    video(t, "Dmabuf(wl).buffer(128, 64, NV12, 0, (card.export(h), 0, 128),"
             " (card.export(h), 8192, 128))")


def test_bad_buffers(t):
    """Each costs its client the connection and says why in the log; nobody else notices."""
    compositor = start(t)
    good = Peer(t, compositor, name="good")
    good("h = card.picture(64, 64, XRGB_GREEN); w = Window(wl); d = Drm(wl)")
    good("w.show(d.buffer(card.flink(h), 64, 64, 256))")
    compositor.wait_windows(1)
    bad = [
        ("d.buffer(0, 64, 64, 256)", NAME), ("d.buffer(12345, 64, 64, 256)", NAME),
        ("d.buffer(n, 0, 64, 256)", NAME), ("d.buffer(n, 64, -1, 256)", NAME),
        ("d.buffer(n, 64, 65, 256)", NAME), ("d.buffer(n, 64, 64, 260)", NAME),
        ("d.buffer(n, 64, 64, 252)", NAME), ("d.buffer(n, 64, 64, 0)", NAME),
        ("d.buffer(n, 64, 64, 0xffffffff)", NAME), ("d.buffer(n, 16384, 16384, 65536)", NAME),
        ("d.buffer(n, 64, 64, 257)", NAME),
        ("d.buffer(n, 64, 64, 256, 0)", FORMAT), ("d.buffer(n, 64, 64, 256, 0x20203843)", FORMAT),
        (f"d.buffer(n, 64, 64, 256, {NV12})", FORMAT),
        ("d.planar(n, 64, 64, XRGB, 4, 256)", NAME), ("d.planar(n, 64, 64, XRGB, -4, 256)", NAME),
        ("d.planar(n, 64, 64, XRGB, 0, -256)", NAME),
        (f"d.planar(n, 64, 64, {NV12}, 0, 64, 1 << 30, 64)", NAME),
        (f"d.planar(n, 64, 64, {NV12}, 0, 64, 4096, 32)", NAME),
        ("d.planar(0, 64, 64, XRGB, 0, 256, fd=0)", NAME),
        ("d.planar(0, 64, 65, XRGB, 0, 256, fd=card.export(h))", NAME),
        ("d.planar(0, 64, 64, XRGB, 0, 256, fd=os.memfd_create('x'))", NAME),
        ("d.planar(0, 64, 64, XRGB, 0, 256, fd=os.open('/dev/null', 2))", NAME),
    ]
    for i, (request, code) in enumerate(bad):
        peer = Peer(t, compositor, name="bad")
        peer("h = card.create(64 * 64 * 4); n = card.flink(h); d = Drm(wl)")
        t.equal(peer.fails(request), (peer("d.id"), code), request)
        peer.end()
        errors = [line for line in compositor.log().splitlines() if "wl_drm error" in line]
        t.equal(len(errors), i + 1, request)
    shows(t, compositor, 0x00ff00)
    good.end()
    compositor.stop()


def test_too_many_buffers(t):
    compositor = start(t)
    peer = Peer(t, compositor)
    peer("h = card.create(4096); n = card.flink(h); d = Drm(wl)")
    peer("all = [d.buffer(n, 16, 16, 64) for _ in range(256)]")
    # Those that go make room.
    peer("wl.send(all.pop(), 0); all.append(d.buffer(n, 16, 16, 64))")
    before = len(os.listdir(f"/proc/{compositor.process.pid}/fd"))
    t.equal(peer.fails("d.buffer(n, 16, 16, 64)"), (1, 2), "wl_display.error no_memory")
    peer.end()
    t.wait(lambda: len(os.listdir(f"/proc/{compositor.process.pid}/fd")) <= before - 200,
           "the descriptors of the dead")
    compositor.stop()


def egl(t, *options):
    if not shutil.which("weston-simple-egl"):
        raise tc.Skip("weston-simple-egl is not installed")
    compositor = tc.Compositor(t, "--preload-clients", *options, run=["weston-simple-egl -s"])
    compositor.wait_windows(1)

    def turns():
        first = compositor.screenshot("first.png")
        compositor.ctl("wait-vblank", "20")
        return first.rows != compositor.screenshot("second.png").rows
    t.wait(turns, "the triangle to turn")
    compositor.stop()


def test_mesa(t):
    egl(t)


def test_mesa_with_a_render_node(t):
    egl(t, "--render-node")


tc.main(globals())
