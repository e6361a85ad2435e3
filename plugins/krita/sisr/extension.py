"""The menu entry, and the walk from the dialog to the result."""
from krita import Extension, Krita
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QIcon
from PyQt5.QtWidgets import QApplication, QMessageBox, QProgressDialog

from . import settings
from .dialog import OptionsDialog
from .document import check_layer, enlarge
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
        dialog = OptionsDialog(krita, (document.width(), document.height()), _describe(active),
                               parent)
        if dialog.exec_() != OptionsDialog.Accepted:
            return
        options = dialog.options()
        settings.save(krita, options)
        try:
            outcome = _enlarge_with_bar(krita, document, active, options, dialog.program(), parent)
        except Cancelled:
            return
        except Failure as failure:
            QMessageBox.warning(parent, "Super-resolution", str(failure))
            return
        if options.new_document:
            window.addView(outcome.document)
        _tell(window, outcome)


def _describe(node):
    """(name, (width, height)) of a layer that can be enlarged by itself, else None."""
    try:
        check_layer(node)
    except Failure:
        return None
    bounds = node.bounds()
    return node.name(), (bounds.width(), bounds.height())


def _enlarge_with_bar(krita, document, active, options, program, parent):
    # Modal: nobody edits the document between the reading of its pixels and their return.
    bar = QProgressDialog("Enlarging...", "Cancel", 0, 100, parent)
    bar.setWindowTitle("Super-resolution")
    bar.setWindowModality(Qt.ApplicationModal)
    bar.setMinimumDuration(0)
    bar.setAutoReset(False)

    def progress(percent):
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
        names = ", ".join(outcome.left_to_krita[:MOST_NAMES])
        more = len(outcome.left_to_krita) - MOST_NAMES
        text += "; scaled by Krita: " + names + (" and %d more" % more if more > 0 else "")
    view = window.activeView()
    if view:
        view.showFloatingMessage(text, QIcon(), MESSAGE_MILLISECONDS, 1)
