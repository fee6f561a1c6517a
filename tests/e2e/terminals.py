#!/usr/bin/env python3
"""Run on a device by session_test.py: requests of virtual terminals, good and bad ones, and the
signals of VT_PROCESS. Prints "done" when all was as a kernel has it."""
import ctypes
import errno
import fcntl
import os
import signal
import struct
import sys
import time

VT_OPENQRY, VT_GETMODE, VT_SETMODE, VT_GETSTATE = 0x5600, 0x5601, 0x5602, 0x5603
VT_RELDISP, VT_ACTIVATE, VT_WAITACTIVE = 0x5605, 0x5606, 0x5607
KDGETMODE, KDSETMODE, KDGKBMODE, KDSKBMODE, KDGKBTYPE = 0x4b3b, 0x4b3a, 0x4b44, 0x4b45, 0x4b33
VT_AUTO, VT_PROCESS, VT_ACKACQ = 0, 1, 2
GONE, BACK = signal.SIGUSR1, signal.SIGUSR2


def equal(got, want, text):
    if got != want:
        sys.exit(f"{text}: got {got!r}, want {want!r}")


def fails(number, *args):
    try:
        fcntl.ioctl(*args)
    except OSError as error:
        return equal(error.errno, number, f"ioctl{args}")
    sys.exit(f"ioctl{args} did not fail")


def number(fd, request):
    return struct.unpack("i", fcntl.ioctl(fd, request, b"\0" * 4))[0]


def set_mode(fd, mode, gone=0, back=0):
    fcntl.ioctl(fd, VT_SETMODE, struct.pack("bbhhh", mode, 0, gone, back, 0))


def active(fd):
    return struct.unpack("HHH", fcntl.ioctl(fd, VT_GETSTATE, b"\0" * 6))[0]


def comes(which):
    info = signal.sigtimedwait([GONE, BACK], 60)
    equal(info and info.si_signo, which, "the signal")


def until(condition, text):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited for {text}")
        time.sleep(0.005)


def modes(tty):
    st = os.fstat(tty)
    equal((os.major(st.st_rdev), os.minor(st.st_rdev)), (4, 7), "rdev")
    equal(number(tty, KDGETMODE), 0, "KDGETMODE")
    fcntl.ioctl(tty, KDSETMODE, 1)
    equal(number(tty, KDGETMODE), 1, "KDGETMODE")
    fails(errno.EINVAL, tty, KDSETMODE, 9)
    equal(number(tty, KDGKBMODE), 3, "KDGKBMODE")
    fcntl.ioctl(tty, KDSKBMODE, 4)
    equal(number(tty, KDGKBMODE), 4, "KDGKBMODE")
    fails(errno.EINVAL, tty, KDSKBMODE, 99)
    equal(fcntl.ioctl(tty, KDGKBTYPE, b"\0"), b"\2", "KDGKBTYPE")
    fails(errno.ENOTTY, tty, 0x4bff, 0)
    fails(errno.ENOTTY, tty, 0x56ff, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    for request in (VT_GETSTATE, VT_SETMODE, VT_GETMODE, VT_OPENQRY, KDGETMODE):
        equal(libc.ioctl(tty, request, ctypes.c_void_p(8)), -1, "a bad address")
        equal(ctypes.get_errno(), errno.EFAULT, "a bad address")


def switching(tty, front):
    equal(active(front), 1, "the terminal at the beginning")
    equal(number(front, VT_OPENQRY), 2, "a free terminal")
    for bad in (0, 64, -1):
        fails(errno.ENXIO, tty, VT_ACTIVATE, bad)
        fails(errno.ENXIO, tty, VT_WAITACTIVE, bad)
    fcntl.ioctl(tty, VT_ACTIVATE, 7)
    fcntl.ioctl(tty, VT_WAITACTIVE, 7)
    equal(active(front), 7, "the terminal")
    for bad in (struct.pack("bbhhh", 2, 0, 0, 0, 0), struct.pack("bbhhh", 1, 0, 99, 0, 0),
                struct.pack("bbhhh", 1, 0, 0, -1, 0)):
        fails(errno.EINVAL, tty, VT_SETMODE, bad)
    fails(errno.EINVAL, tty, VT_RELDISP, 1)
    set_mode(tty, VT_PROCESS, GONE, BACK)
    equal(struct.unpack("bbhhh", fcntl.ioctl(front, VT_GETMODE, b"\0" * 8)),
          (1, 0, GONE, BACK, 0), "VT_GETMODE")
    fails(errno.EINVAL, tty, VT_RELDISP, 1)
    # Asked, and it goes; there is nobody at terminal 2.
    fcntl.ioctl(tty, VT_ACTIVATE, 2)
    comes(GONE)
    fcntl.ioctl(tty, VT_RELDISP, 1)
    fcntl.ioctl(tty, VT_WAITACTIVE, 2)
    equal(active(front), 2, "the terminal")
    fails(errno.EINVAL, tty, VT_RELDISP, 1)
    fcntl.ioctl(tty, VT_ACTIVATE, 7)
    comes(BACK)
    fcntl.ioctl(tty, VT_RELDISP, VT_ACKACQ)
    equal(active(front), 7, "the terminal")
    # Asked, and it stays.
    fcntl.ioctl(tty, VT_ACTIVATE, 2)
    comes(GONE)
    fcntl.ioctl(tty, VT_RELDISP, 0)
    comes(BACK)
    equal(active(front), 7, "the terminal that was not left")


def death(front):
    """A process that dies does not keep the terminal."""
    if os.fork() == 0:
        child = os.open("/dev/tty5", os.O_RDWR)
        set_mode(child, VT_PROCESS, GONE, BACK)
        os._exit(0)
    os.wait()
    until(lambda: number(front, VT_OPENQRY) == 1, "terminal 1")
    again = os.open("/dev/tty5", os.O_RDWR)

    def free():
        try:
            set_mode(again, VT_PROCESS)
        except OSError as error:
            equal(error.errno, errno.EBUSY, "VT_SETMODE")
            return False
        return True
    until(free, "terminal 5")
    set_mode(again, VT_AUTO)
    os.close(again)


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, [GONE, BACK])
    front, tty = os.open("/dev/tty0", os.O_RDWR), os.open("/dev/tty7", os.O_RDWR)
    modes(tty)
    switching(tty, front)
    death(front)
    set_mode(tty, VT_AUTO)
    fails(errno.ENOTTY, os.open("/dev/null", os.O_RDWR), VT_GETSTATE, b"\0" * 6)
    print("done")


main()
