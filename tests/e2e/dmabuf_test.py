"""linux-dmabuf's feedback: what the compositor says of devices, formats and layouts, by default and
to single surfaces as they become candidates for planes; and that what it says is true."""
import os

import tc
from peer import INVALID, NV12, X_TILED, Peer, open_up

XRGB, LINEAR, SCANOUT, Y_TILED = 0x34325258, 0, 1, 1 << 56 | 2
CARD = os.makedev(226, 0)


def start(t, *options):
    compositor = open_up(t, tc.Compositor(t, *options))
    peer = Peer(t, compositor)
    peer("d = Dmabuf(wl)")
    return compositor, peer


def show(peer, width, height):
    peer(f"h = card.picture({width}, {height}, XRGB_RED)")
    peer(f"w.show(d.buffer({width}, {height}, XRGB, 0, (card.export(h), 0, {width * 4})))")


def told(t, peer, text="f.take()"):
    """The next feedback: of the scanout tranche, if there is one, and of the last."""
    seen = t.wait(lambda: peer(text), "feedback")
    main, tranches = seen[-1]
    t.equal(main, CARD)
    t.equal([device for device, _, _ in tranches], [CARD] * len(tranches))
    t.equal([flags for _, flags, _ in tranches], [SCANOUT] * (len(tranches) - 1) + [0])
    return ([formats for _, _, formats in tranches[:-1]] + [None])[0], tranches[-1][2]


def test_default(t):
    compositor, peer = start(t)
    peer("f = d.feedback()")
    scanout, formats = told(t, peer)
    t.equal(scanout, None)
    for pair in ([XRGB, LINEAR], [XRGB, X_TILED], [NV12, LINEAR]):
        t.check(pair in formats, str(pair))
    t.check([NV12, X_TILED] not in formats)
    peer.end()
    compositor.stop()


def test_a_window(t):
    """A window of dma-bufs could be on an overlay, as one of shared memory could not."""
    compositor, peer = start(t)
    peer("w = Window(wl); f = d.feedback(w.surface)")
    scanout, everything = told(t, peer)
    t.equal(scanout, None)
    show(peer, 320, 200)
    scanout, formats = told(t, peer)
    t.equal(sorted(formats), sorted(everything))
    for pair in ([NV12, INVALID], [XRGB, INVALID], [XRGB, LINEAR], [XRGB, X_TILED]):
        t.check(pair in scanout, str(scanout))
    t.check(all(pair in formats for pair in scanout), "what cannot be composited")
    # What planes can not show is for composition only.
    t.check([XRGB, Y_TILED] in formats and [XRGB, Y_TILED] not in scanout, str(scanout))
    # Nothing new, nothing told.
    show(peer, 320, 200)
    compositor.ctl("wait-vblank", "3")
    t.equal(peer("f.take()"), [])
    # It is true: what it said is on a plane.
    t.wait(lambda: [p for p in compositor.ctl("planes")["outputs"][0]["planes"]
                    if p["shows"] == "client"], "a plane")
    # Planes off: nobody is a candidate.
    compositor.ctl("planes", "off")
    t.equal(told(t, peer)[0], None)
    compositor.ctl("planes", "on")
    show(peer, 320, 200)
    t.check(told(t, peer)[0], "planes are on")
    # Who asks later is told the same.
    peer("g = d.feedback(w.surface)")
    t.equal(told(t, peer, "g.take()")[0], scanout)
    peer.end()
    compositor.stop()


def test_fullscreen(t):
    """The primary plane's, too, which a window is not told of."""
    compositor, peer = start(t, "--device", "minimal")
    peer("w = Window(wl); f = d.feedback(w.surface)")
    t.equal(told(t, peer)[0], None)
    peer("w.fullscreen()")
    show(peer, 1024, 768)
    scanout, _ = told(t, peer)
    t.check([XRGB, INVALID] in scanout and [NV12, INVALID] not in scanout, str(scanout))
    peer("g = d.feedback(w.surface)")
    t.equal(told(t, peer, "g.take()")[0], scanout)
    peer.end()
    compositor.stop()


def test_the_surface_goes_first(t):
    compositor, peer = start(t)
    peer("w = Window(wl); f = d.feedback(w.surface)")
    show(peer, 100, 100)
    told(t, peer)
    peer("[wl.send(i, 0) for i in (w.top, w.xdg, w.surface)]; wl.roundtrip()")
    peer("wl.send(f.id, 0); wl.roundtrip()")
    compositor.wait_windows(0)
    peer("w = Window(wl); f = d.feedback(w.surface)")
    t.equal(told(t, peer)[0], None)
    peer.end(kill=True)
    compositor.stop()


tc.main(globals())
