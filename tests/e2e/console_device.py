"""Shared by the tests of the console and of /dev/fb0: a device that has them."""
import json
import os

import tc


def start(t, *options):
    folder = os.path.join(t.runtime, "d")
    process = t.start(tc.LAUNCHER, "device", "--dir", folder, *options)
    t.wait(lambda: os.path.exists(folder + "/control.sock"), "the control socket")
    return process, folder


def ctl(t, folder, *words):
    return json.loads(t.run(tc.CTL, "--dir", folder, *words, status=None))
