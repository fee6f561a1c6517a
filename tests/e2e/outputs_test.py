"""Several outputs, with what clients may do to them: power, gamma, adaptive sync, leases."""
import json
import os
import struct
import sys
import tempfile

import tc
import wayland

VIDEO = os.path.join(tc.DEMO, "testcard-video")
SLATE = 0x28333f  # the backdrop
OFF, ON = 0, 1


def outputs(compositor):
    return {output["name"]: output for output in compositor.ctl("planes")["outputs"]}


def connect(t):
    return wayland.Client(os.path.join(t.runtime, "wayland-0"))


def shows(compositor, size, at, crtc=0):
    """Waits until the crtc shows a picture of that size, in which the backdrop is at a place."""
    compositor.shows(lambda image: (image.width, image.height) == size
                     and image.pixel(*at) == SLATE, f"{size} of backdrop", f"crtc{crtc}.png", crtc)


def test_every_connected_connector_is_an_output(t):
    compositor = tc.Compositor(t, "--device", "desktop", "--preload-clients",
                               run=[f"{VIDEO} --size 320x240"],
                               ASAN_OPTIONS="verify_asan_link_order=0")
    t.equal(set(outputs(compositor)), {"HDMI-A-1", "DP-1", "eDP-1"})
    compositor.ctl("move-to", "1900", "1000")
    compositor.wait_windows(1)
    # Crtcs go to connectors in their order: the third is that of the one that is not connected.
    for crtc, size in ((0, (1920, 1080)), (1, (2560, 1440)), (3, (1920, 1200))):
        shows(compositor, size, (size[0] // 2, size[1] - 200), crtc)

    def on_plane():
        # Its window may have come before the pointer did: then it is on another output.
        shown = [p for output in outputs(compositor).values() for p in output["planes"]
                 if p["shows"] == "client"]
        return shown and shown[0]["copied_bytes"] == 0
    t.wait(on_plane, "the video on a plane of its output")
    compositor.stop()


def test_outputs_come_and_go(t):
    compositor = tc.Compositor(t, "--device", "desktop")
    compositor.ctl("connect", "DP-2")
    t.wait(lambda: "DP-2" in outputs(compositor), "DP-2")
    compositor.ctl("disconnect", "HDMI-A-1")
    compositor.ctl("disconnect", "DP-1")
    t.wait(lambda: set(outputs(compositor)) == {"DP-2", "eDP-1"}, "two left")
    compositor.ctl("connect", "HDMI-A-1")
    t.wait(lambda: "HDMI-A-1" in outputs(compositor), "HDMI-A-1 again")
    shows(compositor, (1920, 1080), (960, 1000))
    for name in tuple(outputs(compositor)):
        compositor.ctl("disconnect", name)
    t.wait(lambda: not outputs(compositor), "no output")
    compositor.ctl("connect", "DP-1")
    t.wait(lambda: "DP-1" in outputs(compositor), "DP-1 alone")
    compositor.stop()


def test_planes_that_are_shared_go_to_who_needs_them(t):
    compositor = tc.Compositor(t, "--device", "soc", "--preload-clients",
                               run=[f"{VIDEO} --size 320x240"],
                               ASAN_OPTIONS="verify_asan_link_order=0")
    t.check(len(outputs(compositor)) == 2, str(outputs(compositor)))
    compositor.wait_windows(1)
    compositor.ctl("move-to", "1200", "700")

    def on_plane():
        return [p for output in outputs(compositor).values() for p in output["planes"]
                if p["shows"] == "client"]
    t.wait(on_plane, "the video on a plane")
    compositor.shows(lambda image: image.width > 0, "anything")
    compositor.stop()


def test_a_device_with_one_plane_composites(t):
    compositor = tc.Compositor(t, "--device", "minimal", "--preload-clients",
                               run=[f"{VIDEO} --size 320x240 --frames 30"],
                               ASAN_OPTIONS="verify_asan_link_order=0")
    compositor.wait_windows(1)
    t.wait(lambda: "30 presented, 0 of them zero-copy" in compositor.log(), "the video's end")
    output, = outputs(compositor).values()
    t.equal([p["shows"] for p in output["planes"]], ["composition"])
    t.check(output["surfaces"][0]["copied_bytes"] >= 30 * 320 * 240 * 4, str(output))
    compositor.stop()


def test_power(t):
    compositor = tc.Compositor(t)
    client = connect(t)
    manager, output = client.bind("zwlr_output_power_manager_v1"), client.bind("wl_output")
    power = client.new()
    client.send(manager, 0, struct.pack("<II", power, output))
    t.equal(client.wait(power, 0), struct.pack("<I", ON))
    for mode in (OFF, ON, OFF, ON):
        client.send(power, 0, struct.pack("<I", mode))
        t.equal(client.wait(power, 0), struct.pack("<I", mode))
        active = compositor.ctl("state")["crtcs"][0]["active"]
        t.equal(bool(active), mode == ON, f"mode {mode}")
    compositor.ctl("move-to", "10", "10")
    compositor.shows(lambda image: image.pixel(500, 500) == SLATE, "the backdrop")
    client.close()
    compositor.stop()


def set_gamma(client, control, ramps):
    with tempfile.TemporaryFile() as file:
        file.write(struct.pack(f"<{len(ramps)}H", *ramps))
        file.flush()
        file.seek(0)
        client.send(control, 0, fds=(file.fileno(),))
        client.roundtrip()


def test_gamma(t):
    compositor = tc.Compositor(t)
    compositor.ctl("move-to", "10", "10")
    client = connect(t)
    manager, output = client.bind("zwlr_gamma_control_manager_v1"), client.bind("wl_output")
    control = client.new()
    client.send(manager, 0, struct.pack("<II", control, output))
    size, = struct.unpack("<I", client.wait(control, 0))
    t.equal(size, 256)
    inverse = [0xffff - i * 0xffff // (size - 1) for i in range(size)]
    identity = list(reversed(inverse))
    set_gamma(client, control, inverse + identity + inverse)
    compositor.shows(lambda image: image.pixel(500, 500) == SLATE ^ 0xff00ff, "other colours")
    t.equal(client.take(control), [])
    # Whoever goes takes their table along.
    client.close()
    compositor.shows(lambda image: image.pixel(500, 500) == SLATE, "the old colours")
    compositor.stop()


def test_adaptive_sync(t):
    compositor = tc.Compositor(t, "--device", "desktop")

    def state(*words):
        return {o["name"]: o["adaptive_sync"]
                for o in compositor.ctl("adaptive-sync", *words)["outputs"]}
    t.equal(state(), {"HDMI-A-1": False, "DP-1": False, "eDP-1": False})
    # Only two of the monitors can.
    t.equal(state("on"), {"HDMI-A-1": False, "DP-1": True, "eDP-1": True})
    values = t.run(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", "drm_info")
    t.equal(values.count('"VRR_ENABLED": range [0, 1] = 1'), 2, values[:200])
    t.equal(state("off"), {"HDMI-A-1": False, "DP-1": False, "eDP-1": False})
    compositor.ctl("adaptive-sync", "perhaps", ok=False)
    compositor.stop()


def test_a_headset_is_leased(t):
    path = t.path("headset.json")
    plane = {"type": "primary", "crtcs": [0], "formats": ["XRGB8888", "ARGB8888"]}
    with open(path, "w") as file:
        json.dump({"testcard": 1, "crtcs": [{"gamma_size": 256}, {"like": 0}],
                   "planes": [plane, {"like": 0, "crtcs": [1]}],
                   "connectors": [
                       {"type": "DP", "monitor": "Screen", "modes": ["1024x768"]},
                       {"type": "HDMI-A", "monitor": "Headset", "modes": ["1280x720"],
                        "non_desktop": True}]}, file)
    compositor = tc.Compositor(t, "--device", path)
    t.equal(set(outputs(compositor)), {"DP-1"})
    lessee = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lessee.py")
    lines = t.run(tc.LAUNCHER, "exec", "--join", compositor.dir, "--", sys.executable, lessee,
                  os.path.join(t.runtime, "wayland-0")).splitlines()
    t.equal(lines, ["offered 1 True 2", "leased 1 True", "withdrawn True", "second [1]", "again 1",
                    "revoked ([], [])"])
    t.check(len(outputs(compositor)) == 1, "the screen went")
    compositor.stop()


tc.main(globals())
