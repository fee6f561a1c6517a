"""testcardctl state, history and trace: who shows what on which plane, who else has it, by which
name, and the schemas that say how it is said; what a recording has of a run of known length."""
import collections
import json
import os
import re
import subprocess

import schema
import tc
from peer import Peer, open_up

DEVICE = os.path.join(tc.BUILD, "protocols/server/testcard-device")
FLIP = os.path.join(tc.DEMO, "testcard-flip")
BLIT = os.path.join(tc.DEMO, "testcard-blit")
VIDEO = os.path.join(tc.DEMO, "testcard-video")
PATTERN = os.path.join(tc.DEMO, "testcard-pattern")
CURSOR = os.path.join(tc.DEMO, "testcard-cursor")
CARD_PID = 10000000


def device(t, *options):
    folder = os.path.join(t.runtime, "d")
    process = t.start(DEVICE, "--dir", folder, "--no-input", *options)
    t.wait(lambda: os.path.exists(folder + "/control.sock"), "the control socket")

    def ctl(*words, status=0):
        done = subprocess.run([tc.CTL, "--dir", folder, *words], env=t.env(), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        t.equal(done.returncode, status, f"exit code of {words}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)
    return process, folder, ctl


def valid(t, answer, name):
    t.equal(schema.problems(answer, name), [], name)
    return answer


def state(t, compositor):
    return valid(t, compositor.ctl("state"), "state")


def surfaces(t, compositor, app_id):
    return [s for s in state(t, compositor)["surfaces"] if s["app_id"] == app_id]


def history(t, compositor, *words):
    return valid(t, compositor.ctl("history", *words), "history")["vblanks"]


def test_the_schema_can_fail(t):
    good = {"ok": True, "crtc": 1, "vblanks": [{"count": 1, "time_ns": 2, "flips": 3,
                                               "plane_count": 0, "planes": []}]}
    t.equal(schema.problems(good, "history"), [])
    for change in ({"ok": False}, {"crtc": "1"}, {"crtc": -1}, {"crtc": True}, {"extra": 1},
                   {"vblanks": {}}, {"vblanks": [{}]}, {"vblanks": [good["vblanks"][0]] * 257}):
        t.check(schema.problems({**good, **change}, "history"), str(change))
    t.equal(schema.problems({"ok": True, "crtc": 1}, "history"), ["$: no vblanks"])


def test_history_of_a_lockstep(t):
    """Ten vblanks, each with the client's next flip: two framebuffers in turn, all its own."""
    process, folder, ctl = device(t, "--clock", "virtual")
    t.equal(valid(t, ctl("history"), "history")["vblanks"], [])
    flip = t.start(tc.LAUNCHER, "exec", "--join", folder, "--", FLIP, "--frames", "40",
                   log=t.path("client.log"))
    ctl("time", "step", "2", "commit")
    after = ctl("time", "step", "10", "commit")["crtcs"][0]
    told = valid(t, ctl("state"), "state")
    vblanks = valid(t, ctl("history", "10"), "history")["vblanks"]
    t.equal([v["count"] for v in vblanks], list(range(after["count"] - 9, after["count"] + 1)))
    t.equal([v["flips"] for v in vblanks], list(range(after["flips"] - 9, after["flips"] + 1)))
    t.equal(vblanks[-1]["time_ns"], after["time_ns"], "time of the last")
    shown = [v["planes"][0] for v in vblanks]
    t.equal([len(v["planes"]) for v in vblanks], [1] * 10)
    t.check(all(a["fb"] != b["fb"] and a["buffer"] != b["buffer"]
                for a, b in zip(shown, shown[1:])), str(shown))
    t.equal(len({s["fb"] for s in shown}), 2, "framebuffers")
    # What history says of the last vblank is what state says of the present.
    plane, = [p for p in told["planes"] if p["fb"]]
    t.equal((plane["id"], plane["fb"], plane["buffer"]),
            (shown[-1]["plane"], shown[-1]["fb"], shown[-1]["buffer"]))
    owner, = [f for f in told["files"] if f["master"]]
    for buffer in told["buffers"]:
        t.equal((buffer["creator"], buffer["holder_count"], buffer["flink"], buffer["dma_buf"]),
                (owner["pid"], 1, 0, None))
        t.equal((buffer["holders"][0]["pid"], buffer["holders"][0]["process"]),
                (owner["pid"], "testcard-flip"))
    t.equal({(s["owner"], s["creator"]) for s in shown}, {(owner["pid"], owner["pid"])})
    t.equal({b["serial"] for b in told["buffers"]}, {s["buffer"] for s in shown})
    ctl("time", "fast")
    t.equal(flip.wait(tc.TIMEOUT), 0, "status of the client")
    t.running.remove(flip)
    t.stop(process)


def test_bad_words(t):
    process, folder, ctl = device(t)
    for words in (["0"], ["257"], ["x"], ["1", "2"], ["crtc", "9"], ["card", "1"], ["-1"]):
        ctl("history", *words, status=1)
    for words in ([], ["start"], ["stop"], ["start", "/nowhere/at/all"], ["start", t.root],
                  ["start", t.path("x"), "protobuf"], ["go", t.path("x")], ["stop", "now"]):
        ctl("trace", *words, status=1)
    t.check(not os.path.exists(t.path("x")), "a file was made")
    ctl("trace", "start", t.path("x"))
    t.check("already" in ctl("trace", "start", t.path("y"), status=1)["error"])
    t.check(not os.path.exists(t.path("y")), "a second file was made")
    ctl("trace", "stop")
    ctl("trace", "stop", status=1)
    t.stop(process)
    text = t.run(DEVICE, "--trace", "/nowhere/at/all", "--dir", folder, status=1)
    t.check("trace /nowhere/at/all: No such file" in text, text)


# ---- on screen ----

def test_a_video_and_a_window(t):
    """One on a plane and never copied, the other in shared memory and composited."""
    compositor = tc.Compositor(t, run=[PATTERN])
    compositor.wait_windows(1)
    # Above the pattern: what is below a composited window is composited.
    player = t.start(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", VIDEO, "--size",
                     "320x240", WAYLAND_DISPLAY="wayland-0", log=t.path("video.log"))
    compositor.wait_windows(2)
    t.wait(lambda: (found := surfaces(t, compositor, "testcard-video")) and found[0]["plane"],
           "the video on a plane")
    t.wait(lambda: surfaces(t, compositor, "testcard-pattern")[0]["copied_bytes"] > 0,
           "the pattern's pixels")
    compositor.ctl("wait-vblank", "2")
    told = state(t, compositor)
    video, = [s for s in told["surfaces"] if s["app_id"] == "testcard-video"]
    pattern, = [s for s in told["surfaces"] if s["app_id"] == "testcard-pattern"]
    t.equal((video["kind"], video["process"], video["plane_type"], video["format"],
             video["buffer_width"], video["buffer_height"]),
            ("dma-buf", "testcard-video", "overlay", "XR24", 320, 240))
    t.equal((video["copied_bytes"], video["composited_frames"]), (0, 0), "copied")
    t.check(video["scanned_frames"] > 0)
    buffer = video["buffer"]
    t.equal((buffer["creator"], buffer["flink"], buffer["dma_buf"]["exported"]),
            (video["pid"], 0, True))
    holders = {h["pid"]: h for h in buffer["holders"]}
    t.equal(set(holders), {video["pid"], compositor.process.pid}, "holders")
    t.equal(sum(h["handles"] for h in buffer["holders"]), buffer["handle_count"])
    t.check(buffer["settled"] or buffer["holder_count"] == 2)
    t.equal((pattern["kind"], pattern["buffer"], pattern["plane"], pattern["buffer_width"]),
            ("shm", None, None, 640))
    t.equal(pattern["scanned_frames"], 0)
    t.equal(told["copied_bytes"] >= pattern["copied_bytes"], True, "copied in all")
    # The same of the last second's vblanks: the client's buffers, by the client's pid.
    def vblanks_with_it():
        last = history(t, compositor, "10")
        seen = [p for v in last for p in v["planes"] if p["plane"] == video["plane"]]
        return (last, seen) if seen else None
    vblanks, seen = t.wait(vblanks_with_it, "the plane at a vblank")
    t.equal({(p["owner"], p["creator"]) for p in seen}, {(video["pid"], video["pid"])})
    t.check(all(p["inode"] for p in seen), "a dma-buf has an inode")
    ours = [p for v in vblanks for p in v["planes"] if p["plane"] != video["plane"]]
    t.equal({p["owner"] for p in ours}, {compositor.process.pid}, "the composition")
    t.stop(player, status=None)
    compositor.stop()


def test_a_flink_name(t):
    """The name it came by, who opened it, and what is left of it when its maker dies."""
    compositor = open_up(t, tc.Compositor(t))
    maker, viewer = Peer(t, compositor, name="maker"), Peer(t, compositor, name="viewer")
    maker("h = card.picture(320, 240, XRGB_BLUE)")
    name = maker("card.flink(h)")
    viewer(f"w = Window(wl); d = Drm(wl); b = d.buffer({name}, 320, 240, 1280); w.show(b)")
    window, = compositor.wait_windows(1)
    t.wait(lambda: surfaces(t, compositor, "peer")[0]["plane"], "the picture on a plane")
    shown, = surfaces(t, compositor, "peer")
    buffer = shown["buffer"]
    t.equal((shown["kind"], shown["name"], shown["pid"], shown["copied_bytes"]),
            ("flink", name, viewer.pid, 0))
    t.equal((shown["x"], shown["y"], shown["width"], shown["height"]),
            (window["x"], window["y"], 320, 240))
    t.equal((buffer["flink"], buffer["creator"], buffer["size"]), (name, maker.pid, 307200))
    # The viewer knows but the number: those who have it are its maker and the compositor.
    t.equal({h["pid"] for h in buffer["holders"]}, {maker.pid, compositor.process.pid})
    t.equal([h["handle"] for h in buffer["holders"] if h["pid"] == maker.pid], [maker("h")])
    plane, = t.wait(lambda: [p for p in history(t, compositor, "1")[-1]["planes"]
                             if p["plane"] == shown["plane"]], "the plane at a vblank")
    t.equal((plane["owner"], plane["creator"], plane["flink"], plane["buffer"]),
            (viewer.pid, maker.pid, name, buffer["serial"]))
    viewer(f"again = card.open({name})[0]")
    shown, = surfaces(t, compositor, "peer")
    t.equal({h["pid"] for h in shown["buffer"]["holders"]},
            {maker.pid, viewer.pid, compositor.process.pid})
    maker.end(kill=True)
    viewer("card.close(again)")
    t.wait(lambda: maker.pid not in [h["pid"] for h in
                                     surfaces(t, compositor, "peer")[0]["buffer"]["holders"]],
           "the maker's handles to go")
    shown, = surfaces(t, compositor, "peer")
    t.equal(shown["buffer"]["creator"], maker.pid, "who made it")
    t.equal(shown["buffer"]["serial"], buffer["serial"], "the object")
    viewer.end()
    compositor.stop()


def test_a_cursor(t):
    """A client's is told of, on its plane and composited; the compositor's own is not."""
    compositor = tc.Compositor(t)
    client = t.start(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", CURSOR, "--frames", "1",
                     WAYLAND_DISPLAY="wayland-0", log=t.path("cursor.log"),
                     ASAN_OPTIONS="verify_asan_link_order=0")
    window, = compositor.wait_windows(1)
    left, top = window["x"] + 100 - 16, window["y"] + 80 - 16

    def cursors(told=None):
        return [s for s in (told or state(t, compositor))["surfaces"] if s["role"] == "cursor"]

    def planes():
        return [p["plane"] for p in compositor.ctl("planes")["outputs"][0]["planes"]
                if p["shows"] == "cursor"]

    def point(x, y):
        compositor.ctl("move-to", str(window["x"] + x), str(window["y"] + y))

    def on_plane():
        """As the device has it too, which may be a vblank behind."""
        told = state(t, compositor)
        found, = cursors(told) or [None]
        return found and [p for p in told["planes"]
                          if (p["id"], p["type"], p["fb"], p.get("x"), p.get("y")) ==
                          (found["plane"], "cursor", found["fb"], left, top)] and told
    # Beside the window it is the compositor's own.
    point(window["width"] + 40, 80)
    t.wait(lambda: planes() and not cursors(), "the compositor's own cursor")
    point(100, 80)
    told = t.wait(on_plane, "the cursor on its plane")
    found, = cursors(told)
    t.equal(planes(), [found["plane"]], "testcardctl planes")
    t.equal((found["pid"], found["process"], found["kind"], found["format"], found["buffer"]),
            (window["pid"], "testcard-cursor", "shm", "AR24", None))
    t.equal((found["buffer_width"], found["buffer_height"], found["x"], found["y"],
             found["width"], found["height"]), (32, 32, left, top, 32, 32))
    t.equal(found["plane_type"], "cursor")
    t.equal([s["role"] for s in told["surfaces"]], ["window", "cursor"], "the lowest first")
    compositor.ctl("planes", "off")
    t.wait(lambda: cursors() and cursors()[0]["plane"] is None, "the cursor composited")
    found, = cursors()
    t.equal((found["pid"], found["x"], found["y"], found["plane_type"], found["fb"]),
            (window["pid"], left, top, None, None))
    t.stop(client, status=None)
    t.wait(lambda: not cursors(), "the cursor to go with its client")
    compositor.stop()


# ---- traces ----

def arrows(t, events):
    """The fences of its submits and of its jobs. Perfetto refuses an id that is no hexadecimal
    number, and lets an arrow point from the slice that began first, whatever was meant."""
    ends = collections.defaultdict(list)
    for e in events:
        if "bind_id" in e:
            t.check(e["ph"] == "X" and re.fullmatch("0x[0-9a-f]+", e["bind_id"]), str(e))
            ends[e["bind_id"]].append((e["ts"], e["ts"] + e["dur"], e))
    starts, steps = collections.Counter(), collections.Counter()
    for fence, ones in ends.items():
        kinds = [(e.get("flow_in", False), e.get("flow_out", False))
                 for _, _, e in sorted(ones, key=lambda one: one[:2])]
        starts[fence] += kinds.count((False, True))
        steps[fence] += kinds.count((True, True))
        t.equal(kinds, sorted(kinds, key=((False, True), (True, True), (True, False)).index),
                f"submit, job, flips of {fence}")
        jobs = [end for _, end, e in ones if e["cat"] == "gpu"]
        for begin, _, e in ones:
            t.check(e["cat"] != "kms" or not jobs or begin >= jobs[0] - 0.001,
                    f"a flip's arrow comes from a job that is not over: {e}")
    t.check(all(count <= 1 for count in starts.values()), "a fence has two submits")
    t.check(all(count <= 1 for count in steps.values()), "a fence has two jobs")
    return +starts, +steps


def load(t, path):
    """A trace, having looked that it is well-formed."""
    with open(path) as file:
        events = json.load(file)
    named = {(e["name"], e["pid"], e["tid"]) for e in events if e["ph"] == "M"}
    processes = {pid for what, pid, _ in named if what == "process_name"}
    threads = {(pid, tid) for what, pid, tid in named if what == "thread_name"}
    slices = collections.defaultdict(list)
    for e in events:
        t.check(e["ph"] in "MXi", f"phase {e['ph']}")
        t.check(isinstance(e["pid"], int) and isinstance(e["tid"], int) and e["name"], str(e))
        t.check(e["pid"] in processes and (e["pid"], e["tid"]) in threads, f"nameless: {e}")
        if e["ph"] != "M":
            t.check(e["ts"] >= 0, str(e))
        if e["ph"] == "X":
            # Nanoseconds: fractions of microseconds do not add up exactly.
            begin, length = round(e["ts"] * 1000), round(e["dur"] * 1000)
            t.check(length >= 0, str(e))
            slices[e["pid"], e["tid"]].append((begin, -length, e["name"]))
    for track, ones in slices.items():
        ends = []
        for begin, length, name in sorted(ones):
            while ends and ends[-1] <= begin:
                ends.pop()
            t.check(not ends or begin - length <= ends[-1], f"{name} on {track} overlaps")
            ends.append(begin - length)
    starts, steps = arrows(t, events)
    last = [e for e in events if e["ph"] != "M"][-1]
    t.equal(last["name"], "end of trace")
    t.equal(last["args"]["dropped"], 0, "dropped")
    return events, starts, steps


def named(events, phase, name):
    return [e for e in events if (e["ph"], e["name"]) == (phase, name)]


def test_ten_flips_are_ten_slices(t):
    process, folder, ctl = device(t, "--clock", "virtual")
    flip = t.start(tc.LAUNCHER, "exec", "--join", folder, "--", FLIP, "--frames", "40",
                   log=t.path("client.log"))
    ctl("time", "step", "2", "commit")
    ctl("trace", "start", t.path("trace.json"))
    after = ctl("time", "step", "10", "commit")["crtcs"][0]
    told = ctl("trace", "stop")
    ctl("time", "step", "commit")
    events, _, _ = load(t, t.path("trace.json"))
    flips, vblanks = named(events, "X", "flip"), named(events, "i", "vblank")
    wanted = list(range(after["count"] - 9, after["count"] + 1))
    t.equal([e["args"]["vblank"] for e in flips], wanted, "flips")
    t.equal([e["args"]["vblank"] for e in vblanks], wanted, "vblanks")
    t.equal({e["pid"] for e in flips + vblanks}, {CARD_PID})
    t.equal(flips[-1]["args"]["time_ns"], after["time_ns"], "the device's time")
    # The client has asked for them: all but the first, which came before, and the next one.
    # A request is told of when it ends: the last two may have been under way still.
    commits = named(events, "X", "MODE_ATOMIC")
    t.check(8 <= len(commits) <= 11, f"{len(commits)} commits")
    t.equal({e["args"]["result"] for e in commits}, {"ok"})
    client, = {e["pid"] for e in commits}
    t.equal({e["args"]["client"] for e in flips}, {client})
    names = [e["args"]["name"] for e in named(events, "M", "process_name") if e["pid"] == client]
    t.equal(names, ["testcard-flip"])
    t.equal(told["dropped"], 0)
    t.equal(told["events"], len([e for e in events if e["ph"] in "Xi"]) - 1, "events")
    ctl("time", "fast")
    t.equal(flip.wait(tc.TIMEOUT), 0, "status of the client")
    t.running.remove(flip)
    t.stop(process)


def test_a_job_for_each_batch(t):
    """Of a whole run: jobs are the batches that were taken, each with an arrow from its submit."""
    t.exec(BLIT, options=("--no-input", "--driver", "i915", "--trace", t.path("trace.json")))
    events, starts, steps = load(t, t.path("trace.json"))
    jobs = named(events, "X", "job")
    batches = [e for e in events if e["ph"] == "X" and "EXECBUFFER2" in e["name"]
               and e["args"]["result"] == "ok"]
    t.check(len(batches) > 0)
    t.equal(len(jobs), len(batches), "jobs")
    t.equal(starts, steps, "arrows")
    t.equal(len(starts), len(jobs))
    t.equal({e["args"]["result"] for e in jobs}, {"ok"})
    t.equal({e["args"]["client"] for e in jobs}, {e["pid"] for e in batches})
    t.equal(len([e for e in batches if "bind_id" in e]), len(batches), "arrows of submits")
    for e in events:
        if e["ph"] == "X" and e["cat"] == "ioctl":
            t.equal(e["args"]["card"], 0)


def test_a_failed_request_says_why(t):
    compositor = open_up(t, tc.Compositor(t))
    peer = Peer(t, compositor)
    compositor.ctl("trace", "start", t.path("trace.json"))
    t.equal(peer.fails("card.open(99999)"), "ENOENT")
    peer("card.flink(card.create(4096))")
    compositor.ctl("trace", "stop")
    events, _, _ = load(t, t.path("trace.json"))
    mine = [(e["name"], e["args"]["result"]) for e in events
            if e["ph"] == "X" and e["pid"] == peer.pid]
    t.check(("GEM_OPEN", "ENOENT") in mine and ("GEM_FLINK", "ok") in mine, str(mine))
    peer.end()
    compositor.stop()


def test_the_compositor_is_in_it(t):
    """Frames of the compositor, jobs of its batches, flips of both: one recording of all."""
    compositor = tc.Compositor(t, run=[PATTERN])
    compositor.wait_windows(1)
    compositor.ctl("trace", "start", t.path("trace.json"))
    first = surfaces(t, compositor, "testcard-pattern")[0]["composited_frames"]
    t.wait(lambda: surfaces(t, compositor, "testcard-pattern")[0]["composited_frames"] > first + 5,
           "some frames")
    compositor.ctl("wait-vblank", "2")
    compositor.ctl("trace", "stop")
    events, starts, steps = load(t, t.path("trace.json"))
    for phase, name in (("X", "frame"), ("X", "flip"), ("i", "vblank"), ("X", "MODE_ATOMIC")):
        t.check(named(events, phase, name), f"no {name}")
    t.check(set(starts) & set(steps), f"{starts} {steps}")
    shown = {e["bind_id"] for e in events if e["ph"] == "X" and e["cat"] == "kms" and
             "bind_id" in e}
    t.check(len(shown & set(starts) & set(steps)) > 2, f"from request to flip: {shown}")
    t.equal({e["pid"] for e in named(events, "X", "frame")}, {compositor.process.pid})
    names = {e["args"]["name"] for e in named(events, "M", "process_name")}
    t.check({"testcard-compositor", "card0"} <= names, f"whole names: {names}")
    compositor.ctl("trace", "start", t.path("second.json"))
    compositor.stop()
    load(t, t.path("second.json"))


tc.main(globals())
