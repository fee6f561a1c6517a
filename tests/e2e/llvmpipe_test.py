"""Mesa's llvmpipe: a frame that is shown has been drawn. (With LP_NUM_THREADS=2 in the
environment, it has not, often: that is what this file would see.)"""
import glob
import os

import matrix
import png
import tc

GL_FLIP = os.path.join(tc.BUILD, "tests/e2e/gl_flip")
FRAMES = 16
SHADES = {red << 16 | green << 8 | blue for red in (0, 255) for green in (0, 255)
          for blue in (0, 255)}


def check(t, *options):
    folder = t.path("frames")
    text = t.exec(GL_FLIP, str(FRAMES), options=("--frames", folder, *options))
    t.check(f"shown {FRAMES - 1}" in text, text)
    pictures = sorted(glob.glob(os.path.join(folder, "*.png")))
    t.check(len(pictures) > FRAMES // 2, f"{len(pictures)} frames")
    for path in pictures:
        found = matrix.colours(png.read(path), step=8)
        t.check(len(found) == 1 and set(found) <= SHADES,
                f"{os.path.basename(path)} is half drawn: {found}")


def test_a_frame_shown_is_finished(t):
    check(t)


def test_with_a_render_node(t):
    check(t, "--render-node")


tc.main(globals())
