"""Widgets that paint: before and after with a line between, and the whole picture to choose from."""
from PyQt5.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPen
from PyQt5.QtWidgets import QSizePolicy, QWidget

VIEW = 420, 315  # pixels of the enlarged picture
HANDLE = 7  # radius of what is drawn on the line to be dragged
STEP = 0.02  # of the width, for a key
SHADE = QColor(0, 0, 0, 150)


def fit(image, widget):
    """Where an image is painted: all of it, in the middle, as large as there is room."""
    size = QSize(image.size())
    size.scale(widget.size(), Qt.KeepAspectRatio)
    size = size.expandedTo(QSize(1, 1))
    return QRectF((widget.width() - size.width()) / 2, (widget.height() - size.height()) / 2,
                  size.width(), size.height())


class SplitView(QWidget):
    """Left of the line the picture before, right of it after."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.before = self.after = None
        self.line = 0.5  # from 0 to 1 across the picture
        self.setMinimumSize(*VIEW)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setCursor(Qt.SplitHCursor)
        self.setFocusPolicy(Qt.StrongFocus)
        self.setAccessibleName("Preview: before and after")
        self.setToolTip("Drag the line, or use the left and right keys")

    def show_pair(self, before, after):
        """after: of the same size, or None as long as there is none."""
        self.before, self.after = before, after
        self.update()

    def move_line(self, line):
        self.line = min(1.0, max(0.0, line))
        self.update()

    def paintEvent(self, _event):
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().mid())
        if self.before is None:
            return
        place = fit(self.before, self)
        painter.setRenderHint(QPainter.SmoothPixmapTransform, place.width() < 2 * self.before.width())
        painter.drawImage(place, self.before)
        if self.after is None:
            return
        x = place.left() + self.line * place.width()
        right = QRectF(place)
        right.setLeft(x)
        painter.setClipRect(right)
        painter.drawImage(place, self.after)
        painter.setClipping(False)
        self._paint_line(painter, place, x)
        self._paint_words(painter, place)

    @staticmethod
    def _paint_line(painter, place, x):
        painter.setRenderHint(QPainter.Antialiasing)
        for pen in (QPen(SHADE, 3), QPen(Qt.white, 1)):
            painter.setPen(pen)
            painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))
        painter.setBrush(Qt.white)
        painter.setPen(QPen(SHADE, 1))
        painter.drawEllipse(QPointF(x, place.center().y()), HANDLE, HANDLE)

    def _paint_words(self, painter, place):
        for word, left in (("before", True), ("after", False)):
            box = QRectF(self.fontMetrics().boundingRect(word)).adjusted(-4, -2, 4, 2)
            box.moveTop(place.top() + 4)
            if left:
                box.moveLeft(place.left() + 4)
            else:
                box.moveRight(place.right() - 4)
            painter.fillRect(box, SHADE)
            painter.setPen(Qt.white)
            painter.drawText(box, Qt.AlignCenter, word)

    def mousePressEvent(self, event):
        self._take(event)

    def mouseMoveEvent(self, event):
        self._take(event)

    def _take(self, event):
        if self.before is not None and event.buttons() & Qt.LeftButton:
            place = fit(self.before, self)
            self.move_line((event.x() - place.left()) / place.width())

    def keyPressEvent(self, event):
        step = {Qt.Key_Left: -STEP, Qt.Key_Right: STEP}.get(event.key())
        if step is None:
            super().keyPressEvent(event)
        else:
            self.move_line(self.line + step)


class Overview(QWidget):
    """The whole picture, with a frame around what the preview shows."""

    chosen = pyqtSignal(float, float)  # from 0 to 1 across and down

    SIDE = 130

    def __init__(self, image, parent=None):
        super().__init__(parent)
        self._image = image
        self._frame = QRectF()
        self.setFixedSize(self.SIDE, self.SIDE)
        self.setCursor(Qt.CrossCursor)
        self.setAccessibleName("Overview")
        self.setToolTip("Click to look at another place")

    def show_frame(self, frame):
        """frame: (x, y, width, height), from 0 to 1."""
        self._frame = QRectF(*frame)
        self.update()

    def paintEvent(self, _event):
        painter = QPainter(self)
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        place = fit(self._image, self)
        painter.drawImage(place, self._image)
        frame = QRectF(place.left() + self._frame.left() * place.width(),
                       place.top() + self._frame.top() * place.height(),
                       self._frame.width() * place.width(), self._frame.height() * place.height())
        for pen in (QPen(Qt.black, 3), QPen(Qt.white, 1)):
            painter.setPen(pen)
            painter.drawRect(frame)

    def mousePressEvent(self, event):
        self._choose(event)

    def mouseMoveEvent(self, event):
        self._choose(event)

    def _choose(self, event):
        place = fit(self._image, self)
        if event.buttons() & Qt.LeftButton:
            self.chosen.emit(min(1.0, max(0.0, (event.x() - place.left()) / place.width())),
                             min(1.0, max(0.0, (event.y() - place.top()) / place.height())))
