"""Opens a sample and the dialog through the menu entry, and saves what the display shows. Started by
./screenshot."""
import os
import sys
import time

from krita import Krita
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication
from sisr.dialog import OptionsDialog
from support import settle

SAMPLE = os.path.join(os.environ["SISR_ROOT"], "docs/samples/city.png")
PREVIEW_SECONDS = 60


def main():
    krita = Krita.instance()
    window = krita.activeWindow()
    document = krita.openDocument(SAMPLE)
    window.addView(document)
    screen = QApplication.primaryScreen()
    window.qwindow().setGeometry(screen.geometry())
    settle(document, 2)
    saved = []

    def capture():
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, OptionsDialog):
            return
        end = time.monotonic() + PREVIEW_SECONDS
        while dialog.preview.view.after is None and time.monotonic() < end:
            settle(document)
        dialog.move(window.qwindow().geometry().center() - dialog.rect().center())
        settle(document, 1)
        picture = screen.grabWindow(0).toImage()
        saved.append(picture.save(os.environ["SCREENSHOT"], "PNG", 0))
        dialog.reject()
    QTimer.singleShot(1500, capture)
    krita.action("sisr_super_resolution").trigger()
    print("== " + os.environ["SCREENSHOT"])
    sys.stdout.flush()
    return 0 if saved == [True] else 1
