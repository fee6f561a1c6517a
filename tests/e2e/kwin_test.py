"""kwin_wayland 5.27 on the device, as an ordinary user: what its screen shows."""
import desktop
import matrix
import tc


def test_kwin_qpainter(t):
    card = desktop.kwin(t, "Q")
    desktop.check_terminal(card)
    desktop.check_cursor(card)
    card.end(None)


def test_kwin_opengl(t):
    card = desktop.kwin(t, "O2")
    desktop.check_terminal(card)
    desktop.check_cursor(card)
    card.end(None)


def test_kwin_is_switched_away(t):
    card = desktop.kwin(t, "Q")
    desktop.check_switch(card)
    card.end(None)


def test_kwin_monitors(t):
    card = desktop.kwin(t, "Q", options=("--device", "desktop"))
    desktop.check_monitors(card)
    card.end(None)


def test_kwin_beside_mutter(t):
    """On one device, each in a session of its own: one has the screen at a time."""
    ink = 0x302010
    first = desktop.mutter(t)
    first.show(desktop.full, "mutter's terminal")
    second = desktop.kwin(t, "Q", ["foot", "-F", "-o", f"colors.background={ink:06x}", "sh"],
                          options=("--join", first.dir), name="second", device=False)
    first.wait(lambda: len(first.ctl("session")["sessions"]) == 2, "a second session")
    by_keys, by_command = desktop.switch_by_keys, lambda card, n: card.ctl("session", str(n))
    for number, colour, switch in ((2, ink, by_keys), (1, desktop.INK, by_keys),
                                   (2, ink, by_command), (1, desktop.INK, by_command)):
        switch(first, number)
        first.show(lambda image, colour=colour: matrix.share(image, colour) > 0.9,
                   f"session {number}'s terminal")
    matrix.type_line(first, "typed into the first")
    second.stop(None)
    first.end(0)


tc.main(globals())
