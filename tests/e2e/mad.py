"""A program without sense: random requests with random structs, plausible now and then, for ever.
To be run with the preload library. usage: mad.py SEED"""
import fcntl
import mmap
import os
import random
import signal
import struct
import sys

random.seed(int(sys.argv[1]))
# Nobody answers, nobody waits: what blocks is left after a while.
signal.signal(signal.SIGALRM, lambda *_: None)
SMALL = (0, 1, 2, 3, 4, 8, 64, 512, 4096, 8192, 1 << 20, 0x200000, 1 << 31, (1 << 32) - 1)
CREATE, EXECBUFFER2, CONTEXT_CREATE = 0x1B, 0x29, 0x2D
SIZES = {0x17: 8, CREATE: 16, 0x1D: 32, 0x1E: 32, 0x1F: 16, 0x20: 16, 0x21: 16, 0x22: 12, 0x24: 32,
         0x26: 16, EXECBUFFER2: 64, 0x2C: 16, CONTEXT_CREATE: 8, 0x2E: 8, 0x32: 24, 0x34: 24,
         0x35: 24}
CORE = {0x09: 8, 0x0A: 8, 0x0B: 16, 0x0C: 16, 0x0D: 16, 0x2D: 12, 0x2E: 12, 0xB2: 32, 0xB3: 16,
        0xB4: 4, 0xBF: 8, 0xC0: 8, 0xC1: 16, 0xC2: 16, 0xC3: 40, 0xC4: 16, 0xC5: 16, 0xCA: 48,
        0xCB: 24, 0xCC: 32, 0xCD: 24}
arena = mmap.mmap(-1, 1 << 16)
base = 0


def address():
    """Of the arena, through /proc: mmap does not tell."""
    with open("/proc/self/maps") as maps:
        lines = maps.read().splitlines()
    inode = [line for line in lines if "/dev/zero" in line]
    return int(inode[0].split("-")[0], 16) if inode else 0


def word():
    if random.random() < 0.3 and base:
        return base + random.randrange(0, 1 << 16, 8)
    if random.random() < 0.8:
        return random.choice(SMALL)
    return random.getrandbits(64)


def body(number, size):
    if number == EXECBUFFER2 and random.random() < 0.7 and base:
        entry = struct.pack("<IIQQQQQQ", random.randrange(1, 8), 0, 0, 0, word(),
                            random.choice((0, 4, 8, 16, word())), 0, 0)
        arena[0:len(entry)] = entry
        return struct.pack("<QIIIIIIQQQQ", base, 1, 0, random.choice((0, 8, 4096)), 0, 0, 0, 0,
                           random.choice((0, 1, 3, 1 << 12, 1 << 17)), random.randrange(4), 0)
    if number == CREATE:
        return struct.pack("<QII", random.choice((1, 4096, 65536, 4 << 20)), 0, 0)
    return b"".join(struct.pack("<Q", word() & (1 << 64) - 1) for _ in range(8))[:size]


def step(files):
    table, offset = random.choice(((SIZES, 0x40), (CORE, 0)))
    number, size = random.choice(list(table.items()))
    data = bytearray(body(number, size))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        fcntl.ioctl(random.choice(files), 3 << 30 | size << 16 | ord("d") << 8 | offset + number,
                    data)
    except OSError:
        pass
    # Descriptors that came back.
    for fd in range(20, 64):
        try:
            os.close(fd)
        except OSError:
            pass


def main():
    global base
    base = address()
    while True:
        files = [os.open("/dev/dri/card0", os.O_RDWR) for _ in range(random.randrange(1, 4))]
        for i in range(1024):
            arena[i * 64:i * 64 + 8] = struct.pack("<Q", word() & (1 << 64) - 1)
        for _ in range(random.randrange(20, 400)):
            step(files)
        for fd in files:
            os.close(fd)


main()
