"""The dialog that asks what to enlarge and how."""
import os

from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import (QDialog, QDialogButtonBox, QFileDialog, QHBoxLayout, QLabel,
                             QMessageBox, QPushButton, QVBoxLayout)

from . import command, estimate, settings
from .fields import in_row
from .form import OptionsForm, note_label
from .preview import Preview
from .process import Failure, ModelQuestion

LOOK_MILLISECONDS = 50  # how often an answer is looked for


def _shorten(path):
    home = os.path.expanduser("~")
    return "~" + path[len(home):] if path.startswith(home + os.sep) else path


class OptionsDialog(QDialog):
    """subject: what is known of the document, see subject.py."""

    def __init__(self, krita, subject, parent=None):
        super().__init__(parent)
        self._krita = krita
        self._subject = subject
        self._problem = self._choice_problem = ""
        self._question = None
        self._rates = estimate.Rates()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look_for_answer)
        self.setWindowTitle("Super-resolution")
        self.form = OptionsForm(subject, settings.load(krita), self._make_program())
        self.preview = Preview(subject)
        self._lay_out()
        self.form.changed.connect(self._changed)
        self.preview.measured.connect(self._learn)
        self.look_for_program()

    def options(self):
        return self.form.options()

    def program(self):
        """Path of the command, or None when it was not found."""
        return self._program

    def look_for_program(self):
        """Finds the command and asks it for its models; without them nothing can be enlarged."""
        chosen = settings.load_program(self._krita)
        self._program = command.find(chosen)
        self._program_label.setText(_shorten(self._program) if self._program else "not found")
        self._choice_problem = command.problem_with_choice(chosen)
        self._stop_asking()
        self._list_models([])
        if not self._program:
            self._show_problem(command.HOW_TO_GET_IT)
            return
        try:
            self._question = ModelQuestion(self._program)
        except Failure as failure:
            self._show_problem(str(failure))
            return
        self._show_problem("Asking %s for its models..." % _shorten(self._program))
        self._timer.start()

    def accept(self):
        """Asks before a result that is larger than most people mean."""
        options = self.options()
        text = estimate.question(self._subject.chosen_size(options), options.scale,
                                 self._seconds(options))
        if text and QMessageBox.question(self, self.windowTitle(), text,
                                         QMessageBox.Yes | QMessageBox.Cancel,
                                         QMessageBox.Cancel) != QMessageBox.Yes:
            return
        super().accept()

    def done(self, result):
        self._stop_asking()
        self.preview.close_run()
        super().done(result)

    def _look_for_answer(self):
        try:
            models = self._question.answer()
        except Failure as failure:
            self._stop_asking()
            self._show_problem(str(failure))
            return
        if models is None:
            return
        self._stop_asking()
        self._list_models(models)
        self._show_problem("")

    def _stop_asking(self):
        self._timer.stop()
        if self._question:
            self._question.close()
            self._question = None

    def _show_problem(self, problem):
        """problem: why nothing can be enlarged now, or ""."""
        self._problem = problem
        self._changed()

    def _changed(self):
        """Shows what the options lead to, or why they cannot be used."""
        options = self.options()
        refusals = [note for note in (self._problem, self._subject.problem(options)) if note]
        notes = [self._choice_problem] * bool(self._choice_problem) + refusals
        self._message.setText("\n".join(notes))
        self._message.setVisible(bool(notes))
        note = "" if refusals else self._subject.note(options)
        self._colour_note.setText(note)
        self._colour_note.setVisible(bool(note))
        self._buttons.button(QDialogButtonBox.Ok).setEnabled(not refusals)
        size = self._subject.chosen_size(options)
        self.form.size.setText(estimate.size_text(size, options.scale))
        self._show_time()
        if refusals:
            self.preview.pause(refusals[0] if not self._question else "")
        else:
            self.preview.show_options(self._program, options)

    def _show_time(self):
        text = estimate.time_text(self._seconds(self.options()))
        is_possible = self._buttons.button(QDialogButtonBox.Ok).isEnabled()
        self.form.time.setText(text if is_possible else "")

    def _seconds(self, options):
        """That the run takes, or None where that is not known."""
        if self._subject.problem(options):
            return None
        return self._rates.seconds(options, self._subject.pixels(options))

    def _learn(self, options, measured):
        self._rates.learn(options, measured)
        self._show_time()

    def _list_models(self, models):
        self.form.list_models(models, command.user_models_folder(os.environ,
                                                                 os.path.expanduser("~")))

    def _choose_program(self):
        path, _ = QFileDialog.getOpenFileName(self, "The program sisr-batch", self._program or "/")
        if path:
            settings.save_program(self._krita, path)
            self.look_for_program()

    def _lay_out(self):
        self._message, self._colour_note = note_label(), note_label()
        self._buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        self._buttons.button(QDialogButtonBox.Ok).setText("Enlarge")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        left = QVBoxLayout()
        left.addWidget(self.form)
        left.addWidget(self._colour_note)
        left.addWidget(self._message)
        left.addStretch(1)
        beside = QHBoxLayout()
        beside.addLayout(left)
        beside.addWidget(self.preview, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(beside, 1)
        layout.addWidget(self._buttons)

    def _make_program(self):
        self._program_label = QLabel()
        choose = QPushButton("Choose...")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose_program)
        return in_row(self._program_label, choose, stretch=self._program_label)
