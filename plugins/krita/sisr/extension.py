"""The menu entry, and the walk from the dialog to the result."""
import time

from krita import Extension, Krita
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QIcon
from PyQt5.QtWidgets import QApplication, QMessageBox, QProgressDialog

from . import settings
from .colours import list_names
from .command import time_left
from .dialog import OptionsDialog
from .document import enlarge, locked_layers
from .process import Cancelled, Failure
from .subject import Subject

ACTION = "sisr_super_resolution"
MESSAGE_MILLISECONDS = 6000


class SuperResolution(Extension):
    """Tools > Scripts > "Super-resolution..."."""

    def setup(self):
        """Nothing to do before the first use."""

    def createActions(self, window):
        action = window.createAction(ACTION, "Super-resolution...", "tools/scripts")
        action.triggered.connect(self.ask_and_enlarge)

    def ask_and_enlarge(self):
        krita = Krita.instance()
        window = krita.activeWindow()
        parent = window.qwindow() if window else None
        document = krita.activeDocument()
        if document is None:
            QMessageBox.information(parent, "Super-resolution", "Open a picture first.")
            return
        active = document.activeNode()
        document.waitForDone()
        dialog = OptionsDialog(krita, Subject(document, active), parent)
        accepted = dialog.exec_() == OptionsDialog.Accepted
        options, program = dialog.options(), dialog.program()
        dialog.deleteLater()  # it holds pictures, and Krita's window would keep it
        if not accepted:
            return
        if not _may_change(locked_layers(document, active, options), parent):
            return
        try:
            outcome = _enlarge_with_bar(krita, document, active, options, program, parent)
        except Cancelled:
            settings.save(krita, options)
            return
        except Failure as failure:
            # What fails is not offered again.
            QMessageBox.warning(parent, "Super-resolution", str(failure))
            return
        settings.save(krita, options)
        if options.new_document:
            window.addView(outcome.document)
        _tell(window, outcome)


def _may_change(locked, parent):
    """Asks about layers that are locked. locked: their names."""
    if not locked:
        return True
    what = "is locked" if len(locked) == 1 else "are locked"
    answer = QMessageBox.question(
        parent, "Super-resolution",
        "%s %s. Enlarge all the same? What is locked stays so." % (list_names(locked), what),
        QMessageBox.Yes | QMessageBox.Cancel, QMessageBox.Cancel)
    return answer == QMessageBox.Yes


def _enlarge_with_bar(krita, document, active, options, program, parent):
    # Modal: nobody edits the document between the reading of its pixels and their return.
    bar = QProgressDialog("Enlarging...", "Cancel", 0, 100, parent)
    bar.setWindowTitle("Super-resolution")
    bar.setWindowModality(Qt.ApplicationModal)
    bar.setMinimumDuration(0)
    bar.setAutoReset(False)

    start = time.monotonic()

    def progress(percent):
        bar.setLabelText("Enlarging... " + time_left(time.monotonic() - start, percent))
        bar.setValue(percent)
        QApplication.processEvents()
        return not bar.wasCanceled()

    try:
        return enlarge(krita, document, active, options, program, progress)
    finally:
        bar.close()
        bar.deleteLater()


def _tell(window, outcome):
    text = "Enlarged %d layer%s" % (outcome.enlarged, "" if outcome.enlarged == 1 else "s")
    if outcome.undo_steps:
        text += "; %d steps of Undo take it back" % outcome.undo_steps
    if outcome.left_to_krita:
        text += "; scaled by Krita: " + list_names(outcome.left_to_krita)
    view = window.activeView()
    if view:
        view.showFloatingMessage(text, QIcon(), MESSAGE_MILLISECONDS, 1)
