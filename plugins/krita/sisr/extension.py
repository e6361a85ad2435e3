"""The menu entry, and the walk from the dialog to the result."""
import time

from krita import Extension, Krita
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QIcon
from PyQt5.QtWidgets import QApplication, QMessageBox, QProgressDialog

from . import settings
from .command import time_left
from .dialog import OptionsDialog
from .document import check_layer, enlarge, layers_to_enlarge, locked_layers
from .process import Cancelled, Failure

ACTION = "sisr_super_resolution"
MESSAGE_MILLISECONDS = 6000
MOST_NAMES = 5  # of layers in a message


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
        layer, layer_problem = describe(active)

        def check(options):
            try:
                layers_to_enlarge(document, active, options)
            except Failure as failure:
                return str(failure)
            return ""

        dialog = OptionsDialog(krita, (document.width(), document.height()), layer, layer_problem,
                               check, parent)
        if dialog.exec_() != OptionsDialog.Accepted:
            return
        options = dialog.options()
        if not _may_change(locked_layers(document, active, options), parent):
            return
        try:
            outcome = _enlarge_with_bar(krita, document, active, options, dialog.program(), parent)
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


def describe(node):
    """((name, (width, height)), "") of a layer that can be enlarged by itself, else (None, why not)."""
    try:
        check_layer(node)
    except Failure as failure:
        return None, str(failure)
    bounds = node.bounds()
    return (node.name(), (bounds.width(), bounds.height())), ""


def _may_change(locked, parent):
    """Asks about layers that are locked. locked: their names."""
    if not locked:
        return True
    what = "is locked" if len(locked) == 1 else "are locked"
    answer = QMessageBox.question(
        parent, "Super-resolution",
        "%s %s. Enlarge all the same? What is locked stays so." % (_list_names(locked), what),
        QMessageBox.Yes | QMessageBox.Cancel, QMessageBox.Cancel)
    return answer == QMessageBox.Yes


def _list_names(names):
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (" and %d more" % more if more > 0 else "")


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
        text += "; scaled by Krita: " + _list_names(outcome.left_to_krita)
    view = window.activeView()
    if view:
        view.showFloatingMessage(text, QIcon(), MESSAGE_MILLISECONDS, 1)
