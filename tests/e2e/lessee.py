"""A program that leases a headset from the compositor (drm-lease-v1) and looks at what it got. To
be run with the preload library; prints one line a step."""
import array
import fcntl
import os
import struct
import sys

import wayland


def drm(number, size):
    return 3 << 30 | size << 16 | ord("d") << 8 | number


def resources(fd):
    """Ids of crtcs and connectors that the file sees."""
    shape = "<QQQQIIIIIIII"
    buffer = bytearray(struct.calcsize(shape))
    fcntl.ioctl(fd, drm(0xA0, len(buffer)), buffer)
    counts = struct.unpack(shape, buffer)[4:8]
    lists = [array.array("I", [0] * max(count, 1)) for count in counts]
    buffer = bytearray(struct.pack(shape, *(one.buffer_info()[0] for one in lists), *counts,
                                   0, 0, 0, 0))
    fcntl.ioctl(fd, drm(0xA0, len(buffer)), buffer)
    return lists[1].tolist()[:counts[1]], lists[2].tolist()[:counts[2]]


def lease(client, device, connectors):
    request, new = client.new(), client.new()
    client.send(device, 0, struct.pack("<I", request))
    for connector in connectors:
        client.send(request, 0, struct.pack("<I", connector))
    client.send(request, 1, struct.pack("<I", new))
    client.roundtrip()
    return new


client = wayland.Client(sys.argv[1])
device = client.bind("wp_drm_lease_device_v1")
client.roundtrip()
events = client.take(device)
connectors = [struct.unpack("<I", data)[0] for _, opcode, data in events if opcode == 1]
ids = [struct.unpack("<I", data)[0] for connector in connectors
       for _, opcode, data in client.take(connector) if opcode == 2]
look = client.fds.pop(0)
print("offered", len(connectors), ids[0] in resources(look)[1], len(resources(look)[1]), flush=True)

first = lease(client, device, connectors)
client.wait(first, 0)
leased = client.fds.pop(0)
crtcs, seen = resources(leased)
print("leased", len(crtcs), seen == ids, flush=True)
print("withdrawn", [opcode for _, opcode, _ in client.take(connectors[0])] == [4], flush=True)

# Who asks for what is gone gets nothing.
second = lease(client, device, connectors)
print("second", [opcode for _, opcode, _ in client.take(second)], flush=True)

# The lessee's file is closed: the lease is over, the connector on offer anew.
client.take(device)
os.close(leased)
client.wait(first, 1)
client.roundtrip()
again = [struct.unpack("<I", data)[0] for _, opcode, data in client.take(device) if opcode == 1]
print("again", len(again), flush=True)
third = lease(client, device, again)
client.wait(third, 0)
leased = client.fds.pop(0)
# The compositor takes it back when the lease object goes.
client.send(third, 0)
client.roundtrip()
print("revoked", resources(leased), flush=True)
client.close()
