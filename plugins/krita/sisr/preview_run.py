"""One run of the command for the preview, beside the dialog."""
import os
import tempfile
import time

from PyQt5.QtCore import QObject, QProcess, QProcessEnvironment, pyqtSignal
from PyQt5.QtGui import QImage

from .command import environment, explain_failure, file_arguments
from .estimate import measure

END_MILLISECONDS = 2000  # that a killed program may take to be gone when the dialog closes


class PreviewRun(QObject):
    """Enlarges an image. Ends with the signal: the enlarged image or None, what it took (Measured) or
    None, and why there is no image or ""."""

    finished = pyqtSignal(object, object, str)

    def __init__(self, program, options, image, parent):
        super().__init__(parent)
        self._folder = tempfile.TemporaryDirectory(prefix="krita-sisr-")
        self._pixels = image.width() * image.height()
        self._start = 0.0
        self._is_cancelled = False
        self._process = QProcess(self)
        self._process.setProcessEnvironment(_environment())
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._image = image
        self._call = file_arguments(program, options, self._path("in.png"), self._path("out.png"),
                                    self._path("report.json"))

    def start(self):
        if not self._image.save(self._call[1], "PNG", 100):  # hardly compressed: it is read once
            self._end(None, None, "The preview cannot be written to %s (is the disk full?)"
                      % self._folder.name)
            return
        self._start = time.monotonic()
        self._process.start(self._call[0], self._call[1:])

    def _path(self, name):
        return os.path.join(self._folder.name, name)

    def cancel(self):
        """Ends it without waiting and without a signal."""
        self._is_cancelled = True
        if self._process.state() == QProcess.NotRunning:
            self._clean()
        else:
            self._process.kill()

    def close(self):
        """Ends it and returns when nothing of it is left."""
        self.cancel()
        self._process.waitForFinished(END_MILLISECONDS)
        self._clean()

    def _clean(self):
        self._folder.cleanup()
        self.deleteLater()

    def _end(self, image, measured, problem):
        self._folder.cleanup()
        if not self._is_cancelled:
            self.finished.emit(image, measured, problem)
        self.deleteLater()

    def _on_error(self, error):
        if error == QProcess.FailedToStart:  # after any other the process tells its end
            self._end(None, None, "%s cannot be started" % self._process.program())

    def _on_finished(self, code, status):
        if self._is_cancelled:
            self._clean()
            return
        seconds = time.monotonic() - self._start
        if status != QProcess.NormalExit or code != 0:
            self._end(None, None, self._reason(code if status == QProcess.NormalExit else -9))
            return
        image = QImage(self._path("out.png"))
        if image.isNull():
            self._end(None, None, "sisr-batch wrote no preview")
            return
        self._end(image, measure(self._report(), self._pixels, seconds), "")

    def _report(self):
        try:
            with open(self._path("report.json"), encoding="utf-8") as file:
                return file.read()
        except (OSError, ValueError):
            return ""

    def _reason(self, code):
        """One line. The name of our own file says nothing to the user."""
        errors = bytes(self._process.readAllStandardError()).decode("utf-8", "replace")
        line = explain_failure(code, errors).splitlines()[-1]
        return line.replace(self._path("in.png") + ": ", "")


def _environment():
    made = QProcessEnvironment()
    for name, value in environment(os.environ).items():
        made.insert(name, value)
    return made
