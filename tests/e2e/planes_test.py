"""The compositor on planes: what is where, that it looks the same, and that nothing is copied."""
import os
import random
import re

import png
import tc
from pattern import shown

PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
VIDEO = os.path.join(tc.DEMO, "testcard-video")
DMABUF = os.path.join(tc.DEMO, "testcard-dmabuf")
FRAMES = 60


def start(t, *options, video="--size 320x240", run=()):
    # Built with the address sanitizer, the preload library wants to be the first.
    return tc.Compositor(t, "--preload-clients", *options,
                         run=[f"{VIDEO} {video}" if video else "true", *run],
                         ASAN_OPTIONS="verify_asan_link_order=0")


def planes(compositor, *words):
    output, = compositor.ctl("planes", *words)["outputs"]
    return output


def on_planes(compositor, shows="client"):
    return [plane for plane in planes(compositor)["planes"] if plane["shows"] == shows]


def surface(compositor, app_id="testcard-video"):
    found = [s for s in planes(compositor)["surfaces"] if s.get("app_id") == app_id]
    return found[0] if found else None


def played(t, compositor, frames=FRAMES):
    """Waits for what the client says of its frames: all, presented, zero-copy."""
    line = t.wait(lambda: re.search(r"(\d+) frames, (\d+) presented, (\d+) of them zero-copy",
                                    compositor.log()), "the video's end")
    t.equal(int(line[1]), frames)
    return int(line[2]), int(line[3])


def same_without_planes(t, compositor):
    """The screen, planes and all, pixel by pixel against all of it composited. A window may draw
    between the two, as a terminal does that loses the focus: then they are taken again."""
    def same():
        planes(compositor, "on")
        t.wait(lambda: on_planes(compositor), "a client on a plane")
        compositor.ctl("wait-vblank", "3")
        before = compositor.screenshot("planes.png")
        planes(compositor, "off")
        t.wait(lambda: [p["shows"] for p in planes(compositor)["planes"]] == ["composition"],
               "composition alone")
        compositor.ctl("wait-vblank", "4")
        after = compositor.screenshot("composited.png")
        return before if before.rows == after.rows else None
    before = t.wait(same, "planes.png and composited.png to be the same")
    planes(compositor, "on")
    return before


def test_a_video_is_on_an_overlay_and_never_copied(t):
    compositor = start(t, video=f"--size 320x240 --frames {FRAMES}")
    window, = compositor.wait_windows(1)
    plane, = t.wait(lambda: on_planes(compositor), "the video on a plane")
    t.equal((plane["app_id"], plane["pid"], plane["format"], plane["modifier"]),
            ("testcard-video", window["pid"], "XR24", 0))
    t.equal((plane["x"], plane["y"], plane["width"], plane["height"], plane["source"]),
            (window["x"], window["y"], 320, 240, [0, 0, 320, 240]))
    presented, zero_copy = played(t, compositor)
    t.equal((presented, zero_copy), (FRAMES, FRAMES))
    plane, = on_planes(compositor)
    t.equal((plane["copied_bytes"], plane["composited_frames"]), (0, 0))
    t.check(plane["scanned_frames"] >= FRAMES, str(plane))
    same_without_planes(t, compositor)
    compositor.stop()


def test_the_gpu_rests_while_a_video_plays(t):
    compositor = start(t)
    compositor.wait_windows(1)
    t.wait(lambda: on_planes(compositor), "the video on a plane")

    def batches_in(vblanks):
        before = compositor.ctl("renderer")["batches"]
        compositor.ctl("wait-vblank", str(vblanks))
        return compositor.ctl("renderer")["batches"] - before
    t.wait(lambda: batches_in(10) == 0, "the GPU to rest")
    batches = compositor.ctl("renderer")["batches"]
    first = surface(compositor)["scanned_frames"]
    t.wait(lambda: surface(compositor)["scanned_frames"] > first + 30, "frames")
    t.equal(compositor.ctl("renderer")["batches"], batches, "batches")
    t.equal(surface(compositor)["copied_bytes"], 0)
    compositor.stop()


def test_terminal_video_and_cursor(t):
    """Three planes, against the same scene composited: every pixel is the same."""
    compositor = start(t, video=f"--size 320x240 --frames {FRAMES}", run=("foot -e sleep 100",))
    compositor.wait_windows(2)
    compositor.ctl("focus", "testcard-video")
    compositor.ctl("move-to", "200", "150")
    played(t, compositor)
    t.wait(lambda: on_planes(compositor) and on_planes(compositor, "cursor"), "planes")
    plane, = on_planes(compositor)
    t.equal(plane["app_id"], "testcard-video")
    shot = same_without_planes(t, compositor)
    t.check(len({shot.pixel(x, 150) for x in range(shot.width)}) > 20, "an empty picture")
    compositor.stop()


def test_what_is_above_a_video_takes_its_plane_away(t):
    """Composited pixels are below every plane: a window over the video has it composited."""
    compositor = start(t, video="--size 320x240",
                       run=(f"{PATTERN} --still --size 200x200 --title still",))
    compositor.wait_windows(2)
    compositor.ctl("focus", "still")
    t.wait(lambda: not on_planes(compositor), "no plane for what is below")
    window = next(w for w in compositor.windows() if w["title"] == "still")
    compositor.ctl("move-to", "1000", "700")
    shown(compositor, window["x"], window["y"], 200, 200)
    compositor.ctl("focus", "testcard-video")
    t.wait(lambda: on_planes(compositor), "the plane again")
    compositor.ctl("focus", "still")
    t.wait(lambda: not on_planes(compositor), "no plane again")
    shown(compositor, window["x"], window["y"], 200, 200)
    compositor.stop()


def test_what_was_below_a_plane_is_there_again(t):
    compositor = start(t, video="", run=(f"{PATTERN} --still --size 500x400 --title still",))
    window, = compositor.wait_windows(1)
    video = t.start(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", VIDEO, "--size", "300x200",
                    WAYLAND_DISPLAY="wayland-0", ASAN_OPTIONS="verify_asan_link_order=0")
    compositor.wait_windows(2)
    t.wait(lambda: on_planes(compositor), "the video on a plane")
    compositor.ctl("move-to", "1000", "700")
    t.stop(video, status=None)
    compositor.wait_windows(1)
    t.wait(lambda: not on_planes(compositor), "no plane of the dead")
    shown(compositor, window["x"], window["y"], 500, 400)
    compositor.stop()


def test_fullscreen_is_scanned_out(t):
    """A client's buffer as large as the screen needs no composited picture at all."""
    compositor = start(t, video="--fullscreen")
    compositor.wait_windows(1)

    def alone():
        shown = planes(compositor)["planes"]
        return [p for p in shown if p["shows"] == "client" and p["width"] == 1024] and \
            not [p for p in shown if p["shows"] == "composition"]
    t.wait(alone, "only the client's buffer")
    batches = compositor.ctl("renderer")["batches"]
    compositor.ctl("wait-vblank", "20")
    t.equal(compositor.ctl("renderer")["batches"], batches)
    compositor.stop()


def test_fullscreen_pixels(t):
    for options in ((), ("--no-planes",)):
        compositor = start(t, *options, video="", run=(f"{DMABUF} --fullscreen",))
        compositor.wait_windows(1)
        compositor.ctl("move-to", "1023", "767")
        shown(compositor, 0, 0, 1024, 768, (1023 - 64, 767 - 64, 1024, 768))
        t.wait(lambda: bool(on_planes(compositor)) == (not options), f"planes with {options}")
        compositor.stop()


def test_tiled_buffers(t):
    """X tiles can be scanned out, Y tiles not: composited then, without a word."""
    for layout, plane in (("x-tiled", True), ("y-tiled", False)):
        compositor = start(t, video="",
                           run=(f"{DMABUF} --size 300x200 --layout {layout}",))
        window, = compositor.wait_windows(1)
        compositor.ctl("move-to", "1000", "700")
        t.wait(lambda: bool(on_planes(compositor)) == plane, f"{layout} on its plane: {plane}")
        shown(compositor, window["x"], window["y"], 300, 200)
        t.equal(bool(on_planes(compositor)), plane, layout)
        compositor.stop()


def test_wl_shm_is_composited(t):
    compositor = start(t, video="", run=(f"{PATTERN} --still --size 300x200",))
    compositor.wait_windows(1)
    t.equal(on_planes(compositor), [])
    shown, = planes(compositor)["surfaces"]
    t.check(shown["copied_bytes"] >= 300 * 200 * 4 and shown["scanned_frames"] == 0, str(shown))
    compositor.stop()


def test_bytes_copied_between_producer_and_screen(t):
    """None on an overlay and none fullscreen; composited, or in shared memory, there are some."""
    for name, run, options, copies in (
            ("testcard-video", f"{VIDEO} --size 320x240", (), False),
            ("testcard-video", f"{VIDEO} --fullscreen", (), False),
            ("testcard-dmabuf", f"{DMABUF} --size 300x200 --layout x-tiled", (), False),
            ("testcard-video", f"{VIDEO} --size 320x240", ("--no-planes",), True),
            ("testcard-dmabuf", f"{DMABUF} --size 300x200 --layout y-tiled", (), True),
            ("testcard-pattern", f"{PATTERN} --size 320x240", (), True)):
        compositor = start(t, *options, video="", run=(run,))
        compositor.wait_windows(1)

        def surface():
            reply = compositor.ctl("state")
            one, = [s for s in reply["surfaces"] if s["app_id"] == name]
            return one, reply["copied_bytes"]
        t.wait(lambda: copies or surface()[0]["plane"], f"{run} on a plane")
        frames = surface()[0]["scanned_frames"] + surface()[0]["composited_frames"]
        # The picture of testcard-dmabuf is one frame.
        more = 1 - frames if "dmabuf" in run else FRAMES
        t.wait(lambda: sum(surface()[0][kind] for kind in ("scanned_frames", "composited_frames"))
               >= frames + more, "frames")
        compositor.ctl("wait-vblank", "10")
        one, everything = surface()
        t.equal((one["copied_bytes"] > 0, everything > 0), (copies, copies), f"{run} {options}")
        t.equal((one["scanned_frames"] == 0, one["composited_frames"] > 0), (copies, copies),
                f"{run} {options}")
        compositor.stop()


def test_screencopy_sees_what_is_on_planes(t):
    compositor = start(t, video=f"--size 320x240 --frames {FRAMES}")
    compositor.wait_windows(1)
    played(t, compositor)
    compositor.ctl("move-to", "1000", "700")
    compositor.ctl("wait-vblank", "3")
    t.wait(lambda: on_planes(compositor), "a plane")
    t.run("grim", "-c", t.path("grim.png"), WAYLAND_DISPLAY="wayland-0")
    grim = png.read(t.path("grim.png"))
    compositor.shows(lambda image: image.rows == grim.rows, "what grim has got")
    t.wait(lambda: on_planes(compositor) or compositor.ctl("wait-vblank"), "planes")
    compositor.stop()


def test_words(t):
    compositor = start(t, video="")
    reply = compositor.ctl("planes", "maybe", ok=False)
    t.check("on or off" in reply["error"], str(reply))
    compositor.ctl("planes", "on", "off", ok=False)
    t.equal(compositor.ctl("planes", "off")["enabled"], False)
    t.equal(compositor.ctl("planes")["enabled"], False)
    compositor.stop()


def test_clients_that_die_on_planes(t):
    """Windows that come, move to the front and are killed while planes show them."""
    compositor = start(t, video="", run=(f"{PATTERN} --still --size 500x400 --title still",))
    window, = compositor.wait_windows(1)
    compositor.ctl("move-to", "1000", "700")
    seed = random.randrange(1 << 30)
    chance, running = random.Random(seed), []
    for _ in range(40):
        if len(running) == 4 or (running and chance.random() < 0.4):
            victim = running.pop(chance.randrange(len(running)))
            victim.kill()
            victim.wait()
            t.running.remove(victim)
        else:
            size = f"{chance.randrange(1, 1100)}x{chance.randrange(1, 800)}"
            options = chance.choice((["--size", size], ["--size", size], ["--fullscreen"]))
            running.append(t.start(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", VIDEO,
                                   *options, WAYLAND_DISPLAY="wayland-0",
                                   ASAN_OPTIONS="verify_asan_link_order=0"))
        if chance.random() < 0.3:
            compositor.ctl("planes", chance.choice(("on", "off")))
        compositor.ctl("wait-vblank", str(chance.randrange(1, 8)))
    planes(compositor, "on")
    for victim in running:
        victim.kill()
        victim.wait()
        t.running.remove(victim)
    print(f"# seed {seed}", flush=True)
    compositor.wait_windows(1)
    t.wait(lambda: not on_planes(compositor), "no plane of the dead")
    compositor.ctl("move-to", "1000", "700")
    shown(compositor, window["x"], window["y"], 500, 400)
    compositor.stop()


tc.main(globals())
