"""Run under `testcard exec`: /dev/fb0 of a device that is pulled out and put back."""
import ctypes
import errno
import fcntl
import mmap
import os
import select
import struct
import sys

from fb_client import GET_VAR, WAIT_VSYNC, fails, get_var, ioctl

SIZE = 4096 * 1536
LAST = 4096 * 768 - 4  # the screen's last pixel
PLACES = ("/dev/fb0", "/sys/class/graphics/fb0/name", "/sys/dev/char/29:0/dev",
          "/sys/devices/platform/testcard/graphics/fb0/uevent")
udev = ctypes.CDLL("libudev.so.1")
for function in ("new", "monitor_new_from_netlink", "monitor_receive_device"):
    getattr(udev, "udev_" + function).restype = ctypes.c_void_p
for function in ("action", "sysname", "devnode"):
    getattr(udev, "udev_device_get_" + function).restype = ctypes.c_char_p


class Monitor:
    def __init__(self):
        context = ctypes.c_void_p(udev.udev_new())
        self.monitor = ctypes.c_void_p(udev.udev_monitor_new_from_netlink(context, b"udev"))
        assert udev.udev_monitor_filter_add_match_subsystem_devtype(
            self.monitor, b"graphics", None) >= 0
        assert udev.udev_monitor_enable_receiving(self.monitor) >= 0
        self.fd = udev.udev_monitor_get_fd(self.monitor)

    def expect(self, action):
        assert select.select([self.fd], [], [], 60)[0], f"no {action}"
        device = ctypes.c_void_p(udev.udev_monitor_receive_device(self.monitor))
        got = [getattr(udev, "udev_device_get_" + what)(device)
               for what in ("action", "sysname", "devnode")]
        assert got == [action, b"fb0", b"/dev/fb0"], got
        udev.udev_device_unref(device)


class Device:
    """Open files of it: one that maps, one that cannot write; and the card's."""

    def __init__(self, value):
        self.fd = os.open("/dev/fb0", os.O_RDWR)
        self.reader = os.open("/dev/fb0", os.O_RDONLY)
        self.card = os.open("/dev/dri/card0", os.O_RDWR)
        assert get_var(self.fd)[:2] == [1024, 768]
        self.memory = mmap.mmap(self.fd, SIZE)
        self.draw(value)

    def draw(self, value):
        self.memory[LAST:LAST + 4] = struct.pack("<I", value)

    def drawn(self):
        return struct.unpack("<I", self.memory[LAST:LAST + 4])[0]

    def check_gone(self):
        for fd in self.fd, self.reader:
            fails(errno.ENODEV, ioctl, fd, GET_VAR, bytes(160))
            fails(errno.ENODEV, fcntl.ioctl, fd, WAIT_VSYNC, struct.pack("<I", 0))
            fails(errno.ENODEV, ioctl, fd, 0x4618, bytes(160))
            fails(errno.ENODEV, os.read, fd, 4)
            fails(errno.ENODEV, mmap.mmap, fd, SIZE, mmap.MAP_SHARED, mmap.PROT_READ)
            assert os.fstat(fd).st_rdev == os.makedev(29, 0)
        fails(errno.ENODEV, os.write, self.fd, bytes(4))
        # As of any file that is not open for it.
        fails(errno.EBADF, os.write, self.reader, bytes(4))

    def close(self):
        for fd in self.fd, self.reader, self.card:
            os.close(fd)


def say(what):
    print(what, flush=True)
    sys.stdin.readline()


def main():
    monitor = Monitor()
    devices = [Device(0xff0000)]
    say("there")
    for _ in range(2):
        monitor.expect(b"remove")
        for path in PLACES:
            assert not os.path.lexists(path), path
            fails(errno.ENOENT, os.open, path, os.O_RDONLY)
        for number, device in enumerate(devices):
            device.check_gone()
            assert device.drawn() == (0x0000ff if number < len(devices) - 1 else 0xff0000)
            device.draw(0x0000ff)
        say("gone")
        monitor.expect(b"add")
        for path in PLACES:
            os.close(os.open(path, os.O_RDONLY))
        for device in devices:
            device.check_gone()
        devices.append(Device(0xff0000))
        for device in devices[:-1]:
            device.draw(0x0000ff)
        say("there")
    for device in devices[:-1]:
        device.close()
        assert device.drawn() == 0x0000ff, "a mapping without its file"
    assert get_var(devices[-1].fd)[:2] == [1024, 768]
    say("closed")


main()
