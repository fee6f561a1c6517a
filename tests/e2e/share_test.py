"""testcard-share-v1: buffers offered, watched, accepted and revoked, by both transports, from processes
that are not ours. `testcardctl shares` says what the compositor thinks of it."""
import os

import tc
from peer import DMABUF, FLINK, NOBODY, NV12, X_TILED, Peer, open_up

XRGB = 0x34325258
OFFER_FAILURES = {"name_taken": 0, "too_many": 1, "denied": 2}
FAILURES = {"no_such_offer": 0, "denied": 1, "not_authenticated": 2, "too_many": 3}
OWNER, COMPOSITOR, OWNER_GONE = range(3)  # why it was revoked
(USED, PLANE_IDX, PLANE_SET, MIXED, INCOMPLETE, FORMAT, DIMENSIONS, BOUNDS, BUFFER, NAME,
 NOT_AUTHENTICATED) = range(11)


def start(t, *options):
    return open_up(t, tc.Compositor(t, *options))


def offerer(t, compositor, transport=FLINK, name="ball", colour="XRGB_RED", **options):
    """A peer that offers a picture of one colour, 64 by 64 pixels."""
    peer = Peer(t, compositor, name="owner", **options)
    peer(f"s = Share(wl); h = card.picture(64, 64, {colour})")
    by = "fd(card.export(h))" if transport == DMABUF else "name(card.flink(h))"
    peer(f"o = Params(s).{by}.offer({name!r})")
    return peer


def taker(t, compositor, **options):
    peer = Peer(t, compositor, **{"name": "taker", **options})
    peer("s = Share(wl); w = Watcher(s)")
    return peer


def shares(compositor, *words, ok=True):
    return compositor.ctl("shares", *words, ok=ok)


def shown(t, compositor, colour):
    def looks():
        window, = compositor.windows()
        image = compositor.screenshot()
        return all(image.pixel(window["x"] + x, window["y"] + y) == colour
                   for x in range(2, 64, 9) for y in range(2, 64, 9))
    t.wait(looks, f"a window of {colour:06x}")


def accept(peer, transport, name="ball"):
    """Accepts it, shows it in a window of its own, and returns the handle's variable."""
    peer(f"a = w.accept({name!r}, {transport})")
    events = peer("a.events()")
    if events[0][0] == "failed":
        return events[0][1]
    buffer, plane, done = events
    assert buffer == ["buffer", 64, 64, XRGB, 0, 0, 1] and done == ["done"], events
    assert plane[1] == 0 and plane[3:] == [0, 256], events
    if transport == FLINK:
        peer(f"h, size = card.open({plane[2]})")
        peer(f"b = Drm(wl).buffer({plane[2]}, 64, 64, 256)")
    else:
        peer(f"h = card.take({plane[2]})")
        peer(f"b = Drm(wl).planar(0, 64, 64, XRGB, 0, 256, fd={plane[2]})")
    return None


def crossing(t, offered, accepted):
    """What one process has drawn is on the screen through another; what it draws later, too."""
    compositor = start(t)
    owner, other = offerer(t, compositor, offered), taker(t, compositor)
    t.equal(owner("o.events()"), [["offered"]])
    offer, done = other("w.events()")
    t.equal((offer[:3], offer[4:], done), (["offer", "ball", owner.pid],
                                           [64, 64, XRGB, 0, 0, offered], ["done"]))
    t.equal(accept(other, accepted), None)
    accepted_event, = owner("o.events()")
    t.equal((accepted_event[0], accepted_event[2], accepted_event[4]),
            ("accepted", other.pid, accepted))
    other("win = Window(wl); win.show(b)")
    compositor.wait_windows(1)
    shown(t, compositor, 0xff0000)
    owner("card.fill(h, 64 * 64 * 4, XRGB_BLUE)")
    shown(t, compositor, 0x0000ff)
    # The other direction: the consumer writes, the owner reads.
    other("card.fill(h, 64 * 64 * 4, XRGB_GREEN)")
    t.equal(owner("card.read(h, 64 * 32 * 4, 4).hex()"), "00ff0000")
    one, = shares(compositor)["offers"]
    t.equal((one["name"], one["pid"], one["transport"], one["format"]),
            ("ball", owner.pid, ("dma-buf", "flink")[offered], "XR24"))
    t.equal([(x["pid"], x["transport"], x["waiting"]) for x in one["takers"]],
            [(other.pid, ("dma-buf", "flink")[accepted], False)])
    other("a.destroy()")
    t.equal(owner("o.events()"), [["released", accepted_event[1]]])
    t.equal(shares(compositor)["offers"][0]["takers"], [])
    owner.end()
    other.end()
    t.wait(lambda: not shares(compositor)["offers"], "the offer's end")
    compositor.stop()


def test_flink_to_flink(t):
    crossing(t, FLINK, FLINK)


def test_dmabuf_to_dmabuf(t):
    crossing(t, DMABUF, DMABUF)


def test_flink_to_dmabuf(t):
    crossing(t, FLINK, DMABUF)


def test_dmabuf_to_flink(t):
    crossing(t, DMABUF, FLINK)


def test_revoking(t):
    """The name is free, those who have it are told, and what they have goes on to work."""
    compositor = start(t)
    for how, reason in (("o.revoke()", OWNER), (None, COMPOSITOR), ("o.destroy()", OWNER_GONE)):
        owner, other = offerer(t, compositor), taker(t, compositor)
        t.equal(accept(other, FLINK), None)
        other("win = Window(wl); win.show(b)")
        compositor.wait_windows(1)
        other("w.events()")
        owner("o.events()")
        if how:
            owner(how)
            owner("wl.roundtrip()")
        else:
            t.equal(shares(compositor, "revoke", "ball")["offers"], [])
        t.equal(other("w.events()"), [["withdrawn", "ball"], ["done"]])
        t.equal(other("a.events()"), [["revoked", reason]])
        t.equal(accept(other, FLINK), FAILURES["no_such_offer"], "after the end")
        if reason != OWNER_GONE:
            t.equal(owner("o.events()"), [["revoked", reason]])
            owner("o.revoke()")  # again: nothing
            t.equal(owner("o.events()"), [])
        # What cannot be undone.
        owner("card.fill(h, 64 * 64 * 4, XRGB_BLUE)")
        t.equal(other("card.read(h, 0, 4).hex()"), "ff000000")
        shown(t, compositor, 0x0000ff)
        # The name may be used again.
        owner("o2 = Params(s).name(card.flink(h)).offer('ball')")
        t.equal(owner("o2.events()"), [["offered"]])
        other.end()
        owner.end()
        t.wait(lambda: not shares(compositor)["offers"], "the offer's end")
        compositor.wait_windows(0)
    shares(compositor, "revoke", "ball", ok=False)
    compositor.stop()


def test_released_after_the_end(t):
    compositor = start(t)
    owner, other = offerer(t, compositor), taker(t, compositor)
    accept(other, DMABUF)
    number = owner("o.events()")[1][1]
    owner("o.revoke()")
    t.equal(owner("o.events()"), [["revoked", OWNER]])
    other.end(kill=True)
    t.wait(lambda: owner("o.events()") == [["released", number]], "the dead to release")
    owner.end()
    compositor.stop()


def test_the_compositor_lets_go(t):
    """Once it is revoked, and the owner has no handle, nothing keeps the name."""
    compositor = start(t)
    owner, last = offerer(t, compositor), taker(t, compositor)
    name = owner("card.flink(h)")
    # Held by the compositor alone.
    owner("card.close(h)")
    handle, size = last(f"card.open({name})")
    last(f"card.close({handle})")
    t.equal(accept(last, FLINK), None)
    last("card.close(h); wl.send(b, 0); wl.roundtrip()")
    owner("o.revoke(); wl.roundtrip()")
    t.equal(last.fails(f"card.open({name})"), "ENOENT")
    owner.end()
    last.end()
    compositor.stop()


def test_tiled_without_a_modifier(t):
    """What the owner has told the device is what those see who accept it."""
    compositor = start(t)
    owner, other = Peer(t, compositor, name="owner"), taker(t, compositor)
    owner("s = Share(wl); h = card.create(1 << 16); card.set_tiling(h, 1, 512)")
    owner("o = Params(s).name(card.flink(h), stride=512).offer('tiles', 128, 64, modifier=INVALID)")
    t.equal(owner("o.events()"), [["offered"]])
    offer = other("w.events()")[-2]
    t.equal(offer[7] << 32 | offer[8], X_TILED)
    t.equal(shares(compositor)["offers"][0]["modifier"], X_TILED)
    owner.end()
    other.end()
    compositor.stop()


def test_two_planes(t):
    compositor = start(t)
    owner, other = Peer(t, compositor, name="owner"), taker(t, compositor)
    owner("s = Share(wl); h = card.create(64 * 96); fd = card.export(h)")
    owner("o = Params(s).fd(fd, 1, 4096, 64).fd(os.dup(fd), 0, 0, 64).offer('nv', 64, 64, NV12)")
    t.equal(owner("o.events()"), [["offered"]])
    other(f"a = w.accept('nv', {FLINK})")
    buffer, first, second, done = other("a.events()")
    t.equal(buffer, ["buffer", 64, 64, NV12, 0, 0, 2])
    t.equal((first[1:2] + first[3:], second[1:2] + second[3:]), ([0, 0, 64], [1, 4096, 64]))
    t.equal(first[2], second[2], "one object, one name")
    owner.end()
    other.end()
    compositor.stop()


def test_flink_names_are_for_the_authenticated(t):
    compositor = start(t)
    owner = offerer(t, compositor, DMABUF)
    other = taker(t, compositor, uid=NOBODY)
    if os.geteuid() == 0:
        t.equal(accept(other, FLINK), FAILURES["not_authenticated"])
    name = owner("card.flink(h)")
    thief = Peer(t, compositor, uid=NOBODY, name="thief")
    thief("s = Share(wl); p = Params(s).name(%d)" % name)
    t.equal(thief.fails("p.offer('loot')"), (thief("p.id"), NOT_AUTHENTICATED))
    thief.end()
    t.equal(other("Drm(wl).authenticate(card.magic())"), [2])
    t.equal(accept(other, FLINK), None)
    t.equal(other("card.read(h, 0, 4).hex()"), "0000ff00")
    # Descriptors are for everybody.
    stranger = taker(t, compositor, uid=NOBODY, name="stranger")
    t.equal(accept(stranger, DMABUF), None)
    for peer in (owner, other, stranger):
        peer.end()
    compositor.stop()


def test_policy(t):
    compositor = start(t)
    shares(compositor, "policy", "ask")
    owner, other = offerer(t, compositor), taker(t, compositor)
    for answer in ("allow", "deny"):
        other(f"a = w.accept('ball', {DMABUF})")
        t.equal(other("a.events()"), [])
        one, = shares(compositor)["offers"][0]["takers"]
        t.equal(one["waiting"], True)
        owner("o.events()")
        shares(compositor, answer, "99999", ok=False)
        shares(compositor, answer, f"{one['id']}x", ok=False)
        shares(compositor, answer, str(one["id"]))
        events = other("a.events()")
        if answer == "allow":
            t.equal([event[0] for event in events], ["buffer", "plane_fd", "done"])
            t.equal(owner("o.events()")[0][:3], ["accepted", one["id"], other.pid])
        else:
            t.equal(events, [["failed", FAILURES["denied"]]])
            t.equal(owner("o.events()"), [])
        shares(compositor, answer, str(one["id"]), ok=False)
        other("a.destroy()")
    # One who waits when it is revoked, and one who dies while waiting.
    owner("o.events()")
    dead = taker(t, compositor, name="dead")
    dead(f"a = w.accept('ball', {DMABUF})")
    dead.end(kill=True)
    other(f"a = w.accept('ball', {DMABUF})")
    t.wait(lambda: len(shares(compositor)["offers"][0]["takers"]) == 1, "the dead to go")
    owner("o.revoke()")
    t.equal(owner("o.events()"), [["revoked", OWNER]])
    t.equal(other("a.events()"), [["failed", FAILURES["no_such_offer"]]])
    # Rules for one: by its number, and by what it calls itself.
    shares(compositor, "policy", "allow")
    owner("o = Params(s).name(card.flink(h)).offer('ball')")
    shares(compositor, "policy", "deny", str(other.pid))
    t.equal(accept(other, DMABUF), FAILURES["denied"])
    other("p = Params(s).fd(card.export(card.create(1 << 14))).offer('mine')")
    t.equal(other("p.events()"), [["failed", OFFER_FAILURES["denied"]]])
    rules = shares(compositor, "policy", "allow", str(other.pid))["rules"]
    t.equal(rules, [{"who": str(other.pid), "policy": "allow"}])
    t.equal(accept(other, DMABUF), None)
    shares(compositor, "policy", "deny", "Fremder")
    stranger = taker(t, compositor, name="stranger")
    stranger("win = Window(wl, 'Fremder'); d = Drm(wl)")
    stranger("win.show(d.planar(0, 64, 64, XRGB, 0, 256, fd=card.export(card.create(1 << 14))))")
    compositor.wait_windows(1)
    t.equal(accept(stranger, DMABUF), FAILURES["denied"])
    for words in (["policy", "perhaps"], ["policy"], ["steal", "ball"], ["policy", "ask", "x" * 99],
                  ["allow"], ["revoke", "a", "b"]):
        shares(compositor, *words, ok=False)
    for peer in (owner, other, stranger):
        peer.end()
    compositor.stop()


def test_names_and_limits(t):
    compositor = start(t)
    owner, other = offerer(t, compositor), Peer(t, compositor, name="other")
    other("s = Share(wl); h = card.picture(64, 64, 0); n = card.flink(h)")
    other("o = Params(s).name(n).offer('ball')")
    t.equal(other("o.events()"), [["failed", OFFER_FAILURES["name_taken"]]])
    other("o.revoke(); o.destroy()")  # of what never was: nothing
    other("all = [Params(s).name(n).offer(f'n{i}') for i in range(63)]")
    # The parameters' objects count, too.
    other("[wl.send(one.params, 0) for one in all]; wl.roundtrip()")
    other("all.append(Params(s).name(n).offer('\\u00fc' * 31 + 'x'))")
    t.equal(other("all[-1].events()"), [["offered"]])
    other("o = Params(s).name(n).offer('more')")
    t.equal(other("o.events()"), [["failed", OFFER_FAILURES["too_many"]]])
    t.equal(len(shares(compositor)["offers"]), 65)
    other("all.pop().destroy(); o = Params(s).name(n).offer('more')")
    t.equal(other("o.events()"), [["offered"]])
    # As many as one may take.
    owner("w = Watcher(s); all = [w.accept('n1', %d) for _ in range(64)]" % FLINK)
    t.equal(accept(owner, FLINK, "n1"), FAILURES["too_many"])
    owner("all.pop().destroy()")
    t.equal(accept(owner, FLINK, "n1"), None)
    owner.end(kill=True)
    other.end(kill=True)
    t.wait(lambda: not shares(compositor)["offers"], "the dead's offers to go")
    for flood in ("[Params(s) for _ in range(66)]", "[Watcher(s) for _ in range(17)]"):
        peer = Peer(t, compositor, name="flood")
        peer("s = Share(wl)")
        t.equal(peer.fails(flood + " and wl.roundtrip()"), (1, 2), flood)
        peer.end()
    compositor.stop()


def test_bad_requests(t):
    """Each costs its client the connection, with a line in the log."""
    compositor = start(t)
    good = offerer(t, compositor)
    bad = [
        ("p.name(n, 4)", PLANE_IDX), ("p.fd(0, 4)", PLANE_IDX), ("p.name(n, 1 << 31)", PLANE_IDX),
        ("p.name(n).name(n)", PLANE_SET), ("p.fd(card.export(h)).fd(0)", PLANE_SET),
        ("p.name(n).fd(0, 1)", MIXED), ("p.fd(0).name(n, 1)", MIXED),
        ("p", INCOMPLETE), ("p.name(n, 1)", INCOMPLETE), ("p.name(n).name(n, 1)", INCOMPLETE),
        ("p.name(n)", INCOMPLETE, "'x', 64, 64, NV12"),
        ("p.name(n)", FORMAT, "'x', 64, 64, 0"), ("p.name(n)", FORMAT, "'x', modifier=77"),
        ("p.name(n)", DIMENSIONS, "'x', 0"), ("p.name(n)", DIMENSIONS, "'x', 64, 16385"),
        ("p.name(n)", BOUNDS, "'x', 65"), ("p.name(n)", BOUNDS, "'x', 64, 65"),
        ("p.name(n)", BOUNDS, "'x', 16384, 16384"), ("p.name(n, offset=4)", BOUNDS),
        ("p.name(n, offset=0xfffffffc)", BOUNDS), ("p.name(n, stride=0xfffffffc)", BOUNDS),
        ("p.name(n, stride=258)", BOUNDS), ("p.name(n)", BOUNDS, "'x', modifier=X_TILED"),
        ("p.name(n).name(n, 1, 4096, 63)", BOUNDS, "'x', 64, 64, NV12"),
        ("p.name(0)", BUFFER), ("p.name(4711)", BUFFER), ("p.fd(0)", BUFFER),
        ("p.fd(os.memfd_create('x'))", BUFFER),
        ("p.name(n)", NAME, "''"), ("p.name(n)", NAME, "'x' * 64"),
        ("p.name(n)", NAME, "'a\\x0ab'"), ("p.name(n)", NAME, "b'\\xff'"),
        ("p.name(n)", NAME, "b'\\xc3'"), ("p.name(n)", NAME, "b'\\xc0\\x80'"),
    ]
    for i, (request, code, *arguments) in enumerate(bad):
        peer = Peer(t, compositor, name="bad")
        peer("s = Share(wl); h = card.create(64 * 64 * 4); n = card.flink(h); p = Params(s)")
        got = peer.fails(f"({request}).offer({arguments[0] if arguments else repr('x')})")
        t.equal(got, (peer("p.id"), code), f"{request} {arguments}")
        peer.end()
        lines = [line for line in compositor.log().splitlines()
                 if "testcard_share_params_v1 error" in line]
        t.equal(len(lines), i + 1, request)
    peer = Peer(t, compositor, name="bad")
    peer("s = Share(wl); h = card.create(64 * 64 * 4); n = card.flink(h); p = Params(s).name(n)")
    peer("p.offer('x')")
    t.equal(peer.fails("p.offer('y')"), (peer("p.id"), USED))
    peer.end()
    peer = taker(t, compositor)
    t.equal(peer.fails("w.accept('ball', 2)"), (peer("w.id"), 0))
    peer.end()
    t.wait(lambda: [one["name"] for one in shares(compositor)["offers"]] == ["ball"],
           "the bad to be gone and the good to stay")
    good.end()
    compositor.stop()


def test_death_at_each_step(t):
    """Whoever dies, and when: the other is told, and nothing stays with the compositor."""
    compositor = start(t)
    fds = f"/proc/{compositor.process.pid}/fd"
    steps = ["s = Share(wl)", "p = Params(s)", "p.name(n)", "o = p.offer('dying')"]
    watcher = taker(t, compositor, name="watcher")
    watcher("w.events()")
    baseline = None
    for count in range(1, len(steps) + 1):
        peer = Peer(t, compositor, name="dying")
        peer("h = card.create(1 << 14); n = card.flink(h)")
        for step in steps[:count]:
            peer(step)
        peer.end(kill=True)
        t.wait(lambda: not shares(compositor)["offers"], "nothing on offer")
        if baseline is None:
            baseline = len(os.listdir(fds))
    t.wait(lambda: ["withdrawn", "dying"] in watcher("w.events()"), "the watcher to be told")
    # The one who accepts dies.
    owner = offerer(t, compositor)
    for step in ("1", f"w.accept('ball', {DMABUF})", f"w.accept('ball', {FLINK})"):
        dying = taker(t, compositor, name="dying")
        dying(step)
        dying.end(kill=True)
    t.wait(lambda: not shares(compositor)["offers"][0]["takers"], "the dead to have released")
    kinds = [event[0] for event in owner("o.events()")]
    t.equal(kinds, ["offered"] + ["accepted", "released"] * 2)
    owner.end(kill=True)
    t.wait(lambda: len(os.listdir(fds)) <= baseline, "the descriptors of the dead")
    watcher.end()
    compositor.stop()


tc.main(globals())
