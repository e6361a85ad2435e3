"""The preview: a chosen spot of the picture, before and after, and what making it took."""
from collections import OrderedDict

from PyQt5.QtCore import QRect, Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from . import spot
from .command import pixel_words
from .picture_view import VIEW, Overview, SplitView
from .preview_run import PreviewRun
from .subject import grey_rows, on_paper

DELAY_MILLISECONDS = 150  # without a change before there is work
LOOK_SIDE = 512  # of the small picture in which detail is looked for
MOST_KEPT = 60  # results
UPDATING = "Updating..."


class Preview(QWidget):
    """subject: see subject.py."""

    measured = pyqtSignal(object, object)  # options, and what they took (Measured)

    def __init__(self, subject, parent=None):
        super().__init__(parent)
        self._subject = subject
        self._asked = None  # program and options, or None while there is nothing to show
        self._run = None
        self._run_key = self._read = self._source = None  # of the last run
        self._kept = OrderedDict()
        self._place = self._shown_place = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MILLISECONDS)
        self._timer.timeout.connect(self._start)
        self._small = subject.overview(LOOK_SIDE)
        self.view = SplitView()
        self.overview = Overview(self._small)
        self.overview.chosen.connect(self.look_at)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setAlignment(Qt.AlignLeft | Qt.AlignTop)
        below = QHBoxLayout()
        below.addWidget(self.overview)
        below.addWidget(self.status, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view, 1)
        layout.addLayout(below)

    def show_options(self, program, options):
        """Shows what the options make, now or when it is made."""
        if self._asked == (program, options):
            return
        self._asked = program, options
        self._renew()

    def pause(self, reason=""):
        """Shows no result, and why there is none."""
        self._asked = None
        self._cancel()
        self.view.show_pair(self.view.before, None)
        self.status.setText(reason)

    def look_at(self, x, y):
        """x, y: from 0 to 1."""
        self._place = x, y
        if self._asked:
            self._renew()

    def close_run(self):
        """Ends what is at work, for good."""
        self._asked = None
        self._timer.stop()
        if self._run:
            self._run.close()
            self._run = None
        self._kept.clear()

    def _crop(self):
        """The rectangle that is shown."""
        picture = self._subject.size
        size = spot.crop_size(VIEW, self._asked[1].scale, picture)
        if self._place is None:
            window = [side / whole for side, whole in zip(size, picture)]
            self._place = spot.most_detailed(grey_rows(self._small), window)
        return spot.crop_around(self._place, size, picture)

    def _key(self):
        program, options = self._asked
        return program, tuple(pixel_words(options)), self._crop()

    def _renew(self):
        key = self._key()
        wanted, picture = key[-1], self._subject.size
        self.overview.show_frame((wanted[0] / picture[0], wanted[1] / picture[1],
                                  wanted[2] / picture[0], wanted[3] / picture[1]))
        if self._run and self._run_key == key:
            self._timer.stop()
            return
        self._cancel()
        self._show_place(wanted)
        if key in self._kept:
            self._kept.move_to_end(key)
            self._show(*self._kept[key])
            return
        self.status.setText(UPDATING)
        self._timer.start()

    def _show_place(self, wanted):
        """What is there before the work; the last result stays as long as the place does."""
        if self._shown_place != wanted:
            self._shown_place = wanted
            self.view.show_pair(on_paper(self._subject.crop(wanted)), None)

    def _cancel(self):
        self._timer.stop()
        if self._run:
            self._run.finished.disconnect(self._on_finished)
            self._run.cancel()
            self._run = None

    def _start(self):
        program, options = self._asked
        self._run_key = self._key()
        self._read = spot.with_margin(self._run_key[-1], self._subject.size)
        self._source = self._subject.crop(self._read)
        self._run = PreviewRun(program, options, self._source, self)
        self._run.finished.connect(self._on_finished)
        self._run.start()

    def _on_finished(self, image, measured, problem):
        self._run = None
        if problem:
            self.view.show_pair(self.view.before, None)
            self.status.setText(problem)
            return
        self._kept[self._run_key] = self._pair(image)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        self._show(*self._kept[self._run_key])
        self.measured.emit(self._asked[1], measured)

    def _pair(self, image):
        """The wanted part before and after, of the same size."""
        inside = QRect(*spot.inside_result(self._run_key[-1], self._read,
                                           (image.width(), image.height())))
        before = self._source.scaled(image.size(), Qt.IgnoreAspectRatio, Qt.SmoothTransformation)
        return on_paper(before.copy(inside)), on_paper(image.copy(inside))

    def _show(self, before, after):
        self.view.show_pair(before, after)
        self.status.setText("")
