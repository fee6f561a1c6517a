"""mutter 43 on the device, as an ordinary user: what its screen shows."""
import desktop
import tc


def test_mutter(t):
    card = desktop.mutter(t)
    desktop.check_terminal(card)
    desktop.check_cursor(card)
    t.check("using atomic mode setting" in card.log(), "mutter says it is atomic")
    card.end(0)


def test_mutter_legacy(t):
    card = desktop.mutter(t, MUTTER_DEBUG_FORCE_KMS_MODE="simple")
    desktop.check_terminal(card)
    t.check("using atomic mode setting" not in card.log(), "mutter is not atomic")
    card.end(0)


def test_mutter_is_switched_away(t):
    card = desktop.mutter(t)
    desktop.check_switch(card)
    card.end(0)


def test_mutter_monitors(t):
    card = desktop.mutter(t, options=("--device", "desktop"))
    desktop.check_monitors(card)
    card.end(0)


tc.main(globals())
