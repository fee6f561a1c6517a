"""Producers and consumers of shared buffers, started and killed at random. To be run with the
preload library in a compositor. usage: churn.py SECONDS COUNT SEED

Most are forks of this process, which are there at once; every fifth is a demo client that has to be
loaded. Each lives until SIGKILL, wherever that meets it. One line of JSON at the end: how many of a
kind there were, and how far they came."""
import json
import mmap
import os
import random
import select
import signal
import sys
import time
import traceback

import peer
import wayland

SIZE = 64
MOST = 16  # at once
# How far a client came, in the byte that it has in the memory of all.
STARTED, READY, SHARED, SHOWN, FAILED = range(5)
REACHED = ("started", "ready", "shared", "shown", "failed")


class Life:
    """What one client does until it is killed."""

    def __init__(self, chance, report):
        self.chance, self.report = chance, report
        self.wl = wayland.Client(os.path.join(os.environ["XDG_RUNTIME_DIR"], "wayland-0"))
        self.wl.socket.settimeout(None)
        self.card = peer.Card("card0")
        self.share = peer.Share(self.wl)
        self.drm = peer.Drm(self.wl)
        report(READY)

    def window(self, handle):
        window = peer.Window(self.wl, "churn")
        fd = self.card.export(handle)
        buffer = self.drm.planar(0, SIZE, SIZE, peer.XRGB, 0, SIZE * 4, fd=fd)
        os.close(fd)
        window.show(buffer)
        self.report(SHOWN)
        return window, buffer

    def draw(self, handle, window=None):
        while True:
            self.card.fill(handle, SIZE * SIZE * 4, self.chance.randrange(1 << 24))
            if window:
                window[0].show(window[1])
            select.select([], [], [], 0.03)
            self.wl.roundtrip()
            self.wl.events.clear()

    def producer(self, transport):
        handle = self.card.picture(SIZE, SIZE, self.chance.randrange(1 << 24))
        params = peer.Params(self.share)
        if transport == peer.FLINK:
            params.name(self.card.flink(handle))
        else:
            fd = self.card.export(handle)
            params.fd(fd)
            os.close(fd)
        params.offer(f"churn-{os.getpid()}")
        self.report(SHARED)
        self.draw(handle, self.window(handle) if self.chance.random() < 0.3 else None)

    def accept(self, watcher, offers):
        """The handle of one of the offers, or None: its owner may have been killed."""
        transport = self.chance.choice((peer.FLINK, peer.DMABUF))
        taken = watcher.accept(self.chance.choice(sorted(offers)), transport)
        events = {event[0]: event[1:] for event in taken.events()}
        try:
            if "plane_name" in events:
                return self.card.open(events["plane_name"][1])[0]
            if "plane_fd" in events:
                return self.card.take(events["plane_fd"][1])
        except FileNotFoundError:
            pass  # the name died with its last handle
        return None

    def consumer(self, _):
        watcher, offers, handle = peer.Watcher(self.share), set(), None
        while handle is None:
            for name, *rest in watcher.events():
                if name == "offer" and rest[0].startswith("churn-"):
                    offers.add(rest[0])
                elif name == "withdrawn":
                    offers.discard(rest[0])
            handle = self.accept(watcher, offers) if offers else None
            if handle is None:
                select.select([], [], [], 0.02)
        self.report(SHARED)
        self.draw(handle, self.window(handle))


def demo(name, *options):
    return [os.path.join(os.environ["TESTCARD_BUILD"], "clients/demo", name), *options]


KINDS = {
    "producer, flink": lambda life: life.producer(peer.FLINK),
    "producer, dma-buf": lambda life: life.producer(peer.DMABUF),
    "consumer": lambda life: life.consumer(None),
    "testcard-dmabuf": demo("testcard-dmabuf", "--size", "96x64", "--layout", "x-tiled"),
    "testcard-video": demo("testcard-video", "--size", "96x64"),
    "testcard-producer, flink": demo("testcard-producer", "--name", "demo-{own}"),
    "testcard-producer, dma-buf": demo("testcard-producer", "--dma-buf", "--name", "demo-{own}"),
    "testcard-consumer, flink": demo("testcard-consumer", "--name", "demo-{last}"),
    "testcard-consumer, dma-buf": demo("testcard-consumer", "--dma-buf", "--name", "demo-{last}"),
}
WEIGHTS = (8, 8, 8, 1, 1, 1, 1, 1, 1)


def live(what, chance, report, **names):
    """The child's: does not return. names: of its offer, and of the producer started last."""
    try:
        if isinstance(what, list):
            os.execv(what[0], [word.format(**names) for word in what])
        what(Life(chance, report))
    except BaseException:
        report(FAILED)
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


def main():
    seconds, count, seed = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance, reached = random.Random(seed), mmap.mmap(-1, count)
    running, kinds, died, last = [], [], dict.fromkeys(KINDS, 0), 0
    begin = time.monotonic()
    for i in range(count):
        kind, = chance.choices(list(KINDS), WEIGHTS)
        kinds.append(kind)
        if kind.startswith("testcard-producer"):
            last = i
        seed_of_child = chance.random()
        pid = os.fork()
        if pid == 0:
            def report(far):
                reached[i] = far
            live(KINDS[kind], random.Random(seed_of_child), report, own=i, last=last)
        running.append((pid, kind))
        while running and (len(running) > MOST or chance.random() < 0.4):
            victim, kind = running.pop(chance.randrange(len(running)))
            if os.waitpid(victim, os.WNOHANG) != (0, 0):
                died[kind] += 1
                continue
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
        time.sleep(max(0, begin + (i + 1) * seconds / count - time.monotonic()))
    took = time.monotonic() - begin
    for pid, _ in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    table = {kind: dict.fromkeys(REACHED, 0) for kind in KINDS}
    for kind, far in zip(kinds, reached[:]):
        table[kind][REACHED[far]] += 1
    print(json.dumps({"seconds": round(took, 1), "started": count, "died": sum(died.values()),
                      "died_of": {kind: n for kind, n in died.items() if n}, "kinds": table}))


if __name__ == "__main__":
    main()
