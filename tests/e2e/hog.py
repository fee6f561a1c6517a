"""A program that hangs the GPU: a batch that jumps to its own start, for ever. Ends when the
driver has reset the engine, and prints what I915_GET_RESET_STATS says of its context. To be run
with the preload library."""
import array
import fcntl
import os
import struct


def request(number, size, direction):
    return direction << 30 | size << 16 | ord("d") << 8 | 0x40 + number


def call(fd, number, direction, shape, *values):
    """An i915 ioctl with a packed struct; returns the struct's values afterwards."""
    buffer = bytearray(struct.pack(shape, *values))
    fcntl.ioctl(fd, request(number, len(buffer), direction), buffer)
    return struct.unpack(shape, buffer)


WRITE, READ = 1, 2
AT = 0x200000  # where the batch is, and jumps to

fd = os.open("/dev/dri/card0", os.O_RDWR)
context = call(fd, 0x2d, READ | WRITE, "<II", 0, 0)[0]
handle = call(fd, 0x1b, READ | WRITE, "<QII", 4096, 0, 0)[1]
batch = array.array("I", [0x31 << 23 | 2 << 6, AT])
call(fd, 0x1d, WRITE, "<IIQQQ", handle, 0, 0, 8, batch.buffer_info()[0])
EXEC_OBJECT_PINNED = 1 << 4
objects = array.array("B", struct.pack("<IIQQQQQQ", handle, 0, 0, 0, AT, EXEC_OBJECT_PINNED, 0, 0))
call(fd, 0x29, WRITE, "<QIIIIIIQQQQ", objects.buffer_info()[0], 1, 0, 8, 0, 0, 0, 0, 1, context, 0)
print("hung", flush=True)
call(fd, 0x2c, READ | WRITE, "<IIq", handle, 0, -1)  # GEM_WAIT
_, _, _, guilty, pending, _ = call(fd, 0x32, READ | WRITE, "<IIIIII", context, 0, 0, 0, 0, 0)
print(f"guilty {guilty} pending {pending}", flush=True)
