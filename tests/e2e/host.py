"""A host Wayland compositor for nested tests: sway, headless, drawing with pixman, and the
keyboard and mouse of the person before it (virtual devices over its own protocols)."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import png
import tc

NOBODY = 65534
RUN_COMMAND, GET_TREE = 0, 4  # of sway-ipc(7)
KEYS = {"enter": 28, " ": 57, "shift": 42, ".": 52, "-": 12}
for first, letters in ((2, "1234567890"), (16, "qwertyuiop"), (30, "asdfghjkl"), (44, "zxcvbnm")):
    KEYS.update((letter, first + i) for i, letter in enumerate(letters))
KEYMAP = (b'xkb_keymap { xkb_keycodes { include "evdev+aliases(qwerty)" };'
          b' xkb_types { include "complete" }; xkb_compat { include "complete" };'
          b' xkb_symbols { include "pc+us+inet(evdev)" }; };\0')


class Hands:
    """A small Wayland client that owns a virtual keyboard and a virtual pointer."""

    def __init__(self, path, width, height):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.next_id, self.size, self.held = 2, (width, height), None
        registry = self.request(1, 1, new=True)
        globals_ = dict((name, (number, version))
                        for number, name, version in self.registry_events(registry))

        def bind(name):
            number, version = globals_[name]
            text = name.encode() + b"\0"
            body = struct.pack("=II", number, len(text)) + text.ljust(-(-len(text) // 4) * 4, b"\0")
            return self.request(registry, 0, body + struct.pack("=I", 1), new=True)
        seat = bind("wl_seat")
        keyboards = bind("zwp_virtual_keyboard_manager_v1")
        pointers = bind("zwlr_virtual_pointer_manager_v1")
        self.keyboard = self.request(keyboards, 0, struct.pack("=I", seat), new=True)
        with tempfile.TemporaryFile() as file:
            file.write(KEYMAP)
            file.flush()
            self.request(self.keyboard, 0, struct.pack("=II", 1, len(KEYMAP)), fd=file.fileno())
        self.pointer = self.request(pointers, 0, struct.pack("=I", seat), new=True)
        self.sync()

    def request(self, target, opcode, body=b"", new=False, fd=None):
        """Sends one request; with new, its last argument is a fresh object's id."""
        number = self.next_id
        if new:
            self.next_id += 1
            body += struct.pack("=I", number)
        message = struct.pack("=II", target, (8 + len(body)) << 16 | opcode) + body
        if self.held is not None:
            self.held += message
        elif fd is None:
            self.socket.sendall(message)
        else:
            socket.send_fds(self.socket, [message], [fd])
        return number

    def events(self):
        """(object, opcode, body), for ever."""
        data = b""
        while True:
            while len(data) < 8 or len(data) < struct.unpack("=II", data[:8])[1] >> 16:
                more = self.socket.recv(65536)
                if not more:
                    raise tc.Failed("the host closed its connection")
                data += more
            sender, word = struct.unpack("=II", data[:8])
            yield sender, word & 0xffff, data[8:word >> 16]
            data = data[word >> 16:]

    def registry_events(self, registry):
        callback = self.request(1, 0, new=True)
        found = []
        for sender, opcode, body in self.events():
            if sender == callback:
                return found
            if sender == registry and opcode == 0:
                number, length = struct.unpack("=II", body[:8])
                found.append((number, body[8:8 + length - 1].decode(),
                              struct.unpack("=I", body[-4:])[0]))
            if sender == 1 and opcode == 0:
                raise tc.Failed(f"the host refused a request: {body[12:]!r}")

    def sync(self):
        self.registry_events(None)

    def now(self):
        return int(time.monotonic() * 1000) & 0xffffffff

    def key(self, code, *states):
        """Pressed (1), released (0); both at once, or a machine that stalls between them has a key
        that was held, and repeats."""
        self.held = b""
        for down in states:
            self.request(self.keyboard, 1, struct.pack("=III", self.now(), code, down))
        messages, self.held = self.held, None
        self.socket.sendall(messages)
        self.sync()

    def type(self, text):
        """Lower case letters, digits, space, dot, dash; newline is Enter."""
        for letter in text:
            self.key(KEYS["enter" if letter == "\n" else letter], 1, 0)

    def move_to(self, x, y):
        self.request(self.pointer, 1, struct.pack("=IIIII", self.now(), x, y, *self.size))
        self.request(self.pointer, 4)
        self.sync()

    def button(self, code, down):
        self.request(self.pointer, 2, struct.pack("=III", self.now(), code, down))
        self.request(self.pointer, 4)
        self.sync()

    def wheel(self, notches):
        self.request(self.pointer, 5, struct.pack("=I", 0))
        self.request(self.pointer, 7, struct.pack("=IIii", self.now(), 0, notches * 15 * 256,
                                                  notches))
        self.request(self.pointer, 4)
        self.sync()

    def close(self):
        self.socket.close()


class Sway:
    """sway with one headless output; windows have no borders. Use as a context."""

    def __init__(self, test, width=1280, height=800):
        for program in ("sway", "grim"):
            if not shutil.which(program):
                raise tc.Skip(f"{program} is not installed")
        self.test, self.width, self.height = test, width, height
        self.dir = os.path.join(test.root, "host")
        os.mkdir(self.dir, 0o700)
        config = os.path.join(self.dir, "config")
        with open(config, "w") as file:
            file.write(f"output * resolution {width}x{height}\ndefault_border none\n"
                       "default_floating_border none\nxwayland disable\nseat * hide_cursor 0\n")
        env = test.env(HOME=self.dir, WLR_BACKENDS="headless", WLR_RENDERER="pixman",
                       WLR_LIBINPUT_NO_DEVICES="1")
        env["XDG_RUNTIME_DIR"] = self.dir
        argv = ["sway", "-c", config]
        if os.geteuid() == 0:  # sway refuses to be root
            os.chmod(test.root, 0o711)
            os.chown(self.dir, NOBODY, NOBODY)
            os.chmod(config, 0o644)
            argv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *argv]
        self.log = os.path.join(self.dir, "log")
        with open(self.log, "w") as file:
            self.process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=file,
                                            stderr=subprocess.STDOUT)
        test.running.append(self.process)
        self.process.log = self.log
        self.display = test.wait(lambda: self.find("wayland-"), "the host's display")
        self.ipc = test.wait(lambda: self.find("sway-ipc."), "the host's IPC socket")
        self.hands = Hands(self.display, width, height)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.hands.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(tc.TIMEOUT)
        self.test.running.remove(self.process)

    def find(self, prefix):
        for name in os.listdir(self.dir):
            if name.startswith(prefix) and not name.endswith(".lock"):
                return os.path.join(self.dir, name)
        return None

    def msg(self, text, kind=RUN_COMMAND):
        """Over the socket, without swaymsg, which waits three seconds for an answer and no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ipc:
            ipc.settimeout(tc.TIMEOUT)
            ipc.connect(self.ipc)
            ipc.sendall(b"i3-ipc" + struct.pack("=II", len(text.encode()), kind) + text.encode())
            with ipc.makefile("rb") as answer:
                magic, length, _ = struct.unpack("=6sII", answer.read(14))
                self.test.equal(magic, b"i3-ipc", "sway's answer")
                return json.loads(answer.read(length))

    def windows(self):
        """Leaves of the tree that are windows: name, rect, app_id."""
        found, todo = [], [self.msg("", GET_TREE)]
        while todo:
            node = todo.pop()
            todo += node["nodes"] + node["floating_nodes"]
            if node.get("app_id"):
                found.append(node)
        return found

    def window(self, app_id="testcard"):
        return next((node for node in self.windows() if node["app_id"] == app_id), None)

    def screenshot(self, name="host.png"):
        path = self.test.path(name)
        self.test.run("grim", path, WAYLAND_DISPLAY=self.display)
        return png.read(path)
