"""Programs of Debian that draw on the card by themselves, without a compositor, by an ordinary user:
kmscube and glmark2 (GBM and llvmpipe), mpv, GStreamer's kmssink, SDL's kmsdrm."""
import os
import subprocess

import matrix
import png
import tc
from held import Held
from smpte import first_difference, smpte

CLEAR = 0x7F7F7F  # of kmscube, half of each channel
SIZE = (1024, 768)


# kmscube: a cube that turns in the middle of grey.

def around(image, wanted, step=8):
    """As matrix.bounds(), to the next pixels of a grid: a whole screen is a lot for Python."""
    hits = [(x, y) for y in range(0, image.height, step) for x in range(0, image.width, step)
            if wanted(image.pixel(x, y))]
    if not hits:
        return None
    left, top = min(x for x, _ in hits), min(y for _, y in hits)
    return left, top, max(x for x, _ in hits) - left + 1, max(y for _, y in hits) - top + 1


def cube_box(image):
    return around(image, lambda colour: not matrix.near(colour, CLEAR, 2))


def has_cube(image):
    box = (image.width, image.height) == SIZE and cube_box(image)
    if not box:
        return False
    middle = (box[0] + box[2] // 2, box[1] + box[3] // 2)
    return (box[2] > 300 and box[3] > 300 and abs(middle[0] - 512) < 60
            and abs(middle[1] - 384) < 60)


def hues(image):
    """Which corners of the colour cube its pixels lie next to: red, green, blue and their sums."""
    found = {}
    for colour, count in matrix.colours(image, cube_box(image)).items():
        channels = [colour >> shift & 255 for shift in (16, 8, 0)]
        most = max(channels)
        if most < 60 or min(channels) * 2 > most:
            continue
        key = tuple(channel * 2 > most for channel in channels)
        found[key] = found.get(key, 0) + count
    return {key for key, count in found.items() if count > 50}


def kmscube(t, *args, seen=has_cube):
    matrix.need("kmscube")
    card = Held(t, "kmscube", *args)
    first = card.show(seen, "the cube")
    card.show(lambda image: seen(image) and matrix.differ(first, image) > 1000, "the cube turned")
    card.done(None)


def smooth(image):
    return has_cube(image) and len(matrix.colours(image, cube_box(image))) > 1000


def textured(image):
    return has_cube(image) and len(hues(image)) == 6


def test_kmscube_smooth(t):
    kmscube(t, seen=smooth)


def test_kmscube_surfaceless(t):
    kmscube(t, "-x", seen=smooth)


def test_kmscube_rgba_texture(t):
    kmscube(t, "-M", "rgba", seen=textured)


def test_kmscube_nv12_texture(t):
    """Its two planes by two images of the card's buffers, converted by the shader."""
    kmscube(t, "-M", "nv12-2img", seen=textured)


def test_kmscube_565(t):
    kmscube(t, "-f", "RG16", seen=lambda image: image.width == 1024 and
            len(matrix.colours(image, (300, 150, 424, 468))) > 300)


def test_kmscube_atomic(t):
    """Wants fences of EGL that Mesa's software driver does not have; says so."""
    matrix.need("kmscube")
    text = Held(t, "kmscube", "-A").end(status=255)
    t.check("no eglDupNativeFenceFDANDROID" in text, text)
    raise tc.Skip("kmscube -A: llvmpipe has no EGL_ANDROID_native_fence_sync")


def test_kmscube_nv12_as_one_image(t):
    """Runs, and its cube is black: Mesa 22.3's software driver samples nothing of an NV12 image,
    while nv12-2img shows the same buffers' pixels."""
    matrix.need("kmscube")
    card = Held(t, "kmscube", "-M", "nv12-1img")
    image = card.show(has_cube, "the cube")
    black = not hues(image)
    card.done(None)
    if black:
        raise tc.Skip("kmscube nv12-1img: llvmpipe samples black from NV12 as one image")
    t.check(textured(image), matrix.summary(image))


def test_glmark2(t):
    """Its horse: grey on black, in the middle, turning."""
    matrix.need("glmark2-es2-drm")
    card = matrix.Program(t, "glmark2-es2-drm", "-b", "build:duration=1000")

    def horse(image):
        box = around(image, lambda colour: colour != 0)
        if not box or box[3] * 2 < image.height or box[2] * 2 > image.width:
            return False
        found = matrix.colours(image, box, 4)
        if any(not matrix.near(colour, (colour & 255) * 0x10101, 1) for colour in found):
            card.fail(f"the horse has colours: {matrix.summary(image)}")
        return len(found) > 100 and abs(box[0] + box[2] // 2 - image.width // 2) < image.width // 8
    first = card.show(horse, "the horse")
    card.show(lambda image: horse(image) and matrix.differ(first, image) > 1000, "it to turn")
    card.stop(None)


# Bars of colours.

def bars(image, wanted, y):
    """The row y has the colours in this order."""
    return all(matrix.near(image.pixel((2 * i + 1) * image.width // (2 * len(wanted)), y), colour, 8)
               for i, colour in enumerate(wanted))


def video(t):
    """ffmpeg's test picture, 320x240."""
    matrix.need("ffmpeg")
    path = t.path("video.mkv")
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                    "testsrc=size=320x240:rate=10:duration=60", "-c:v", "ffv1", "-pix_fmt",
                    "yuv420p", path], check=True, stdin=subprocess.DEVNULL)
    return path


def test_mpv(t):
    matrix.need("mpv")
    card = matrix.Program(t, "mpv", "--no-config", "--vo=drm", "--loop", video(t))
    # ffmpeg's bars inside of its circle, as far as its counter leaves them.
    wanted = (0x00FFFF, 0xFF00FF, 0x0000FF, 0xFFFF00, 0x00FF00)

    def shown(image):
        return (image.width, image.height) == SIZE and all(
            matrix.near(image.pixel(192 + 128 * i, 250), colour, 8)
            for i, colour in enumerate(wanted))
    first = card.show(shown, "the video")
    card.show(lambda image: shown(image) and matrix.differ(first, image) > 1000, "it to go on")
    card.stop(None)


def test_mpv_gpu(t):
    """Wants a GBM surface with the plane's modifiers and has no other way; kmscube has."""
    matrix.need("mpv")
    text = Held(t, "mpv", "--no-config", "--vo=gpu", "--gpu-context=drm", video(t)).end(status=2)
    t.check("Failed to create GBM surface" in text, text)
    raise tc.Skip("mpv --vo=gpu: Mesa's software driver has no modifiers")


def test_gstreamer_kmssink(t):
    matrix.need("gst-launch-1.0", "gst-inspect-1.0")
    if subprocess.run(["gst-inspect-1.0", "--exists", "kmssink"], check=False).returncode != 0:
        raise tc.Skip("kmssink is not installed (gstreamer1.0-plugins-bad)")
    card = matrix.Program(t, "gst-launch-1.0", "-q", "videotestsrc", "!",
                          "video/x-raw,width=640,height=480", "!", "kmssink",
                          "driver-name=testcard")
    wanted = (0xFFFFFF, 0xFFFF00, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0x0000FF)

    def shown(image):
        return (image.width, image.height) == (640, 480) and bars(image, wanted, 200)
    first = card.show(shown, "the bars")
    # The noise in the corner is another in each picture.
    card.show(lambda image: shown(image) and matrix.differ(first, image) > 1000, "the noise")
    card.stop(None)


def test_ffmpeg_kmsgrab(t):
    """ffmpeg's picture of the screen is the screen's. Buffers behind a framebuffer are for masters
    and administrators (GETFB2), so an ordinary user gets none."""
    matrix.need("ffmpeg", "modetest")
    card = Held(t, "modetest", "-M", "testcard", "-r", name="lit")
    card.show(lambda image: image.pixel(5, 5) == smpte(5, 5, *SIZE), "the pattern")
    grab = ("ffmpeg", "-v", "error", "-y", "-f", "kmsgrab", "-device", "/dev/dri/card0", "-i", "-",
            "-frames:v", "1", "-vf", "hwdownload,format=bgr0")
    user = Held(t, *grab, t.path("user.png"), name="user", device=False,
                options=("--join", card.dir))
    t.check("No handle set on framebuffer" in user.end(status=1), user.log())
    if os.geteuid() != 0:
        raise tc.Skip("ffmpeg's kmsgrab is for root")
    t.exec(*grab, t.path("grab.png"), options=("--join", card.dir))
    grabbed = png.read(t.path("grab.png"))
    t.equal(matrix.differ(grabbed, card.screenshot()), 0, "pixels that differ")
    t.equal(first_difference(grabbed, lambda x, y: smpte(x, y, *SIZE)), None, "the pattern")
    card.done()


SDL = """import pygame
pygame.display.init()
screen = pygame.display.set_mode((640, 480))
if pygame.display.get_driver() != "KMSDRM":
    raise SystemExit("SDL took " + pygame.display.get_driver())
pygame.mouse.set_visible(False)
step = 0
while not pygame.event.get(pygame.QUIT):
    step = (step + 1) % 100
    screen.fill((0, 0, 64))
    pygame.draw.rect(screen, (255, 0, 0), (100 + step, 100, 50, 40))
    pygame.display.flip()
"""


def test_sdl_kmsdrm(t):
    """A red box that wanders over blue, by SDL on GBM and llvmpipe."""
    if subprocess.run(["/usr/bin/python3", "-c", "import pygame"], check=False,
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        raise tc.Skip("python3-pygame is not installed")
    card = matrix.Program(t, "/usr/bin/python3", matrix.script(t, "sdl.py", SDL),
                          SDL_VIDEODRIVER="kmsdrm", SDL_AUDIODRIVER="dummy")

    def shown(image):
        box = around(image, lambda colour: colour == 0xFF0000, 2)
        return (box and box[1:] == (100, 49, 39) and 100 <= box[0] < 200
                and matrix.share(image, 0x000040) > 0.98)
    first = card.show(shown, "the box")
    card.show(lambda image: shown(image) and matrix.differ(first, image) > 40, "it to wander")
    card.stop()


tc.main(globals())
