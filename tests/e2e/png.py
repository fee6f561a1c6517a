"""A small PNG reader: 8-bit RGB or RGBA, not interlaced, which is what our sinks, grim
and weston's screenshooter write. No library beside the standard one."""
import struct
import zlib


class Image:
    """width, height, and pixel(x, y) -> 0xRRGGBB."""

    def __init__(self, width, height, channels, rows):
        self.width, self.height, self.channels, self.rows = width, height, channels, rows

    def pixel(self, x, y):
        at = x * self.channels
        r, g, b = self.rows[y][at:at + 3]
        return r << 16 | g << 8 | b

    def find(self, color, step=1):
        """First (x, y) of this colour, top to bottom, or None."""
        for y in range(0, self.height, step):
            for x in range(0, self.width, step):
                if self.pixel(x, y) == color:
                    return x, y
        return None

    def count(self, color):
        return sum(self.pixel(x, y) == color
                   for y in range(self.height) for x in range(self.width))


def _unfilter(kind, row, above, bpp):
    if kind == 0:
        return row
    out = bytearray(row)
    for i in range(len(out)):
        left = out[i - bpp] if i >= bpp else 0
        up = above[i]
        corner = above[i - bpp] if i >= bpp else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) >> 1
        elif kind == 4:
            p = left + up - corner
            pa, pb, pc = abs(p - left), abs(p - up), abs(p - corner)
            guess = left if pa <= pb and pa <= pc else up if pb <= pc else corner
        else:
            raise ValueError(f"filter {kind}")
        out[i] = (out[i] + guess) & 0xff
    return out


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path} is not a PNG")
    at, idat, header = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            idat += body
        at += 12 + length
    width, height, depth, color, _, _, interlace = header
    if depth != 8 or color not in (2, 6) or interlace:
        raise ValueError(f"{path}: only 8-bit RGB(A), not interlaced")
    channels = 3 if color == 2 else 4
    raw, stride = zlib.decompress(idat), width * channels
    rows, above = [], bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        above = _unfilter(raw[start], raw[start + 1:start + 1 + stride], above, channels)
        rows.append(bytes(above))
    return Image(width, height, channels, rows)
