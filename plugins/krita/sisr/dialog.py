"""The dialog that asks what to enlarge and how."""
import os

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import (QButtonGroup, QCheckBox, QComboBox, QDialog, QDialogButtonBox,
                             QDoubleSpinBox, QFileDialog, QFormLayout, QHBoxLayout, QLabel,
                             QPushButton, QRadioButton, QSlider, QVBoxLayout, QWidget)

from . import command, settings
from .process import Failure, ModelQuestion

LOOK_MILLISECONDS = 50  # how often an answer is looked for


def _shorten(path):
    home = os.path.expanduser("~")
    return "~" + path[len(home):] if path.startswith(home + os.sep) else path


class OptionsDialog(QDialog):
    """document_size: (width, height) of the canvas; layer: its name and (width, height), or None
    where there is none that can be enlarged, for the reason in layer_problem; check: tells why
    options cannot be carried out, or ""."""

    def __init__(self, krita, document_size, layer, layer_problem="", check=lambda options: "",
                 parent=None):
        super().__init__(parent)
        self._check = check
        self._problem = self._choice_problem = ""
        self._layer_problem = layer_problem
        self._models = []
        self._question = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look_for_answer)
        self._krita = krita
        self._document_size = document_size
        self._layer = layer
        self.setWindowTitle("Super-resolution")
        layout = QVBoxLayout(self)
        layout.addLayout(self._make_form(settings.load(krita)))
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setMinimumWidth(420)
        layout.addWidget(self._message)
        self._buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        self._buttons.button(QDialogButtonBox.Ok).setText("Enlarge")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout.addWidget(self._buttons)
        self._wanted_model = settings.load(krita).model
        self._model.currentIndexChanged.connect(self._allow_strength)
        self._chooses_strength.toggled.connect(self._allow_strength)
        self.look_for_program()
        for button in (self._whole, self._new_document):
            button.toggled.connect(self._show_size)
        self._scale.valueChanged.connect(self._show_size)
        self._show_size()

    def options(self):
        strength = self._strength.value() / 100 if self._strength.isEnabled() else None
        return command.Options(model=self._model.currentData() or "", scale=self._scale.value(),
                               strength=strength, input_is=self._input_is.currentData(),
                               colour_lock=self._colour_lock.isChecked(),
                               whole_document=self._whole.isChecked(),
                               new_document=self._new_document.isChecked(),
                               keep_print_size=self._keep_print_size.isChecked())

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

    def done(self, result):
        self._stop_asking()
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
        self._show_notes()

    def _show_notes(self):
        refusals = [note for note in (self._problem, self._check(self.options())) if note]
        notes = [self._choice_problem] * bool(self._choice_problem) + refusals
        self._message.setText("\n".join(notes))
        self._message.setVisible(bool(notes))
        self._buttons.button(QDialogButtonBox.Ok).setEnabled(not refusals)

    def _allow_strength(self):
        has = command.has_strength(self._models, self._model.currentData() or "")
        self._chooses_strength.setEnabled(has)
        self._strength.setEnabled(has and self._chooses_strength.isChecked())

    def _make_form(self, chosen):
        form = QFormLayout()
        form.addRow("Enlarge:", self._make_target(chosen))
        if self._layer_problem:
            reason = QLabel(self._layer_problem)
            reason.setWordWrap(True)
            form.addRow("", reason)
        form.addRow("Into:", self._make_destination(chosen))
        self._model = QComboBox()
        form.addRow("Model:", self._model)
        form.addRow("Scale:", self._make_scale(chosen))
        form.addRow("Strength:", self._make_strength(chosen))
        self._input_is = QComboBox()
        self._input_is.setToolTip(
            "For models that hold weights of their own for some kinds of pictures")
        for kind, label in command.INPUT_KINDS:
            self._input_is.addItem(label, kind)
        self._input_is.setCurrentIndex(self._input_is.findData(chosen.input_is))
        form.addRow("Input is:", self._input_is)
        self._colour_lock = QCheckBox("Keep brightness and hue (colour lock)")
        self._colour_lock.setChecked(chosen.colour_lock)
        form.addRow("", self._colour_lock)
        self._keep_print_size = QCheckBox("Keep the print size (more pixels per inch)")
        self._keep_print_size.setChecked(chosen.keep_print_size)
        form.addRow("", self._keep_print_size)
        form.addRow("Command:", self._make_program())
        return form

    @staticmethod
    def _make_pair(owner, first, second, first_is_chosen):
        group = QButtonGroup(owner)
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        for button in (first, second):
            group.addButton(button)
            box.addWidget(button)
        (first if first_is_chosen else second).setChecked(True)
        return row

    def _make_target(self, chosen):
        self._whole = QRadioButton("Whole document")
        self._one_layer = QRadioButton("Active layer")
        if self._layer:
            self._one_layer.setText("Layer \"%s\"" % self._layer[0])
        self._one_layer.setEnabled(self._layer is not None)
        self._one_layer.setToolTip(self._layer_problem)
        return self._make_pair(self, self._whole, self._one_layer,
                               chosen.whole_document or self._layer is None)

    def _make_destination(self, chosen):
        self._same_document = QRadioButton("This document")
        self._new_document = QRadioButton("A new document")
        return self._make_pair(self, self._same_document, self._new_document,
                               not chosen.new_document)

    def _make_scale(self, chosen):
        self._scale = QDoubleSpinBox()
        # Qt drops digits that lead out of the range without a word; what it may be is judged later.
        self._scale.setRange(0, 9999)
        self._scale.setDecimals(2)
        self._scale.setSingleStep(0.5)
        self._scale.setValue(chosen.scale)
        self._size = QLabel()
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._scale)
        box.addWidget(self._size, 1)
        return row

    def _make_strength(self, chosen):
        self._chooses_strength = QCheckBox("Choose:")
        self._chooses_strength.setToolTip("Only for models that hold both stages of their training")
        self._strength = QSlider(Qt.Horizontal)
        self._strength.setRange(0, 100)
        self._strength.setValue(round(100 * (1 if chosen.strength is None else chosen.strength)))
        self._chooses_strength.setChecked(chosen.strength is not None)
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        for part in (self._chooses_strength, QLabel("fidelity"), self._strength, QLabel("detail")):
            box.addWidget(part)
        return row

    def _make_program(self):
        self._program_label = QLabel()
        choose = QPushButton("Choose...")
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose_program)
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._program_label, 1)
        box.addWidget(choose)
        return row

    def _choose_program(self):
        path, _ = QFileDialog.getOpenFileName(self, "The program sisr-batch", self._program or "/")
        if path:
            settings.save_program(self._krita, path)
            self.look_for_program()

    def _list_models(self, models):
        self._models = models
        self._model.clear()
        self._model.addItem("Default", "")
        for model in models:
            label = model.name + (": " + model.trained_for if model.trained_for else "")
            self._model.addItem(label, model.name)
        self._model.setCurrentIndex(max(0, self._model.findData(self._wanted_model)))
        self._allow_strength()

    def _show_size(self):
        width, height = self._document_size if self._whole.isChecked() else self._layer[1]
        self._size.setText("%d x %d pixels become %d x %d" % (
            width, height, command.scaled(width, self._scale.value()),
            command.scaled(height, self._scale.value())))
        self._show_notes()
