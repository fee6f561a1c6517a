"""What weston-launch is to weston 10, which Debian packages without it and without libseat: the
parent that opens devices for a compositor that is no root's, and passes them to it.

A request is an int 0, an int of open flags and a path; the answer an int 3 and an int that is not
negative when a descriptor comes with it (SCM_RIGHTS), one packet each. No terminal is passed, and
weston does without one.

usage: weston_launch.py WESTON [ARGS...]; SIGTERM goes on to weston, whose end is ours."""
import array
import os
import signal
import socket
import struct
import subprocess
import sys

OPEN, REPLY = 0, 3
HEADER = struct.Struct("=ii")


def answer(ours, packet):
    opcode, flags = HEADER.unpack_from(packet)
    path = packet[HEADER.size:].split(b"\0")[0]
    if opcode != OPEN or not path.startswith((b"/dev/dri/", b"/dev/input/")):
        ours.send(HEADER.pack(REPLY, -1))
        return
    try:
        fd = os.open(path, flags | os.O_CLOEXEC)
    except OSError:
        ours.send(HEADER.pack(REPLY, -1))
        return
    ours.sendmsg([HEADER.pack(REPLY, 0)],
                 [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    os.close(fd)


def main():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = dict(os.environ, WESTON_LAUNCHER_SOCK=str(theirs.fileno()))
    weston = subprocess.Popen(sys.argv[1:], env=env, pass_fds=[theirs.fileno()])
    signal.signal(signal.SIGTERM, lambda *_: weston.terminate())
    theirs.close()
    while True:
        try:
            packet = ours.recv(4096)
        except ConnectionResetError:
            break
        if len(packet) <= HEADER.size:
            break
        answer(ours, packet)
    sys.exit(weston.wait())


main()
