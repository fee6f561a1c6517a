"""A client of device and compositor that does what a test tells it, step by step, as a process of
its own. The test's side is Peer; the other one is this file run as a program: each line of its
input is a Python expression or statement, answered by a line of JSON. What it knows: card (a
Card), wl (a Wayland client), and the functions below."""
import ctypes
import errno
import fcntl
import json
import mmap
import os
import stat
import struct
import subprocess
import sys

import wayland

HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = 65534
INVALID = 0x00ffffffffffffff  # DRM_FORMAT_MOD_INVALID
XRGB, NV12 = 0x34325258, 0x3231564e
X_TILED = 1 << 56 | 1
XRGB_RED, XRGB_GREEN, XRGB_BLUE = 0xff0000, 0x00ff00, 0x0000ff


class Refused(Exception):
    """What the peer answered: .errno of an OSError; .protocol = (object, code, text)."""

    def __init__(self, answer):
        super().__init__(answer["error"])
        self.errno, self.protocol = answer.get("errno"), answer.get("protocol")


def open_up(t, compositor):
    """Peers may be another user, who looks for the sockets of device and compositor."""
    for path in (t.root, t.runtime, compositor.dir):
        os.chmod(path, 0o711)
    for path in (t.runtime, compositor.dir):
        for name in os.listdir(path):
            if stat.S_ISSOCK(os.stat(os.path.join(path, name)).st_mode):
                os.chmod(os.path.join(path, name), 0o666)
    return compositor


class Peer:
    """node: of /dev/dri; uid: who it is, None = we."""

    def __init__(self, t, compositor, node="card0", uid=None, name="peer"):
        import tc
        self.log = open(t.path(f"{name}.log"), "a")
        argv = [tc.LAUNCHER, "exec", "--join", compositor.dir, "--", sys.executable,
                os.path.abspath(__file__), node, str(-1 if uid is None else uid)]
        self.process = subprocess.Popen(argv, env=t.env(WAYLAND_DISPLAY="wayland-0",
                                                        PYTHONDONTWRITEBYTECODE="1"),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        t.running.append(self.process)
        self.process.log = self.log.name
        self.t = t
        self.pid = self("os.getpid()")

    def __call__(self, text):
        self.process.stdin.write(text.replace("\n", "\\n") + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"the peer is gone at {text}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer)
        return answer["value"]

    def fails(self, text):
        """The errno, or (interface's object, code) of the protocol error, that this gives."""
        try:
            value = self(text)
        except Refused as refused:
            if refused.protocol:
                return tuple(refused.protocol[:2])
            if refused.errno:
                return errno.errorcode[refused.errno]
            raise
        return f"no failure: {value!r}"

    def end(self, kill=False):
        if kill:
            self.process.kill()
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        self.t.running.remove(self.process)


# ---- the program ----

READ, WRITE = 2, 1


class Card:
    def __init__(self, node):
        self.fd = os.open(f"/dev/dri/{node}", os.O_RDWR | os.O_CLOEXEC)

    def call(self, number, way, shape, *values):
        data = bytearray(struct.pack(shape, *values))
        fcntl.ioctl(self.fd, way << 30 | len(data) << 16 | ord("d") << 8 | number, data)
        return struct.unpack(shape, data)

    def magic(self):
        return self.call(0x02, READ, "<I", 0)[0]

    def create(self, size):
        return self.call(0x40 + 0x1b, READ | WRITE, "<QII", size, 0, 0)[1]

    def set_tiling(self, handle, mode, stride):
        return self.call(0x40 + 0x21, READ | WRITE, "<IIII", handle, mode, stride, 0)

    def flink(self, handle):
        return self.call(0x0a, READ | WRITE, "<II", handle, 0)[1]

    def open(self, name):
        """Handle and size."""
        _, handle, size = self.call(0x0b, READ | WRITE, "<IIQ", name, 0, 0)
        return handle, size

    def close(self, handle):
        self.call(0x09, WRITE, "<II", handle, 0)

    def export(self, handle):
        return self.call(0x2d, READ | WRITE, "<IIi", handle, os.O_RDWR | os.O_CLOEXEC, -1)[2]

    def take(self, fd):
        return self.call(0x2e, READ | WRITE, "<IIi", 0, 0, fd)[0]

    def write(self, handle, offset, data):
        """Bytes as they lie in memory."""
        buffer = ctypes.create_string_buffer(data, len(data))
        self.call(0x40 + 0x1d, WRITE, "<IIQQQ", handle, 0, offset, len(data),
                  ctypes.addressof(buffer))

    def read(self, handle, offset, size):
        buffer = ctypes.create_string_buffer(size)
        self.call(0x40 + 0x1c, WRITE, "<IIQQQ", handle, 0, offset, size, ctypes.addressof(buffer))
        return buffer.raw

    def fill(self, handle, size, colour):
        self.write(handle, 0, struct.pack("<I", colour) * (size // 4))

    def picture(self, width, height, colour, stride=None):
        """Handle of a linear picture of one colour."""
        stride = stride or width * 4
        handle = self.create(stride * height)
        self.fill(handle, stride * height, colour)
        return handle


class Window:
    """A toplevel that shows a wl_buffer."""

    def __init__(self, wl, app_id="peer"):
        self.wl = wl
        if not hasattr(wl, "compositor"):
            wl.compositor = wl.bind("wl_compositor", 4)
            wl.base = wl.bind("xdg_wm_base")
        self.surface, self.xdg, self.top = wl.new(), wl.new(), wl.new()
        wl.send(wl.compositor, 0, struct.pack("<I", self.surface))
        wl.send(wl.base, 2, struct.pack("<II", self.xdg, self.surface))
        wl.send(self.xdg, 1, struct.pack("<I", self.top))
        wl.send(self.top, 3, wayland.string(app_id))
        wl.send(self.top, 2, wayland.string(app_id))
        wl.send(self.surface, 6)
        serial = wl.wait(self.xdg, 0)
        wl.send(self.xdg, 4, serial)

    def fullscreen(self):
        self.wl.send(self.top, 11, struct.pack("<I", 0))
        self.wl.send(self.xdg, 4, self.wl.wait(self.xdg, 0))

    def show(self, buffer):
        self.wl.send(self.surface, 1, struct.pack("<Iii", buffer, 0, 0))
        self.wl.send(self.surface, 9, struct.pack("<iiii", 0, 0, 1 << 20, 1 << 20))
        self.wl.send(self.surface, 6)
        self.wl.roundtrip()


class Drm:
    """wl_drm"""

    def __init__(self, wl, version=2):
        self.wl, self.id = wl, wl.bind("wl_drm", version)
        wl.roundtrip()
        self.device, self.formats, self.capabilities = None, [], None
        for _, opcode, data in wl.take(self.id):
            if opcode == 0:
                self.device = data[4:].split(b"\0")[0].decode()
            elif opcode == 1:
                self.formats += struct.unpack("<I", data)
            elif opcode == 3:
                self.capabilities, = struct.unpack("<I", data)

    def authenticate(self, magic):
        self.wl.send(self.id, 0, struct.pack("<I", magic))
        self.wl.roundtrip()
        return [opcode for _, opcode, _ in self.wl.take(self.id)]

    def buffer(self, name, width, height, stride, form=XRGB):
        new = self.wl.new()
        self.wl.send(self.id, 1, struct.pack("<IIiiII", new, name, width, height, stride, form))
        self.wl.roundtrip()
        return new

    def planar(self, name, width, height, form, *planes, fd=None):
        """planes: offset, stride, ..."""
        new = self.wl.new()
        numbers = list(planes) + [0] * (6 - len(planes))
        if fd is None:
            self.wl.send(self.id, 2, struct.pack("<IIiiI6i", new, name, width, height, form,
                                                 *numbers))
        else:
            self.wl.send(self.id, 3, struct.pack("<IiiI6i", new, width, height, form, *numbers),
                         [fd])
        self.wl.roundtrip()
        return new


class Dmabuf:
    """zwp_linux_dmabuf_v1 with feedback"""

    def __init__(self, wl):
        self.wl, self.id = wl, wl.bind("zwp_linux_dmabuf_v1", 4)

    def buffer(self, width, height, form, modifier, *planes):
        """planes: (descriptor, offset, stride)"""
        params = self.wl.new()
        self.wl.send(self.id, 1, struct.pack("<I", params))
        for i, (fd, offset, stride) in enumerate(planes):
            self.wl.send(params, 1, struct.pack("<IIIII", i, offset, stride, modifier >> 32,
                                                modifier & 0xffffffff), [fd])
        new = self.wl.new()
        self.wl.send(params, 3, struct.pack("<IiiII", new, width, height, form, 0))
        self.wl.roundtrip()
        return new

    def feedback(self, surface=None):
        return Feedback(self, surface)


class Feedback:
    def __init__(self, dmabuf, surface):
        self.wl, self.id, self.table = dmabuf.wl, dmabuf.wl.new(), []
        self.wl.send(dmabuf.id, 2 if surface is None else 3,
                     struct.pack("<I", self.id) + (b"" if surface is None else
                                                   struct.pack("<I", surface)))

    def take(self):
        """Of each done event since: [main device, [[device, flags, [[format, modifier]]]]]."""
        self.wl.roundtrip()
        found, main, tranches, tranche = [], None, [], [None, 0, []]
        for _, opcode, data in self.wl.take(self.id):
            if opcode == 0:
                found.append([main, tranches])
                tranches = []
            elif opcode == 1:
                size, = struct.unpack("<I", data)
                fd = self.wl.fds.pop(0)
                with mmap.mmap(fd, size, mmap.MAP_PRIVATE, mmap.PROT_READ) as table:
                    self.table = [list(pair) for pair in struct.iter_unpack("<I4xQ", table)]
                os.close(fd)
            elif opcode == 2:
                main, = struct.unpack_from("<Q", data, 4)
            elif opcode == 3:
                tranches.append(tranche)
                tranche = [None, 0, []]
            elif opcode == 4:
                tranche[0], = struct.unpack_from("<Q", data, 4)
            elif opcode == 5:
                size, = struct.unpack_from("<I", data)
                indices = struct.unpack_from(f"<{size // 2}H", data, 4)
                tranche[2] += [self.table[i] for i in indices]
            elif opcode == 6:
                tranche[1], = struct.unpack("<I", data)
        return found


DMABUF, FLINK = 0, 1  # testcard_share_manager_v1.transport


class Params:
    def __init__(self, share):
        self.wl, self.id = share.wl, share.wl.new()
        self.wl.send(share.id, 1, struct.pack("<I", self.id))

    def fd(self, fd, plane=0, offset=0, stride=256):
        self.wl.send(self.id, 1, struct.pack("<III", plane, offset, stride), [fd])
        return self

    def name(self, name, plane=0, offset=0, stride=256):
        self.wl.send(self.id, 2, struct.pack("<IIII", name, plane, offset, stride))
        return self

    def offer(self, name, width=64, height=64, form=XRGB, modifier=0):
        return Offer(self, name, width, height, form, modifier)


class Offer:
    OFFERED, FAILED, ACCEPTED, RELEASED, REVOKED = range(5)

    def __init__(self, params, name, width, height, form, modifier):
        self.wl, self.id, self.params = params.wl, params.wl.new(), params.id
        text = name if isinstance(name, bytes) else name.encode()
        text = struct.pack("<I", len(text) + 1) + text + b"\0" * (4 - len(text) % 4)
        self.wl.send(params.id, 3, struct.pack("<I", self.id) + text + struct.pack(
            "<IIIII", width, height, form, modifier >> 32, modifier & 0xffffffff))
        self.wl.roundtrip()

    def events(self):
        """Those so far: [name, numbers and texts...]; forgotten."""
        self.wl.roundtrip()
        shapes = ("offered", ""), ("failed", "u"), ("accepted", "uisu"), ("released", "u"), \
            ("revoked", "u")
        return read_events(self.wl, self.id, shapes)

    def revoke(self):
        self.wl.send(self.id, 1)

    def destroy(self):
        self.wl.send(self.id, 0)


def read_events(wl, target, shapes):
    found = []
    for _, opcode, data in wl.take(target):
        name, shape = shapes[opcode]
        at, values = 0, [name]
        for kind in shape:
            if kind == "h":
                values.append(wl.fds.pop(0))
                continue
            number, = struct.unpack_from("<i" if kind == "i" else "<I", data, at)
            at += 4
            if kind == "s":
                values.append(data[at:at + number - 1].decode())
                at += number + -number % 4
            else:
                values.append(number)
        found.append(values)
    return found


class Taken:
    def __init__(self, watcher, name, transport):
        self.wl, self.id = watcher.wl, watcher.wl.new()
        self.wl.send(watcher.id, 1, struct.pack("<I", self.id) + wayland.string(name)
                     + struct.pack("<I", transport))
        self.wl.roundtrip()

    def events(self):
        self.wl.roundtrip()
        shapes = ("buffer", "uuuuuu"), ("plane_fd", "uhuu"), ("plane_name", "uuuu"), \
            ("done", ""), ("failed", "u"), ("revoked", "u")
        return read_events(self.wl, self.id, shapes)

    def destroy(self):
        self.wl.send(self.id, 0)
        self.wl.roundtrip()


class Watcher:
    def __init__(self, share):
        self.wl, self.id = share.wl, share.wl.new()
        self.wl.send(share.id, 2, struct.pack("<I", self.id))

    def events(self):
        self.wl.roundtrip()
        shapes = ("offer", "sisuuuuuu"), ("withdrawn", "s"), ("done", "")
        return read_events(self.wl, self.id, shapes)

    def accept(self, name, transport):
        return Taken(self, name, transport)


class Share:
    """testcard_share_manager_v1"""

    def __init__(self, wl):
        self.wl, self.id = wl, wl.bind("testcard_share_manager_v1")


def answer(names, line):
    try:
        try:
            value = eval(line, names)
        except SyntaxError:
            value = exec(line, names)
        try:
            return json.dumps({"value": value})
        except TypeError:
            return json.dumps({"value": repr(value)})
    except OSError as error:
        return json.dumps({"error": str(error), "errno": error.errno})
    except RuntimeError as error:
        return json.dumps({"error": str(error), "protocol": getattr(error, "protocol", None)})
    except Exception as error:
        return json.dumps({"error": repr(error)})


def main():
    names = globals()
    node, uid = sys.argv[1], int(sys.argv[2])
    if uid >= 0 and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    names["wl"] = wayland.Client(os.path.join(os.environ["XDG_RUNTIME_DIR"], "wayland-0"))
    names["card"] = Card(node)
    for line in sys.stdin:
        print(answer(names, line.rstrip("\n").replace("\\n", "\n")), flush=True)


if __name__ == "__main__":
    main()
