"""The dialog that asks what to enlarge and how."""
import os

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (QButtonGroup, QCheckBox, QComboBox, QDialog, QDialogButtonBox,
                             QDoubleSpinBox, QFileDialog, QFormLayout, QHBoxLayout, QLabel,
                             QPushButton, QRadioButton, QSlider, QVBoxLayout, QWidget)

from . import command, settings
from .process import Failure, list_models


def _shorten(path):
    home = os.path.expanduser("~")
    return "~" + path[len(home):] if path.startswith(home + os.sep) else path


class OptionsDialog(QDialog):
    """document_size: (width, height) of the canvas; layer: its name and (width, height), or None
    where there is none that can be enlarged."""

    def __init__(self, krita, document_size, layer, parent=None):
        super().__init__(parent)
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
        self.look_for_program()
        self._whole.toggled.connect(self._show_size)
        self._scale.valueChanged.connect(self._show_size)
        self._show_size()

    def options(self):
        strength = self._strength.value() / 100 if self._chooses_strength.isChecked() else None
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
        """Finds the command and its models; without them nothing can be enlarged."""
        self._program = command.find(settings.load_program(self._krita))
        self._program_label.setText(_shorten(self._program) if self._program else "not found")
        models, problem = [], "" if self._program else command.HOW_TO_GET_IT
        if self._program:
            try:
                models = list_models(self._program)
                problem = "" if models else "sisr-batch finds no model."
            except Failure as failure:
                problem = str(failure)
        self._list_models(models)
        self._message.setText(problem)
        self._message.setVisible(bool(problem))
        self._buttons.button(QDialogButtonBox.Ok).setEnabled(not problem)

    def _make_form(self, chosen):
        form = QFormLayout()
        form.addRow("Enlarge:", self._make_target(chosen))
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
        return self._make_pair(self, self._whole, self._one_layer,
                               chosen.whole_document or self._layer is None)

    def _make_destination(self, chosen):
        self._same_document = QRadioButton("This document")
        self._new_document = QRadioButton("A new document")
        return self._make_pair(self, self._same_document, self._new_document,
                               not chosen.new_document)

    def _make_scale(self, chosen):
        self._scale = QDoubleSpinBox()
        self._scale.setRange(1, 16)
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
        self._chooses_strength.toggled.connect(self._strength.setEnabled)
        self._chooses_strength.setChecked(chosen.strength is not None)
        self._strength.setEnabled(chosen.strength is not None)
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
        self._model.clear()
        self._model.addItem("Default", "")
        for model in models:
            label = model.name + (": " + model.trained_for if model.trained_for else "")
            self._model.addItem(label, model.name)
        self._model.setCurrentIndex(max(0, self._model.findData(self._wanted_model)))

    def _show_size(self):
        width, height = self._document_size if self._whole.isChecked() else self._layer[1]
        self._size.setText("%d x %d pixels become %d x %d" % (
            width, height, command.scaled(width, self._scale.value()),
            command.scaled(height, self._scale.value())))
