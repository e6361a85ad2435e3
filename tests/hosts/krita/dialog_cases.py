"""The plug-in's dialog in a real Krita: preview, estimate, models, presets, other colour models.
Started by ./run dialog_cases.py."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from PyQt5.QtCore import QEvent, QPointF, Qt, QTimer
from PyQt5.QtGui import QImage, QKeyEvent, QMouseEvent
from PyQt5.QtWidgets import QApplication, QDialog, QDialogButtonBox, QMessageBox

from cases import KRITA, X2, Case
from sisr import settings
from sisr.command import DEFAULTS
from sisr.dialog import OptionsDialog
from sisr.picture_view import fit
from sisr.preview import UPDATING
from sisr.subject import Subject
from support import BATCH, settle, sisr_batch, write_png

SECONDS = 60  # for which is waited on a machine that is busy


def our_folders():
    return set(glob.glob(os.path.join(tempfile.gettempdir(), "krita-sisr-*")))


def children():
    return subprocess.run(["ps", "-o", "args", "--ppid", str(os.getpid())],
                          stdout=subprocess.PIPE, check=False).stdout.decode()


def bytes_of(image):
    image = image.convertToFormat(QImage.Format_RGB32)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    return bytes(bits)


def press(widget, x, y):
    for kind in (QEvent.MouseButtonPress, QEvent.MouseButtonRelease):
        QApplication.sendEvent(widget, QMouseEvent(kind, QPointF(x, y), Qt.LeftButton,
                                                   Qt.LeftButton, Qt.NoModifier))


class DialogCase(Case):
    SIZE = 60, 45  # all of it is seen in the preview

    def setUp(self):
        super().setUp()
        settings.save(KRITA, DEFAULTS)

    def open_dialog(self, document=None, program=None):
        self.document = document or self.open_png("a.png", *self.SIZE, 3, 8)
        if program:
            settings.save_program(KRITA, self.program(program))
        dialog = OptionsDialog(KRITA, Subject(self.document, self.document.activeNode()))
        dialog.show()
        self.addCleanup(dialog.deleteLater)
        self.addCleanup(dialog.reject)
        return dialog

    def program(self, text):
        """One that tells its models, and for a picture does what the text says."""
        path = self.path("program")
        with open(path, "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\ncase "$1" in --list-models) exec %s "$@";; esac\n%s\n'
                       % (BATCH, text))
        os.chmod(path, 0o700)
        return path

    def wait(self, condition):
        end = time.monotonic() + SECONDS
        while not condition():
            self.assertLess(time.monotonic(), end, "nothing came")
            QApplication.processEvents()
            time.sleep(0.01)

    def wait_for_result(self, dialog):
        """Of the options that are chosen now."""
        self.wait(lambda: self.is_ready(dialog) and dialog.preview.status.text() == "")
        self.assertIsNotNone(dialog.preview.view.after)
        return dialog.preview.view.after

    @staticmethod
    def is_ready(dialog):
        return dialog._buttons.button(QDialogButtonBox.Ok).isEnabled()


class Preview(DialogCase):
    def test_appears_and_is_what_the_command_makes(self):
        dialog = self.open_dialog()
        self.wait(lambda: dialog.preview.status.text() == UPDATING)
        self.assertEqual(dialog.form.time.text(), "Time: known after the preview")
        after = self.wait_for_result(dialog)
        self.assertEqual((after.width(), after.height()), (240, 180))
        self.assertEqual(dialog.preview.view.before.size(), after.size())
        sisr_batch(self.path("a.png"), self.path("e.png"), "-s", "4")
        wanted = bytes_of(QImage(self.path("e.png")))
        difference = max(abs(a - b) for a, b in zip(bytes_of(after), wanted))
        self.assertLessEqual(difference, 1)
        self.assertNotEqual(bytes_of(after), bytes_of(dialog.preview.view.before))
        self.assertRegex(dialog.form.time.text(), "^Time: about [0-9]+ (second|minute)s?$")
        self.assertEqual(dialog.form.size.text(),
                         "60 x 45 pixels become 240 x 180, under 0.1 megapixels")

    def test_changes_with_strength_and_keeps_what_was_seen(self):
        dialog = self.open_dialog()
        first = self.wait_for_result(dialog)
        strength = dialog.form.strength
        self.assertIsNone(dialog.options().strength)
        self.assertEqual(strength.number.text(), strength.locale().toString(0.9, "f", 2))
        strength.slider.setValue(0)
        self.assertEqual((dialog.options().strength, dialog.preview.status.text()), (0, UPDATING))
        self.assertIs(dialog.preview.view.after, first)  # there until the next comes
        second = self.wait_for_result(dialog)
        self.assertNotEqual(bytes_of(second), bytes_of(first))
        strength.reset.click()
        self.assertIsNone(dialog.options().strength)
        self.assertEqual(strength.slider.value(), 90)
        self.assertEqual(dialog.preview.status.text(), "")
        self.assertIs(dialog.preview.view.after, first)
        strength.slider.setValue(0)
        self.assertIs(dialog.preview.view.after, second)

    def test_one_run_after_many_changes(self):
        dialog = self.open_dialog(program='echo x >>%s; exec %s "$@"' % (self.path("runs"), BATCH))
        for scale in (2, 2.5, 3, 2):
            dialog.form.scale.setValue(scale)
        self.wait(lambda: self.is_ready(dialog))
        for percent in range(0, 100, 10):
            dialog.form.strength.slider.setValue(percent)
        after = self.wait_for_result(dialog)
        self.assertEqual(after.width(), 120)
        with open(self.path("runs"), encoding="utf-8") as file:
            self.assertEqual(len(file.read().split()), 1)

    def test_the_line_is_dragged(self):
        dialog = self.open_dialog()
        self.wait_for_result(dialog)
        view = dialog.preview.view
        place = fit(view.before, view)
        pictures = []
        for share in (0.25, 0.75):
            press(view, place.left() + share * place.width(), place.center().y())
            self.assertAlmostEqual(view.line, share, 1)
            pictures.append(view.grab().toImage())
        press(view, -100, 5)
        self.assertEqual(view.line, 0)
        QApplication.sendEvent(view, QKeyEvent(QEvent.KeyPress, Qt.Key_Right, Qt.NoModifier))
        self.assertAlmostEqual(view.line, 0.02)
        # Between the lines the first shows what is after, the second what is before.
        rect = place.adjusted(0.35 * place.width(), 40, -0.35 * place.width(), 0).toRect()
        self.assertNotEqual(*(bytes_of(picture.copy(rect)) for picture in pictures))

    def test_begins_at_detail_and_goes_where_the_overview_is_clicked(self):
        document = self.show(KRITA.createDocument(800, 600, "flat", "RGBA", "U8", "", 300.0))
        write_png(self.path("s.png"), 120, 90, 3, 8)
        source = KRITA.openDocument(self.path("s.png"))
        layer = document.rootNode().childNodes()[0]
        layer.setPixelData(source.rootNode().childNodes()[0].pixelData(0, 0, 120, 90), 600, 400,
                           120, 90)
        source.close()
        document.refreshProjection()
        settle(document)
        dialog = self.open_dialog(document)
        self.wait_for_result(dialog)
        x, y, width, height = dialog.preview._run_key[-1]
        self.assertTrue(600 <= x + width / 2 <= 720 and 400 <= y + height / 2 <= 490, (x, y))
        overview = dialog.preview.overview
        place = fit(overview._image, overview)
        press(overview, place.left() + 0.1 * place.width(), place.top() + 0.1 * place.height())
        self.wait_for_result(dialog)
        x, y, width, height = dialog.preview._run_key[-1]
        self.assertTrue(abs(x + width / 2 - 80) < 10 and abs(y + height / 2 - 60) < 10, (x, y))

    def test_a_picture_of_one_row(self):
        self.SIZE = 900, 1
        dialog = self.open_dialog()
        after = self.wait_for_result(dialog)
        self.assertEqual((after.width(), after.height()), (420, 4))
        self.assertFalse(dialog.grab().isNull())

    def test_a_failure_is_told_in_one_line(self):
        dialog = self.open_dialog(program='echo >&2 one; echo "sisr-batch: $1: broken" >&2; exit 1')
        self.wait(lambda: "broken" in dialog.preview.status.text())
        self.assertEqual(dialog.preview.status.text(), "sisr-batch: broken")
        self.assertIsNone(dialog.preview.view.after)
        self.assertTrue(self.is_ready(dialog))

    def test_closing_ends_what_is_at_work(self):
        before = our_folders()
        dialog = self.open_dialog(program="exec sleep 987")
        self.wait(lambda: "sleep 987" in children())
        start = time.monotonic()
        dialog.form.strength.slider.setValue(10)
        self.assertLess(time.monotonic() - start, 0.1)
        dialog.reject()
        self.assertLess(time.monotonic() - start, 1)
        self.wait(lambda: "sleep 987" not in children())
        self.wait(lambda: our_folders() == before)

    def test_nothing_is_shown_for_what_cannot_be_done(self):
        dialog = self.open_dialog()
        self.wait_for_result(dialog)
        dialog.form.scale.setValue(17)
        self.assertEqual(dialog.preview.status.text(), "The scale must be from 1 to 16.")
        self.assertIsNone(dialog.preview.view.after)
        dialog.form.scale.setValue(4)
        self.assertIsNotNone(dialog.preview.view.after)


class Choices(DialogCase):
    def test_models_in_groups(self):
        folder = os.path.expanduser("~/.local/share/sisr/models")
        os.makedirs(folder)
        self.addCleanup(shutil.rmtree, folder)
        source = os.path.join(os.path.dirname(BATCH), "../share/sisr/models/fidelity-x2.safetensors")
        shutil.copy(source, os.path.join(folder, "my-model-x2.safetensors"))
        dialog = self.open_dialog()
        self.wait(lambda: self.is_ready(dialog))
        models = dialog.form.model
        texts = [models.itemText(i).strip() for i in range(models.count())]
        self.assertTrue(texts[0].startswith("Default: "))
        self.assertEqual(texts[1], "SISR's")
        self.assertEqual(texts[-2], "Yours")
        self.assertFalse(models.model().item(1).isEnabled())
        self.assertRegex(texts[-1], "^my-model-x2: .")
        self.assertTrue(all(": " in text for text in texts[2:-2]))
        models.choose("my-model-x2")
        self.assertEqual(dialog.options().model, "my-model-x2")
        self.assertFalse(dialog.form.strength.isEnabled())

    def test_presets(self):
        self.document = self.open_png("a.png", *self.SIZE, 3, 8)
        self.document.setResolution(72)
        dialog = self.open_dialog(self.document)
        self.wait(lambda: self.is_ready(dialog))
        buttons = dialog.form.presets.buttons
        buttons["Natural"].click()
        self.assertEqual(dialog.options(), DEFAULTS._replace(strength=0.0))
        buttons["Crisp"].click()
        self.assertEqual(dialog.options(), DEFAULTS._replace(strength=1.0))
        buttons["Restore JPEG only"].click()
        self.assertEqual(dialog.options(), DEFAULTS._replace(model="restore-x1", scale=1.0))
        self.assertIn("become 60 x 45,", dialog.form.size.text())
        after = self.wait_for_result(dialog)
        self.assertEqual((after.width(), after.height()), self.SIZE)
        buttons["Print"].click()
        options = dialog.options()
        self.assertAlmostEqual(options.scale * 72, 300, 1)
        self.assertEqual(options._replace(scale=4.0), DEFAULTS)

    def test_many_megapixels_are_asked_about(self):
        settings.save(KRITA, X2)
        document = self.show(KRITA.createDocument(4000, 3800, "large", "RGBA", "U8", "", 300.0))
        write_png(self.path("s.png"), 20, 15, 3, 8)
        source = KRITA.openDocument(self.path("s.png"))
        document.rootNode().childNodes()[0].setPixelData(
            source.rootNode().childNodes()[0].pixelData(0, 0, 20, 15), 0, 0, 20, 15)
        source.close()
        settle(document)
        dialog = self.open_dialog(document)
        self.wait(lambda: self.is_ready(dialog))
        texts = []

        def answer(button):
            box = QApplication.activeModalWidget()
            texts.append(box.text())
            box.button(button).click()
        QTimer.singleShot(300, lambda: answer(QMessageBox.Cancel))
        dialog.accept()
        self.assertTrue(dialog.isVisible())
        QTimer.singleShot(300, lambda: answer(QMessageBox.Yes))
        dialog.accept()
        self.assertEqual((dialog.isVisible(), dialog.result()), (False, QDialog.Accepted))
        self.assertIn("The result has 8000 x 7600 pixels, 60.8 megapixels.", texts[0])


class Colours(DialogCase):
    def check_told(self, model, named):
        document = self.show(KRITA.createDocument(20, 15, "colours", model, "U8", "", 300.0))
        write_png(self.path("s.png"), 20, 15, 3, 8)
        dialog = self.open_dialog(document)
        self.wait(lambda: "Asking" not in dialog._message.text())
        self.assertIn("it is in %s. Convert it" % named, dialog._message.text())
        self.assertFalse(self.is_ready(dialog))
        self.assertIn("is in " + named, dialog.preview.status.text())
        return dialog

    def test_cmyk(self):
        self.check_told("CMYKA", "CMYK")

    def test_lab(self):
        self.check_told("LABA", "Lab")

    def test_a_document_that_holds_both(self):
        document = self.open_png("a.png", *self.SIZE, 3, 8)
        other = self.show(KRITA.createDocument(20, 15, "cmyk", "CMYKA", "U8", "", 300.0))
        layer = other.rootNode().childNodes()[0].clone()
        layer.setName("for print")
        document.rootNode().addChildNode(layer, None)
        settle(document)
        dialog = self.open_dialog(document)
        self.wait(lambda: self.is_ready(dialog))
        self.assertIn("Krita scales for print, which is in CMYK", dialog._colour_note.text())
        self.assertTrue(dialog._colour_note.isVisible())


def main():
    print("== Krita " + KRITA.version(), flush=True)
    wanted = os.environ.get("CASES", "").split()
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(wanted, sys.modules[__name__]) if wanted else \
        unittest.TestSuite(loader.loadTestsFromTestCase(case)
                           for case in (Preview, Choices, Colours))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    return 0 if result.wasSuccessful() else 1
