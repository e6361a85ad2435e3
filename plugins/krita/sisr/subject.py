"""What the dialog asks of the open document: sizes, what can be done with it, how it looks."""
from PyQt5.QtCore import QRect, QSize, Qt
from PyQt5.QtGui import QColor, QImage, QPainter

from . import colours
from .document import check_layer, layers_to_enlarge, paint_layers
from .process import Failure

MOST_PIXELS = 4_000_000  # up to which the overview is made of the picture itself
PAPER = QColor(200, 200, 200)  # under what is transparent


class Subject:
    """document: open; active: its active layer, or None."""

    def __init__(self, document, active):
        self._document = document
        self._active = active
        bounds = active.bounds() if active is not None else QRect()
        self.size = document.width(), document.height()
        self.resolution = document.xRes()  # pixels per inch
        self.layer = None  # name and size of the active layer, where it can be enlarged by itself
        self.layer_problem = ""  # why it cannot
        try:
            check_layer(active)
            self.layer = active.name(), (bounds.width(), bounds.height())
        except Failure as failure:
            self.layer_problem = str(failure)

    def chosen_size(self, options):
        return self.size if options.whole_document or self.layer is None else self.layer[1]

    def problem(self, options):
        """Why options cannot be carried out, or ""."""
        try:
            layers_to_enlarge(self._document, self._active, options)
        except Failure as failure:
            return str(failure)
        return ""

    def note(self, options):
        """What becomes of layers that the network cannot take, or ""."""
        return colours.note(paint_layers(self._document)[1]) if options.whole_document else ""

    def pixels(self, options):
        """That the network gets. Precondition: there is no problem."""
        layers = layers_to_enlarge(self._document, self._active, options)
        return sum(layer.bounds().width() * layer.bounds().height() for layer in layers)

    def overview(self, side):
        """The whole picture as displayed, small."""
        width, height = self.size
        if width * height <= MOST_PIXELS:
            image = self._document.projection(0, 0, width, height)
        else:
            image = self._document.thumbnail(2 * side, 2 * side)
        # A picture of one row would be none.
        size = image.size().scaled(side, side, Qt.KeepAspectRatio).expandedTo(QSize(1, 1))
        return on_paper(image.scaled(size, Qt.IgnoreAspectRatio, Qt.SmoothTransformation))

    def crop(self, rect):
        """A part as displayed, in colours of the screen. rect: (x, y, width, height)."""
        return self._document.projection(*rect)


def on_paper(image):
    """The image without transparency."""
    paper = QImage(image.size(), QImage.Format_RGB32)
    paper.fill(PAPER)
    painter = QPainter(paper)
    painter.drawImage(0, 0, image)
    painter.end()
    return paper


def grey_rows(image):
    """Rows of grey as bytes."""
    grey = image.convertToFormat(QImage.Format_Grayscale8)
    bits = grey.constBits()
    bits.setsize(grey.sizeInBytes())
    data, step = bytes(bits), grey.bytesPerLine()
    return [data[y * step:y * step + grey.width()] for y in range(grey.height())]
