"""kwin_wayland 5.27 on the device, as an ordinary user: what its screen shows."""
import os
import shutil

import desktop
import matrix
import tc


def without_capabilities(t, program):
    """Debian gives kwin_wayland a file capability, with which LD_PRELOAD has no effect on it; a
    copy has none."""
    if os.statvfs(t.root).f_flag & os.ST_NOEXEC:
        raise tc.Skip(f"{t.root} does not run programs")
    target = os.path.join(t.root, program)
    shutil.copy(shutil.which(program), target)
    return target


def kwin(t, compose, options=(), **env):
    matrix.need("kwin_wayland")
    return desktop.Desktop(t, without_capabilities(t, "kwin_wayland"), "--drm", "--no-lockscreen",
                           " ".join(desktop.terminal(t)), options=options, KWIN_COMPOSE=compose,
                           QT_LOGGING_RULES="kwin*=true", **env)


def test_kwin_qpainter(t):
    card = kwin(t, "Q")
    desktop.check_terminal(card)
    desktop.check_cursor(card)
    card.end(None)


def test_kwin_opengl(t):
    card = kwin(t, "O2")
    desktop.check_terminal(card)
    desktop.check_cursor(card)
    card.end(None)


def test_kwin_is_switched_away(t):
    card = kwin(t, "Q")
    desktop.check_switch(card)
    card.end(None)


def test_kwin_monitors(t):
    card = kwin(t, "Q", options=("--device", "desktop"))
    desktop.check_monitors(card)
    card.end(None)


tc.main(globals())
