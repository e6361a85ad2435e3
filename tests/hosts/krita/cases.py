"""The plug-in in a real Krita: pixels against sisr-batch, positions, profiles, undo, cancel, faults.
Started by ./run."""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from krita import Krita
from PyQt5.QtCore import QByteArray, QTimer
from PyQt5.QtWidgets import QApplication, QDialogButtonBox, QLabel, QMessageBox, QProgressDialog

from sisr import settings
from sisr.command import DEFAULTS
from sisr.dialog import OptionsDialog
from sisr.document import all_nodes, enlarge
from sisr.process import Cancelled, Failure
from sisr.subject import Subject
from support import (BATCH, LIMITS, find_profile, max_difference, raw, read_samples, samples, settle,
                     sisr_batch, state, write_png)

KRITA = Krita.instance()
X2 = DEFAULTS._replace(scale=2.0)

LARGE = 1600, 1200  # takes the command long enough to be stopped in mid-run


def go_on(percent):
    return True


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        KRITA.setBatchmode(True)
        settings.save_program(KRITA, "")

    def path(self, name):
        return os.path.join(self.folder, name)

    def show(self, document):
        document.setBatchmode(True)
        KRITA.activeWindow().addView(document)
        KRITA.setActiveDocument(document)
        settle(document)
        self.addCleanup(self.close, document)
        return document

    @staticmethod
    def close(document):
        document.setModified(False)
        document.close()

    def open_png(self, name, *what):
        write_png(self.path(name), *what)
        return self.show(KRITA.openDocument(self.path(name)))

    def expected(self, name, *words):
        """Samples that sisr-batch makes of the same file."""
        sisr_batch(self.path(name), self.path("expected-" + name), *words)
        return read_samples(self.path("expected-" + name))

    def assert_same(self, node, wanted):
        difference = max_difference(samples(raw(node), node.colorDepth()), wanted)
        self.assertLessEqual(difference, LIMITS[node.colorDepth()])
        print("     max difference to sisr-batch: %g, allowed %g (%s)" % (
            difference, LIMITS[node.colorDepth()], node.colorDepth()))

    def undo(self, document, steps, action="edit_undo"):
        for _ in range(steps):
            KRITA.action(action).trigger()
            settle(document)


class WholeDocument(Case):
    def check(self, channels, bits, profile=None, scale=2.0, named=""):
        document = self.open_png("a.png", 25, 18, channels, bits, profile)
        before = state(document)
        profile_name = document.colorProfile()
        self.assertIn(named, profile_name)
        outcome = enlarge(KRITA, document, None, DEFAULTS._replace(scale=scale), BATCH, go_on)
        settle(document)
        self.assertEqual(outcome.enlarged, 1)
        width, height = int(25 * scale + 0.5), int(18 * scale + 0.5)
        self.assertEqual((document.width(), document.height()), (width, height))
        self.assertAlmostEqual(document.xRes(), before[2] * scale, 2)
        layer = document.rootNode().childNodes()[0]
        self.assertEqual((layer.colorProfile(), layer.colorDepth()),
                         (profile_name, "U%d" % bits))
        self.assert_same(layer, self.expected("a.png", "-s", str(scale)))
        self.undo(document, outcome.undo_steps)
        self.assertEqual(state(document), before)

    def test_rgb_8(self):
        self.check(3, 8)

    def test_rgb_alpha_8(self):
        self.check(4, 8)

    def test_rgb_alpha_16_wide_gamut(self):
        self.check(4, 16, find_profile("LargeRGB-elle-V2-g22.icc"), named="LargeRGB")

    def test_grey_8(self):
        self.check(1, 8)

    def test_grey_alpha_16(self):
        self.check(2, 16)

    def test_scale_that_is_no_whole_number(self):
        self.check(3, 8, None, 1.5)

    def check_float(self, model, depth, profile):
        document = self.show(KRITA.createDocument(20, 15, "float", model, depth, profile, 300.0))
        write_png(self.path("s.png"), 20, 15, 4 if model == "RGBA" else 2, 16)
        source = KRITA.openDocument(self.path("s.png"))
        source.setColorSpace(model, depth, profile)
        source.waitForDone()
        layer = document.rootNode().childNodes()[0]
        layer.setPixelData(source.rootNode().childNodes()[0].pixelData(0, 0, 20, 15), 0, 0, 20, 15)
        source.close()
        document.refreshProjection()
        settle(document)
        # What a user would do by hand: export, sisr-batch, open.
        from sisr.exchange import write_layer
        write_layer(KRITA, layer, layer.bounds(), self.path("s.tif"))
        sisr_batch(self.path("s.tif"), self.path("e.tif"), "-s", "2", "--depth", "float")
        opened = KRITA.openDocument(self.path("e.tif"))
        wanted = samples(raw(opened.rootNode().childNodes()[0]), "F32")
        opened.close()
        enlarge(KRITA, document, None, X2, BATCH, go_on)
        layer = document.rootNode().childNodes()[0]
        self.assertEqual((layer.colorModel(), layer.colorDepth(), layer.colorProfile()),
                         (model, depth, profile))
        self.assert_same(layer, wanted)

    def test_float_linear(self):
        self.check_float("RGBA", "F32", "sRGB-elle-V2-g10.icc")

    def test_float_as_displayed(self):
        self.check_float("RGBA", "F32", "sRGB-elle-V2-srgbtrc.icc")

    def test_half_linear(self):
        self.check_float("RGBA", "F16", "sRGB-elle-V2-g10.icc")

    def test_half_grey(self):
        self.check_float("GRAYA", "F16", "Gray-D50-elle-V2-g10.icc")


class Layers(Case):
    """A document as people make them: an offset layer in a group that reaches beyond the canvas, a
    mask, a vector layer."""

    MASKED = 40, 30, 3, 8
    masked_document = None

    @classmethod
    def prepare(cls):
        """A layer with a mask, as the menu makes it, which needs an active layer."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "masked.png")
            write_png(path, *cls.MASKED)
            cls.masked_document = document = KRITA.openDocument(path)
            document.setBatchmode(True)
            KRITA.activeWindow().addView(document)
            yield
            document.setActiveNode(document.rootNode().childNodes()[0])
            yield
            KRITA.action("add_new_transparency_mask").trigger()
            yield

    def make_document(self, with_clone=False):
        document = self.open_png("back.png", 40, 30, 3, 8)
        write_png(self.path("photo.png"), 24, 18, 3, 8)
        source = KRITA.openDocument(self.path("photo.png"))
        photo = document.createNode("photo", "paintlayer")
        photo.setPixelData(source.rootNode().childNodes()[0].pixelData(0, 0, 24, 18), 23, -5, 24, 18)
        source.close()
        group = document.createGroupLayer("group")
        root = document.rootNode()
        root.addChildNode(group, None)
        group.addChildNode(photo, None)
        group.addChildNode(document.createNode("empty", "paintlayer"), None)
        root.addChildNode(document.createVectorLayer("vector"), None)
        photo.setOpacity(120)
        photo.setBlendingMode("multiply")
        photo.setLocked(True)
        if with_clone:
            root.addChildNode(document.createCloneLayer("clone", photo), None)
        settle(document)
        document.setHorizontalGuides([10.0])
        return document

    def photo(self, document):
        return next(n for n in all_nodes(document.rootNode()) if n.name() == "photo")

    @staticmethod
    def tree(document):
        return [(n.name(), n.type(), n.opacity(), n.blendingMode(), n.visible(), n.locked())
                for n in all_nodes(document.rootNode())]

    def assert_photo(self, document, x, y):
        """The layer lies exactly there and has the pixels that sisr-batch makes of the file."""
        photo = self.photo(document)
        bounds = photo.bounds()
        self.assertEqual((bounds.x(), bounds.y(), bounds.width(), bounds.height()), (x, y, 48, 36))
        self.assertEqual(photo.parentNode().name(), "group")
        self.assert_same(photo, self.expected("photo.png", "-s", "2"))

    def test_whole_document(self):
        document = self.make_document()
        before, tree = state(document), self.tree(document)
        outcome = enlarge(KRITA, document, None, X2, BATCH, go_on)
        settle(document)
        self.assertEqual((outcome.enlarged, outcome.left_to_krita), (2, []))
        self.assertEqual((document.width(), document.height()), (80, 60))
        self.assertEqual(self.tree(document), tree)
        self.assertAlmostEqual(document.horizontalGuides()[0], 20, 2)
        self.assert_photo(document, 46, -10)
        after = state(document)
        self.undo(document, outcome.undo_steps)
        self.assertEqual(state(document), before)
        self.undo(document, outcome.undo_steps, "edit_redo")
        self.assertEqual(state(document), after)

    def test_active_layer(self):
        document = self.make_document()
        before, tree = state(document), self.tree(document)
        photo = self.photo(document)
        options = X2._replace(whole_document=False)
        outcome = enlarge(KRITA, document, photo, options, BATCH, go_on)
        settle(document)
        self.assertEqual((document.width(), document.height()), (40, 30))
        self.assertEqual(self.tree(document), tree)
        self.assert_photo(document, 23, -5)
        back = document.rootNode().childNodes()[0]
        self.assertEqual(raw(back), raw(KRITA.openDocument(self.path("back.png"))
                                        .rootNode().childNodes()[0]))
        self.undo(document, outcome.undo_steps)
        self.assertEqual(state(document), before)

    def test_active_layer_with_mask(self):
        document = self.masked_document
        self.addCleanup(self.close, document)
        write_png(self.path("back.png"), *self.MASKED)
        before = state(document)
        layer = document.rootNode().childNodes()[0]
        self.assertEqual([m.type() for m in layer.childNodes()], ["transparencymask"])
        outcome = enlarge(KRITA, document, layer, X2._replace(whole_document=False), BATCH, go_on)
        settle(document)
        layer = document.rootNode().childNodes()[0]
        self.assertEqual([m.type() for m in layer.childNodes()], ["transparencymask"])
        self.assert_same(layer, self.expected("back.png", "-s", "2"))
        self.undo(document, outcome.undo_steps)
        self.assertEqual(state(document), before)

    def test_new_document_with_clone_layer(self):
        document = self.make_document(with_clone=True)
        before, tree = state(document), self.tree(document)
        with self.assertRaisesRegex(Failure, "clone layers"):
            enlarge(KRITA, document, None, X2, BATCH, go_on)
        outcome = enlarge(KRITA, document, None, X2._replace(new_document=True), BATCH, go_on)
        settle(document)
        self.assertEqual(state(document), before)
        large = self.show(outcome.document)
        self.assertEqual(outcome.undo_steps, 0)
        self.assertEqual((large.width(), large.height(), large.fileName()), (80, 60, ""))
        self.assertEqual(self.tree(large), tree)
        self.assertAlmostEqual(large.xRes(), 600, 1)
        self.assert_same(large.rootNode().childNodes()[0], self.expected("back.png", "-s", "2"))

    def test_layer_to_a_new_document(self):
        document = self.open_png("a.png", 25, 18, 3, 16)
        before = state(document)
        layer = document.rootNode().childNodes()[0]
        layer.setName("named")
        options = X2._replace(whole_document=False, new_document=True)
        outcome = enlarge(KRITA, document, layer, options, BATCH, go_on)
        large = self.show(outcome.document)
        self.assertEqual((large.width(), large.height(), large.colorProfile()),
                         (50, 36, before[4]))
        result = large.rootNode().childNodes()[0]
        self.assertEqual(result.name(), "named")
        self.assert_same(result, self.expected("a.png", "-s", "2"))


class Faults(Case):
    def test_cancel_leaves_the_document(self):
        document = self.open_png("a.png", *LARGE, 3, 8)
        before = state(document)
        files = set(os.listdir(tempfile.gettempdir()))
        for limit in (0, 6, 40):  # in the export, soon after the start, in mid-run
            seen = []
            with self.assertRaises(Cancelled):
                enlarge(KRITA, document, None, DEFAULTS, BATCH,
                        lambda percent: seen.append(percent) or percent < limit)
            self.assertGreaterEqual(seen[-1], limit)
            self.assertLess(seen[-1], 95)
            self.assertEqual(state(document), before)
        self.assertEqual(set(os.listdir(tempfile.gettempdir())), files)
        running = subprocess.run(["ps", "-o", "args", "--ppid", str(os.getpid())],
                                 stdout=subprocess.PIPE, check=False).stdout
        self.assertNotIn(b"sisr-batch", running)

    def test_a_failing_command(self):
        document = self.open_png("a.png", 25, 18, 3, 8)
        before = state(document)
        with self.assertRaisesRegex(Failure, "one stage only"):
            enlarge(KRITA, document, None,
                    X2._replace(model="fidelity-x4", strength=0.5), BATCH, go_on)
        with self.assertRaisesRegex(Failure, "no-such-program cannot be started"):
            enlarge(KRITA, document, None, X2, "/no-such-program", go_on)
        self.assertEqual(state(document), before)

    def test_layers_that_cannot_be_enlarged(self):
        document = self.show(KRITA.createDocument(20, 15, "cmyk", "CMYKA", "U8", "", 300.0))
        layer = document.rootNode().childNodes()[0]
        options = X2._replace(whole_document=False)
        with self.assertRaisesRegex(Failure, "only RGB and grey"):
            enlarge(KRITA, document, layer, options, BATCH, go_on)
        with self.assertRaisesRegex(Failure, "no paint layer in RGB"):
            enlarge(KRITA, document, None, X2, BATCH, go_on)
        group = document.createGroupLayer("group")
        document.rootNode().addChildNode(group, None)
        with self.assertRaisesRegex(Failure, "\"group\" is not a paint layer"):
            enlarge(KRITA, document, group, options, BATCH, go_on)
        with self.assertRaisesRegex(Failure, "No layer is active"):
            enlarge(KRITA, document, None, options, BATCH, go_on)


class FromTheMenu(Case):
    """handle(widget) is called with each window that waits for the user, again and again."""

    def trigger(self, handle, answer=QMessageBox.Yes):
        """Chooses the menu entry and returns when all is done. Texts of message boxes, which are
        closed, are returned; questions are answered by a button."""
        messages = []

        def look():
            widget = QApplication.activeModalWidget()
            if isinstance(widget, QMessageBox):
                messages.append(widget.text())
                button = widget.button(answer)
                button.click() if button else widget.accept()
            elif widget is not None:
                handle(widget)
        timer = QTimer()
        timer.setInterval(30)
        timer.timeout.connect(look)
        timer.start()
        KRITA.action("sisr_super_resolution").trigger()
        timer.stop()
        return messages

    @staticmethod
    def is_ready(widget):
        """Whether it is the dialog, and the user may go on."""
        return isinstance(widget, OptionsDialog) and \
            widget._buttons.button(QDialogButtonBox.Ok).isEnabled()

    @classmethod
    def accept(cls, widget):
        if cls.is_ready(widget):
            widget.accept()

    def program(self, text):
        """A program that the user chose."""
        path = self.path("program")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o700)
        settings.save_program(KRITA, path)
        return path

    def test_enlarges_and_remembers(self):
        document = self.open_png("a.png", 25, 18, 3, 8)
        settings.save(KRITA, X2)
        models = []

        def accept(widget):
            if self.is_ready(widget):
                models.extend(widget.form.model.itemData(i) for i in range(widget.form.model.count()))
                widget.form.scale.setValue(3)
                widget.form.input_is.setCurrentIndex(widget.form.input_is.findData("heavy"))
                widget.accept()
        self.assertEqual(self.trigger(accept), [])
        settle(document)
        self.assertEqual((document.width(), document.height()), (75, 54))
        self.assertEqual(settings.load(KRITA).scale, 3)
        self.assertEqual(settings.load(KRITA).input_is, "heavy")
        self.assertIn("photo-x4", models)
        self.assert_same(document.rootNode().childNodes()[0], self.expected("a.png", "-s", "3", "--input-is", "heavy"))

    def test_cancel_button(self):
        document = self.open_png("a.png", *LARGE, 3, 8)
        settings.save(KRITA, X2)
        before = state(document)
        pressed = []

        def press(widget):
            self.accept(widget)
            if isinstance(widget, QProgressDialog) and widget.value() >= 10 and not pressed:
                pressed.append(widget.value())
                widget.cancel()
        self.assertEqual(self.trigger(press), [])
        self.assertTrue(pressed and pressed[0] < 95, pressed)
        self.assertEqual(state(document), before)

    def test_missing_command(self):
        document = self.open_png("a.png", 25, 18, 3, 8)
        place = os.path.expanduser("~/.local/bin/sisr-batch")
        path = os.environ["PATH"]
        seen = []

        def look(widget):
            if isinstance(widget, OptionsDialog):
                seen.append((widget.program(), widget._message.text(),
                             widget._buttons.button(QDialogButtonBox.Ok).isEnabled()))
                widget.reject()
        os.rename(place, place + "-away")
        os.environ["PATH"] = "/nowhere"
        try:
            self.trigger(look)
        finally:
            os.rename(place + "-away", place)
            os.environ["PATH"] = path
        if seen[0][0]:
            self.skipTest("sisr-batch is installed as " + seen[0][0])
        self.assertIn("sisr-batch, which does the work, was not found", seen[0][1])
        self.assertFalse(seen[0][2])
        self.assertEqual((document.width(), document.height()), (25, 18))

    def test_failure_is_told_and_its_settings_are_not_kept(self):
        document = self.open_png("a.png", 25, 18, 3, 8)
        settings.save(KRITA, X2)
        self.program('case "$1" in --list-models) exec %s "$@";; esac\n'
                     'echo "sisr-batch: broken on purpose" >&2; exit 1' % BATCH)
        before = state(document)

        def accept(widget):
            if self.is_ready(widget):
                widget.form.scale.setValue(3)
                widget.accept()
        messages = self.trigger(accept)
        self.assertEqual(messages, ["sisr-batch: broken on purpose"])
        self.assertEqual(state(document), before)
        self.assertEqual(settings.load(KRITA), X2)

    def test_locked_layer_is_asked_about(self):
        document = self.open_png("a.png", 25, 18, 3, 8)
        settings.save(KRITA, X2)
        layer = document.rootNode().childNodes()[0]
        layer.setName("kept")
        layer.setLocked(True)
        before = state(document)
        question = ["kept is locked. Enlarge all the same? What is locked stays so."]
        self.assertEqual(self.trigger(self.accept, QMessageBox.Cancel), question)
        self.assertEqual(state(document), before)
        self.assertEqual(self.trigger(self.accept), question)
        settle(document)
        self.assertEqual(document.width(), 50)
        self.assertTrue(document.rootNode().childNodes()[0].locked())

    def test_what_is_in_a_locked_group_is_asked_about(self):
        document = self.open_png("a.png", 25, 18, 3, 8)
        settings.save(KRITA, X2)
        group = document.createGroupLayer("outer")
        document.rootNode().addChildNode(group, None)
        group.addChildNode(document.rootNode().childNodes()[0].duplicate(), None)
        group.setLocked(True)
        settle(document)
        before = state(document)
        messages = self.trigger(self.accept, QMessageBox.Cancel)
        self.assertEqual(len(messages), 1)
        self.assertIn("outer is locked", messages[0])
        self.assertEqual(state(document), before)

    def notes(self):
        """What the dialog says, in the end and at its opening."""
        seen = []

        def look(widget):
            if not isinstance(widget, OptionsDialog):
                return
            seen.append(widget._message.text())
            asks = "Asking" in seen[-1]
            if not asks or time.monotonic() - start > 5:
                seen.append(widget)
                widget.reject()
        start = time.monotonic()
        self.trigger(look)
        return seen

    def test_a_program_that_hangs_does_not_delay_the_dialog(self):
        self.open_png("a.png", 25, 18, 3, 8)
        self.program("exec sleep 60")
        start = time.monotonic()
        opened = []

        def look(widget):
            if isinstance(widget, OptionsDialog):
                opened.append(time.monotonic() - start)
                self.assertFalse(self.is_ready(widget))
                widget.reject()
        self.trigger(look)
        self.assertLess(opened[0], 3)
        self.assertLess(time.monotonic() - start, 4)

    def test_a_chosen_program_that_is_gone_is_named(self):
        self.open_png("a.png", 25, 18, 3, 8)
        settings.save_program(KRITA, "/gone/sisr-batch")
        self.assertIn("/gone/sisr-batch, which you chose, is not there.", self.notes()[0])

    def test_what_cannot_be_done_is_told_in_the_dialog(self):
        self.open_png("a.png", 25, 18, 3, 8)
        settings.save(KRITA, X2)
        told = []

        def look(widget):
            if not self.is_ready(widget):
                return
            widget.form.scale.lineEdit().setText(widget.locale().toString(24))
            widget.form.scale.interpretText()
            told.append((widget.form.scale.value(), widget._message.text(), self.is_ready(widget)))
            widget.form.model.setCurrentIndex(widget.form.model.findData("fidelity-x4"))
            told.append((widget.form.strength.isEnabled(), widget.options().strength))
            widget.form.model.setCurrentIndex(widget.form.model.findData("photo-x4"))
            told.append(widget.form.strength.isEnabled())
            widget.reject()
        self.trigger(look)
        self.assertEqual(told, [(24, "The scale must be from 1 to 16.", False), (False, None), True])

    def test_a_layer_that_cannot_be_enlarged_is_told_at_the_opening(self):
        document = self.open_png("a.png", 25, 18, 3, 8)
        group = document.createGroupLayer("folder")
        dialog = OptionsDialog(KRITA, Subject(document, group))
        self.addCleanup(dialog.reject)
        self.assertFalse(dialog.form.one_layer.isEnabled())
        self.assertIn("\"folder\" is not a paint layer", [
            label.text() for label in dialog.findChildren(QLabel) if "folder" in label.text()][0])


def main():
    print("== Krita " + KRITA.version(), flush=True)
    yield from Layers.prepare()
    wanted = os.environ.get("CASES", "").split()
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(wanted, sys.modules[__name__]) if wanted else \
        unittest.TestSuite(loader.loadTestsFromTestCase(case)
                           for case in (WholeDocument, Layers, Faults, FromTheMenu))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    return 0 if result.wasSuccessful() else 1
