"""Devices by description: the shipped ones under unmodified programs, and mistakes in files,
which are named before anything starts."""
import json
import os
import shutil

import tc
from held import Held

SHIPPED = {"minimal": (1, 1, 1), "desktop": (4, 16, 4), "soc": (2, 6, 3)}  # crtcs, planes, connectors


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tc.Skip(f"{program} is not installed")


def dump(t, device):
    """What drm_info says of the device."""
    need("drm_info")
    text = t.exec("drm_info", "-j", options=("--device", device) if device else ())
    nodes = json.loads(text)
    t.equal(list(nodes), ["/dev/dri/card0"], "nodes")
    return nodes["/dev/dri/card0"]


def test_shipped_devices_have_what_they_say(t):
    for name, counts in SHIPPED.items():
        node = dump(t, name)
        t.equal(tuple(len(node[part]) for part in ("crtcs", "planes", "connectors")), counts, name)
    soc = dump(t, "soc")
    t.equal([plane["possible_crtcs"] for plane in soc["planes"]], [1, 2, 3, 3, 3, 1], "soc's masks")
    yuv = [0x3231564e in plane["formats"] for plane in soc["planes"]]
    t.equal(yuv, [False, False, True, True, False, False], "soc's planes with NV12")


def frames_in(t, name):
    try:
        return os.listdir(t.path(name + "-frames"))
    except FileNotFoundError:
        return []


def test_modetest_lights_every_screen(t):
    need("modetest")
    for name, crtc_and_mode in {"minimal": [(0, "1024x768")], "soc": [(0, "1280x720"), (1, "720x1280")],
                                "desktop": [(0, "1920x1080"), (1, "2560x1440"), (3, "1920x1200")]}.items():
        node = dump(t, name)
        connectors = [connector for connector in node["connectors"] if connector["status"] == 1]
        t.equal(len(connectors), len(crtc_and_mode), f"{name}'s connected screens")
        options = []
        for connector, (crtc, mode) in zip(connectors, crtc_and_mode):
            options += ["-s", f"{connector['id']}@{node['crtcs'][crtc]['id']}:{mode}"]
        # It shows them until it reads a line.
        card = Held(t, "modetest", "-M", "testcard", *options, name=name,
                    options=("--device", name, "--frames", t.path(name + "-frames")))
        want = {f"crtc{crtc}" for crtc, _ in crtc_and_mode}
        card.wait(lambda: want <= {file.split("-")[0] for file in frames_in(t, name)},
                  f"frames of {sorted(want)}")
        out = card.done()
        t.check("failed to set mode" not in out and "failed to create" not in out, out)


def wrong_device(t, text, expected):
    path = t.path("wrong.json")
    with open(path, "w") as file:
        file.write(text)
    for argv in ((tc.LAUNCHER, "exec", "--device", path, "--", "touch", t.path("started")),
                 (tc.LAUNCHER, "device", "--device", path),
                 (tc.COMPOSITOR, "--headless", "--device", path)):
        out = t.run(*argv, status=None)
        t.check(f"{path}: {expected}" in out, f"{argv}: {out}")
        t.check(not os.path.exists(t.path("started")), "the program was started")
        t.equal(os.listdir(t.runtime), [], "runtime folder")


def test_mistakes_are_named(t):
    wrong_device(t, '{"testcard": 1,\n "crtcs": [{}}', "line 2, column 14: ")
    wrong_device(t, '{"testcard": 1, "crtcs": [{"gama_size": 3}]}',
                 "crtcs[0].gama_size: there is no such field")
    out = t.exec("true", options=("--device", "laptop"), status=125)
    t.check("laptop: no such device is shipped" in out, out)
    out = t.exec("true", options=("--device", "./no-file"), status=125)
    t.check("./no-file: No such file or directory" in out, out)


def test_relative_path(t):
    with open(os.path.join(tc.BUILD, "protocols/profile/minimal.json")) as file:
        text = file.read()
    with open(t.path("mine.json"), "w") as file:
        file.write(text.replace("Minimal", "Mine"))
    here = os.getcwd()
    launcher = os.path.abspath(tc.LAUNCHER)
    os.chdir(t.out)
    try:
        out = t.run(launcher, "exec", "--device", "mine.json", "--", "sh", "-c",
                    "strings /sys/class/drm/card0-VGA-1/edid 2>/dev/null || cat /sys/class/drm/card0-VGA-1/edid")
    finally:
        os.chdir(here)
    t.check("Mine" in out, out)


def test_edids(t):
    """Of all that is connected edid-decode finds no failure."""
    need("edid-decode")
    for name in SHIPPED:
        out = t.exec("sh", "-c", "for c in /sys/class/drm/card0-*; do if [ -s $c/edid ]; then "
                     f"cat $c/edid >{t.path(name)}-${{c##*/}}; fi; done", options=("--device", name))
    files = [file for file in os.listdir(t.out) if "card0" in file]
    t.equal(len(files), 1 + 3 + 2, f"EDIDs {files}")
    for file in files:
        out = t.run("edid-decode", "-c", t.path(file))
        t.check("Failures:" not in out and "EDID conformity: PASS" in out, f"{file}: {out}")


def test_edid_at_runtime_brings_its_modes(t):
    """The SoC's first screen becomes the desktop's second: with that one's EDID and modes."""
    t.exec("sh", "-c", f"cat /sys/class/drm/card0-DP-1/edid >{t.path('dp.bin')}",
           options=("--device", "desktop"))
    directory = os.path.join(t.runtime, "tc")
    out = t.exec("sh", "-c", f"{tc.CTL} --dir {directory} edid {t.path('dp.bin')}; drm_info -j",
                 options=("--device", "soc", "--dir", directory))
    modes = json.loads(out[out.index("{", out.index("}")):])["/dev/dri/card0"]["connectors"][0]["modes"]
    t.equal((modes[0]["hdisplay"], modes[0]["vrefresh"]), (2560, 144), "preferred mode")


def test_our_compositor(t):
    """On each of them, without a cursor plane (minimal, soc), too."""
    for name, size in {"minimal": (1024, 768), "desktop": (1920, 1080), "soc": (1280, 720)}.items():
        compositor = tc.Compositor(t, "--device", name)
        compositor.shows(lambda image: (image.width, image.height) == size, f"{name}'s size")
        compositor.stop()


def test_weston_lights_every_screen(t):
    """An unmodified compositor finds monitors, crtcs and planes of its own accord."""
    need("weston")
    if os.geteuid() != 0 or not os.path.exists("/dev/tty7"):
        raise tc.Skip("weston's own launcher wants root and a virtual terminal")
    for name, screens, model in (("desktop", 3, "Desk 144"), ("soc", 2, "SoC panel")):
        os.mkdir(t.path(name))
        device = t.start(tc.LAUNCHER, "exec", "--device", name, "--frames", t.path(name), "--",
                         "weston", "--backend=drm-backend.so", "--tty=7", "--use-pixman",
                         f"-S{name}", log=t.path(f"{name}.log"))
        t.wait(lambda: len({file.split("-")[0] for file in os.listdir(t.path(name))}) == screens,
               f"a frame on each of {name}'s screens")
        with open(device.log, errors="replace") as file:
            t.check(f"EDID make 'TCD', model '{model}'" in file.read(), f"{name}'s EDID")
        t.stop(device, status=None)


def test_size_comes_first(t):
    compositor = tc.Compositor(t, "--device", "soc", "--size", "900x500")
    compositor.shows(lambda image: (image.width, image.height) == (900, 500), "the size")
    compositor.stop()


BLOB, OBJECT = 16, 64


def without_ids(node):
    """A dump whose objects are named by their places: ids, blobs' too, say nothing."""
    indices = {entry["id"]: index for index, entry in enumerate(node["encoders"])}
    for connector in node["connectors"]:
        connector["encoders"] = [indices[id] for id in connector["encoders"]]
    for part in ("connectors", "encoders", "crtcs", "planes"):
        for entry in node[part]:
            del entry["id"]
            entry["properties"] = list(entry.get("properties", {}).items())  # in order
            for _, prop in entry["properties"]:
                del prop["id"]
                if prop["type"] in (BLOB, OBJECT):
                    prop["raw_value"] = bool(prop["raw_value"])
    return node


def first_difference(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict) and list(a) == list(b):
        pairs = [(key, a[key], b[key]) for key in a]
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = [(index, x, y) for index, (x, y) in enumerate(zip(a, b))]
    else:
        return None if a == b else f"{path}: {a} and {b}"
    for key, x, y in pairs:
        difference = first_difference(x, y, f"{path}/{key}")
        if difference:
            return difference
    return None


def test_round_trip(t):
    """A device made of another one's dump gives the same dump."""
    for name in (None, *SHIPPED):
        first = dump(t, name)
        path = t.path(f"{name}.json")
        with open(path, "w") as file:
            json.dump({"/dev/dri/card0": first}, file)
        second = dump(t, path)
        t.equal(first_difference(without_ids(first), without_ids(second)), None, f"{name}")


tc.main(globals())
