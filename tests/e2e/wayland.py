"""A Wayland client in a few lines, for protocols that no packaged program speaks: objects are
numbers, messages are packed by hand. Events are collected in Client.events as (object, opcode,
payload); file descriptors, in the order of their arrival, in Client.fds."""
import array
import os
import socket
import struct


def string(text):
    data = text.encode() + b"\0"
    return struct.pack("<I", len(data)) + data + b"\0" * (-len(data) % 4)


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.last, self.events, self.fds, self.buffer = 1, [], [], b""
        self.registry = self.new()
        self.send(1, 1, struct.pack("<I", self.registry))
        self.globals = []  # (name, interface)
        self.roundtrip()
        for _, opcode, data in self.take(self.registry):
            if opcode == 0:
                name, length = struct.unpack_from("<II", data)
                self.globals.append((name, data[8:8 + length - 1].decode()))

    def new(self):
        self.last += 1
        return self.last

    def send(self, target, opcode, data=b"", fds=()):
        packet = struct.pack("<IHH", target, opcode, 8 + len(data)) + data
        more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.socket.sendmsg([packet], more)
        except BrokenPipeError:
            while True:  # what it said before it hung up
                self.read()

    def bind(self, interface, version=1, which=0):
        names = [name for name, known in self.globals if known == interface]
        if which >= len(names):
            raise KeyError(interface)
        new = self.new()
        self.send(self.registry, 0, struct.pack("<I", names[which]) + string(interface)
                  + struct.pack("<II", version, new))
        return new

    def read(self):
        data, control, _, _ = self.socket.recvmsg(65536, 4096)
        if not data:
            raise EOFError("the compositor hung up")
        for level, kind, payload in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds = array.array("i")
                fds.frombytes(payload[:len(payload) // 4 * 4])
                self.fds += fds
        self.buffer += data
        while len(self.buffer) >= 8:
            target, opcode, size = struct.unpack_from("<IHH", self.buffer)
            if len(self.buffer) < size:
                break
            event = (target, opcode, self.buffer[8:size])
            self.buffer = self.buffer[size:]
            if event[:2] == (1, 0):
                error = RuntimeError(f"protocol error: {event[2]!r}")
                target, code, length = struct.unpack_from("<III", event[2])
                error.protocol = (target, code, event[2][12:12 + length - 1].decode())
                raise error
            self.events.append(event)

    def take(self, target):
        """The events of an object so far, which are forgotten."""
        taken = [event for event in self.events if event[0] == target]
        self.events = [event for event in self.events if event[0] != target]
        return taken

    def wait(self, target, opcode):
        """The payload of the object's first such event, which is forgotten."""
        while True:
            for event in self.events:
                if event[:2] == (target, opcode):
                    self.events.remove(event)
                    return event[2]
            self.read()

    def roundtrip(self):
        callback = self.new()
        self.send(1, 0, struct.pack("<I", callback))
        self.wait(callback, 0)

    def close(self):
        self.socket.close()
        for fd in self.fds:
            os.close(fd)
