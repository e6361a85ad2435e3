"""Pictures and documents for the cases; runs inside Krita."""
import glob
import hashlib
import os
import random
import struct
import subprocess
import time
import zlib

from krita import Krita
from PyQt5.QtWidgets import QApplication

BATCH = os.environ["SISR_BATCH"]
FORMATS = {"U8": "B", "U16": "H", "F16": "e", "F32": "f"}
LIMITS = {"U8": 1, "U16": 257, "F16": 1e-3, "F32": 1e-3}  # 1/255 of the range, 1e-3 in float


def settle(document, seconds=0.2):
    """Lets Krita finish what it does in the background."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        document.waitForDone()
        QApplication.processEvents()
        time.sleep(0.01)


def scene(width, height, channels, top):
    """Rows of samples, 0 to top: waves and a hard edge, the last of 2 or 4 channels a transparency
    that has clear, solid and soft parts."""
    noise = random.Random(width * height * channels)
    rows = []
    for y in range(height):
        row = []
        for x in range(width):
            colours = [(0.2 + 0.5 * ((x * (c + 1) + 2 * y) % 16) / 16 + 0.1 * noise.random()
                        + (0.2 if x > width // 2 else 0)) for c in range(channels)]
            if channels in (2, 4):
                colours[-1] = min(1.0, max(0.0, 1.6 - 2.4 * abs(y / height - 0.5)
                                           - (1 if x < width // 4 else 0)))
            row += [min(top, round(top * colour)) for colour in colours]
        rows.append(row)
    return rows


def write_png(path, width, height, channels, bits, profile=None):
    """A PNG file of the scene. profile: ICC bytes."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    code = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    form = ">%d%s" % (width * channels, "B" if bits == 8 else "H")
    rows = b"".join(b"\0" + struct.pack(form, *row)
                    for row in scene(width, height, channels, (1 << bits) - 1))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, code, 0, 0, 0)))
        if profile:
            file.write(chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile)))
        file.write(chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1)))  # 300 per inch
        file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def find_profile(pattern):
    """Bytes of one of Krita's own profiles."""
    found = sorted(glob.glob("/usr/share/color/icc/krita/" + pattern)
                   + glob.glob("/usr/share/krita/profiles/" + pattern))
    with open(found[0], "rb") as file:
        return file.read()


def sisr_batch(source, target, *words):
    """The command by itself, for comparison."""
    subprocess.run([BATCH, source, "-o", target, "--existing", "overwrite", "-q", *words],
                   check=True)


def raw(node, rect=None):
    rect = rect or node.bounds()
    return bytes(node.pixelData(rect.x(), rect.y(), rect.width(), rect.height()))


def samples(data, depth):
    form = FORMATS[depth]
    return struct.unpack("<%d%s" % (len(data) // struct.calcsize(form), form), data)


def read_samples(path):
    """Raw samples of a file's only layer, as Krita reads them."""
    document = Krita.instance().openDocument(path)
    try:
        return samples(raw(document.rootNode().childNodes()[0]), document.colorDepth())
    finally:
        document.close()


def max_difference(a, b):
    assert len(a) == len(b) and a, (len(a), len(b))
    return max(abs(x - y) for x, y in zip(a, b))


def state(document):
    """All that Undo must bring back: canvas, resolution, tree, properties, pixels."""
    def describe(node):
        bounds = node.bounds()
        pixels = hashlib.md5(raw(node)).hexdigest() if node.type() == "paintlayer" else ""
        return (node.name(), node.type(), node.opacity(), node.blendingMode(), node.visible(),
                node.locked(), (bounds.x(), bounds.y(), bounds.width(), bounds.height()), pixels,
                node.colorProfile() if node.type() == "paintlayer" else "",
                tuple(describe(child) for child in node.childNodes()))

    return (document.width(), document.height(), round(document.xRes(), 3),
            round(document.yRes(), 3), document.colorProfile(),
            [round(g, 3) for g in document.horizontalGuides()],
            tuple(describe(node) for node in document.rootNode().childNodes()))
