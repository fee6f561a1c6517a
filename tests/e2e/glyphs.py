"""Reads text back from pictures: cells are matched against the built-in console font."""
import os
import re

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../kms/kms_font_builtin.c")


def _font():
    """Rows of 8 pixels as bytes -> character; inverse cells too."""
    with open(SOURCE) as file:
        glyphs = re.findall(r"\t\{([0-9a-fx, ]+)\},", file.read())
    assert len(glyphs) == 96, "the font's source has another form"
    font = {}
    for number, text in enumerate(glyphs):
        rows = bytes(int(word, 0) for word in text.split(","))
        font[bytes(~row & 0xff for row in rows)] = chr(32 + number)
    for number, text in enumerate(glyphs):
        font[bytes(int(word, 0) for word in text.split(","))] = chr(32 + number)
    return font


FONT = _font()


def lines(image, scale=None):
    """The text of each row of cells; what is no character is '~'."""
    scale = scale or max(1, image.width // 960)
    result = []
    for top in range(0, image.height - 16 * scale + 1, 16 * scale):
        line = ""
        for left in range(0, image.width - 8 * scale + 1, 8 * scale):
            paper = image.pixel(left, top)
            cell = bytes(sum((image.pixel(left + x * scale, top + y * scale) != paper)
                             << (7 - x) for x in range(8)) for y in range(16))
            line += FONT.get(cell, "~")
        result.append(line.rstrip())
    return result
