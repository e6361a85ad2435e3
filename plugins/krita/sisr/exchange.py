"""Pixels of a layer to a file and back, without loss and with the colour profile.

TIFF is the one format in which Krita's export and import keep every bit of 8 and 16 bits, half and
float, grey and RGB, with colours under transparency; Krita embeds the profile, which the command
keeps.
"""
import os

from krita import InfoObject
from PyQt5.QtCore import QByteArray, QRect

from .process import Failure

CHANNELS = {"RGBA": 4, "GRAYA": 2}
CHANNEL_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
STRIP_BYTES = 64 << 20  # Qt's byte arrays end at 2 GiB


def is_supported(node):
    """Whether the pixels of a layer can go to the command as they are."""
    return node.colorModel() in CHANNELS and node.colorDepth() in CHANNEL_BYTES


def pixel_bytes(node):
    return CHANNELS[node.colorModel()] * CHANNEL_BYTES[node.colorDepth()]


def _strips(node, rect):
    rows = max(1, STRIP_BYTES // max(1, rect.width() * pixel_bytes(node)))
    for top in range(0, rect.height(), rows):
        yield top, min(rows, rect.height() - top)


def copy_pixels(source, source_rect, target, x, y):
    """Copies raw pixels between layers of the same colour space, to (x, y) of the target."""
    width = source_rect.width()
    for top, rows in _strips(source, source_rect):
        data = source.pixelData(source_rect.x(), source_rect.y() + top, width, rows)
        target.setPixelData(data, x, y + top, width, rows)


def clear_pixels(node, rect):
    """Makes a rectangle of a layer transparent."""
    for top, rows in _strips(node, rect):
        zeros = QByteArray(rows * rect.width() * pixel_bytes(node), b"\0")
        node.setPixelData(zeros, rect.x(), rect.y() + top, rect.width(), rows)


def holds_light(node):
    """Whether numbers are proportional to light: float layers whose profile says so by its name
    (Krita tells no more of a profile)."""
    name = node.colorProfile().lower()
    return (node.colorDepth() in ("F16", "F32")
            and any(word in name for word in ("-g10", "linear", "scrgb")))


def write_layer(krita, node, rect, path):
    """Writes a rectangle of a layer, in the layer's coordinates, as a TIFF file. Throws Failure."""
    document = krita.createDocument(rect.width(), rect.height(), "", node.colorModel(),
                                    node.colorDepth(), node.colorProfile(), 300.0)
    try:
        if document.colorProfile() != node.colorProfile():
            raise Failure("layer \"%s\": its colour profile \"%s\" is not known to Krita"
                          % (node.name(), node.colorProfile()))
        document.setBatchmode(True)
        copy_pixels(node, rect, document.rootNode().childNodes()[0], 0, 0)
        document.refreshProjection()
        document.waitForDone()
        # A float TIFF without a profile is light to the command; one with a profile is as displayed.
        if not document.exportImage(path, _export_settings(not holds_light(node))) \
                or not os.path.isfile(path):
            raise Failure("layer \"%s\" cannot be written to %s (is the disk full?)"
                          % (node.name(), os.path.dirname(path)))
    finally:
        document.setModified(False)
        document.close()


def _export_settings(with_profile):
    settings = InfoObject()
    settings.setProperty("alpha", True)
    settings.setProperty("flatten", True)
    settings.setProperty("compressiontype", 0)
    settings.setProperty("saveProfile", with_profile)
    return settings


class Result:
    """An enlarged layer's pixels, open while in a "with" statement."""

    def __init__(self, krita, path, like):
        """like: the layer that the pixels are for. Throws Failure."""
        self._document = krita.openDocument(path) if os.path.isfile(path) else None
        if self._document is None:
            raise Failure("layer \"%s\": its result cannot be read" % like.name())
        try:
            self._adopt_colour_space(like)
        except Exception:
            self.close()
            raise

    def _adopt_colour_space(self, like):
        document = self._document
        document.setBatchmode(True)
        # The numbers are in the layer's space whatever the file says of it; assigning keeps them.
        if document.colorProfile() != like.colorProfile() and document.colorModel() == \
                like.colorModel():
            document.setColorProfile(like.colorProfile())
            document.waitForDone()
        # Half goes out as half and may come back as float.
        if document.colorDepth() != like.colorDepth():
            document.setColorSpace(like.colorModel(), like.colorDepth(), like.colorProfile())
            document.waitForDone()
        layer = self.layer()
        if (layer.colorModel(), layer.colorDepth()) != (like.colorModel(), like.colorDepth()):
            raise Failure("layer \"%s\": its result came back as %s %s"
                          % (like.name(), layer.colorModel(), layer.colorDepth()))

    def layer(self):
        return self._document.rootNode().childNodes()[0]

    def rect(self):
        return QRect(0, 0, self._document.width(), self._document.height())

    def close(self):
        self._document.setModified(False)
        self._document.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
