"""Run under `testcard exec`: /dev/fb0 as a program uses it. Prints a line for each step."""
import ctypes
import errno
import fcntl
import mmap
import os
import struct
import sys

GET_VAR, PUT_VAR, GET_FIX, GET_CMAP, PUT_CMAP, PAN, CON2FB, BLANK = (
    0x4600, 0x4601, 0x4602, 0x4604, 0x4605, 0x4606, 0x460f, 0x4611)
WAIT_VSYNC = 0x40044620
libc = ctypes.CDLL(None, use_errno=True)
VAR = "<40I"       # struct fb_var_screeninfo
FIX = "<16sQIIIIHHHIQIIHHH"
XRES, YRES, XVIRT, YVIRT, XOFF, YOFF, BPP, GRAY = range(8)


def fails(code, function, *args):
    try:
        function(*args)
    except OSError as error:
        assert error.errno == code, f"{errno.errorcode[error.errno]}, not {errno.errorcode[code]}"
        return
    raise AssertionError(f"no {errno.errorcode[code]}")


def ioctl(fd, request, data):
    buffer = bytearray(data)
    fcntl.ioctl(fd, request, buffer)
    return buffer


def get_var(fd):
    return list(struct.unpack(VAR, ioctl(fd, GET_VAR, bytes(160))))


def put(fd, request, var):
    return list(struct.unpack(VAR, ioctl(fd, request, struct.pack(VAR, *var))))


def changed(var, **fields):
    var = list(var)
    for name, value in fields.items():
        var[globals()[name]] = value
    return var


def check_info(fd):
    var = get_var(fd)
    assert var[:8] == [1024, 768, 1024, 1536, 0, 0, 32, 0], var
    assert var[8:17] == [16, 8, 0, 8, 8, 0, 0, 8, 0], var
    fix = struct.unpack_from("<16sQ6I", ioctl(fd, GET_FIX, bytes(80)).ljust(96, b"\0"))
    assert fix[0].rstrip(b"\0") == b"testcarddrmfb", fix
    assert fix[2] == 4096 * 1536, fix                       # smem_len
    assert struct.unpack_from("<I", ioctl(fd, GET_FIX, bytes(80)), 48)[0] == 4096  # line_length
    print("info", flush=True)
    return var


def check_refusals(fd, var):
    for fields in ({"XRES": 1025}, {"YRES": 1537}, {"XVIRT": 2048}, {"YVIRT": 1537}, {"BPP": 64},
                   {"GRAY": 2}):
        fails(errno.EINVAL, put, fd, PUT_VAR, changed(var, **fields))
    # What is smaller becomes what there is: the mode does not change.
    assert put(fd, PUT_VAR, changed(var, XRES=640, YRES=480, BPP=16))[:7] == var[:7]
    fails(errno.EINVAL, put, fd, PAN, changed(var, YOFF=769))
    fails(errno.EINVAL, put, fd, PAN, changed(var, XOFF=1))
    fails(errno.ENOTTY, ioctl, fd, 0x4618, bytes(160))
    ctypes.set_errno(0)
    assert libc.ioctl(fd, ctypes.c_ulong(GET_VAR), ctypes.c_void_p(16)) == -1
    assert ctypes.get_errno() == errno.EFAULT, ctypes.get_errno()
    assert get_var(fd) == var
    console = ioctl(fd, CON2FB, struct.pack("<II", 1, 7))
    assert struct.unpack("<II", console) == (1, 0), console
    fails(errno.EINVAL, ioctl, fd, CON2FB, struct.pack("<II", 64, 0))
    print("refusals", flush=True)


def check_cmap(fd):
    colors = (ctypes.c_uint16 * 16)(*range(100, 116))
    back = (ctypes.c_uint16 * 16)()
    address, to = ctypes.addressof(colors), ctypes.addressof(back)
    ioctl(fd, PUT_CMAP, struct.pack("<IIQQQQ", 0, 16, address, address, address, 0))
    ioctl(fd, GET_CMAP, struct.pack("<IIQQQQ", 4, 8, 0, to, 0, 0))
    assert list(back) == list(range(104, 112)) + [0] * 8, list(back)
    fails(errno.EINVAL, ioctl, fd, PUT_CMAP, struct.pack("<IIQQQQ", 1, 16, *[address] * 3, 0))
    fails(errno.EINVAL, ioctl, fd, GET_CMAP, struct.pack("<IIQQQQ", 256, 1, to, to, to, 0))
    fails(errno.EFAULT, ioctl, fd, PUT_CMAP, struct.pack("<IIQQQQ", 0, 16, 16, 16, 16, 0))
    print("cmap", flush=True)


def draw(fd, var):
    """Upper screen red, lower one green with a blue line that is written, not mapped."""
    memory = mmap.mmap(fd, 4096 * 1536)
    memory[:4096 * 768] = struct.pack("<I", 0xff0000) * (1024 * 768)
    memory[4096 * 768:] = struct.pack("<I", 0x00ff00) * (1024 * 768)
    fails(errno.EINVAL, mmap.mmap, fd, 4096 * 1537)
    with open("/dev/fb0", "r+b", buffering=0) as file:
        assert file.read(8) == struct.pack("<II", 0xff0000, 0xff0000)
        assert file.write(struct.pack("<I", 0x0000ff) * 1022) == 4088
        assert file.read(4) == struct.pack("<I", 0xff0000), "position"
    assert memory[4:12] == struct.pack("<II", 0xff0000, 0x0000ff)
    with open("/dev/fb0", "rb", buffering=0) as file:
        fails(errno.EBADF, os.write, file.fileno(), b"x")
        total = 0
        while part := file.read(1 << 22):
            total += len(part)
        assert total == 4096 * 1536, total
    with open("/dev/fb0", "wb", buffering=0) as file:
        picture, done = bytes(memory), 0
        while done < len(picture):
            done += file.write(picture[done:])
        fails(errno.ENOSPC, os.write, file.fileno(), b"x")
    print("drawn", flush=True)
    sys.stdin.readline()
    put(fd, PAN, changed(var, YOFF=768))
    assert get_var(fd)[YOFF] == 768
    fcntl.ioctl(fd, WAIT_VSYNC, struct.pack("<I", 0))
    print("panned", flush=True)
    sys.stdin.readline()
    put(fd, PAN, changed(var, YOFF=0))
    fcntl.ioctl(fd, BLANK, 4)
    print("blank", flush=True)
    sys.stdin.readline()
    fcntl.ioctl(fd, BLANK, 0)
    print("back", flush=True)
    sys.stdin.readline()
    # Somebody else has the screens now.
    fails(errno.EBUSY, put, fd, PAN, changed(var, YOFF=1))
    fails(errno.EBUSY, fcntl.ioctl, fd, BLANK, 4)
    print("busy", flush=True)


def main():
    fd = os.open("/dev/fb0", os.O_RDWR)
    stat = os.fstat(fd)
    assert (os.major(stat.st_rdev), os.minor(stat.st_rdev)) == (29, 0), stat
    base = "/sys/class/graphics/fb0/"
    for name, text in (("name", "testcarddrmfb"), ("virtual_size", "1024,1536"),
                       ("bits_per_pixel", "32"), ("stride", "4096"), ("dev", "29:0")):
        with open(base + name) as file:
            assert file.read() == text + "\n", name
    var = check_info(fd)
    check_refusals(fd, var)
    check_cmap(fd)
    draw(fd, var)


if __name__ == "__main__":
    main()
