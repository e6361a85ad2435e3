"""The part of the dialog that holds the options."""
from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (QButtonGroup, QCheckBox, QComboBox, QFormLayout, QLabel, QRadioButton,
                             QWidget)

from . import command, presets
from .fields import ModelField, PresetRow, ScaleField, StrengthField, in_row

NOTE_WIDTH = 420


def note_label(text=""):
    """Of several lines, and not there without a text."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setMinimumWidth(NOTE_WIDTH)
    label.setVisible(bool(text))
    return label


class OptionsForm(QWidget):
    """subject: see subject.py; chosen: the options that it begins with; program_row: a widget that
    shows which command is used."""

    changed = pyqtSignal()

    def __init__(self, subject, chosen, program_row):
        super().__init__()
        self._subject = subject
        self._models = []
        self._wanted_model = chosen.model
        self.presets = PresetRow()
        self.model = ModelField()
        self.scale = ScaleField(chosen.scale)
        self.strength = StrengthField(chosen.strength)
        self.size, self.time = QLabel(), QLabel()
        self.colour_lock = QCheckBox("Keep brightness and hue (colour lock)")
        self.colour_lock.setChecked(chosen.colour_lock)
        self.keep_print_size = QCheckBox("Keep the print size (more pixels per inch)")
        self.keep_print_size.setChecked(chosen.keep_print_size)
        self._lay_out(chosen, program_row)
        self.model.currentIndexChanged.connect(self._show_own_strength)
        self.presets.chosen.connect(self._take_preset)
        for signal in (self.model.currentIndexChanged, self.input_is.currentIndexChanged,
                       self.scale.valueChanged, self.strength.changed, self.whole.toggled,
                       self.new_document.toggled, self.colour_lock.toggled):
            signal.connect(self.changed)

    def options(self):
        return command.Options(model=self.model.currentData() or "", scale=self.scale.value(),
                               strength=self.strength.strength(),
                               input_is=self.input_is.currentData(),
                               colour_lock=self.colour_lock.isChecked(),
                               whole_document=self.whole.isChecked(),
                               new_document=self.new_document.isChecked(),
                               keep_print_size=self.keep_print_size.isChecked())

    def list_models(self, models, folder):
        """folder: of the user's own models."""
        self._models = models
        self.model.list(models, folder, self._wanted_model)
        self._show_own_strength()
        self.presets.buttons["Restore JPEG only"].setEnabled(bool(presets.restore_model(models)))

    def _show_own_strength(self):
        name = self.model.currentData() or ""
        self.strength.take_own(command.own_strength(self._models, name))

    def _take_preset(self, function):
        options = function(self.options(), self._subject.resolution, self._models)
        self.model.choose(options.model)
        self.strength.choose(options.strength)
        self.scale.setValue(options.scale)
        self.input_is.setCurrentIndex(self.input_is.findData(options.input_is))
        self.colour_lock.setChecked(options.colour_lock)
        self.keep_print_size.setChecked(options.keep_print_size)
        if options.whole_document:
            self.whole.setChecked(True)

    def _lay_out(self, chosen, program_row):
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Presets:", self.presets)
        form.addRow("Enlarge:", self._make_target(chosen))
        if self._subject.layer_problem:
            form.addRow("", note_label(self._subject.layer_problem))
        form.addRow("Into:", self._make_destination(chosen))
        form.addRow("Model:", self.model)
        form.addRow("Scale:", self.scale)
        form.addRow("", self.size)
        form.addRow("", self.time)
        form.addRow("Strength:", self.strength)
        form.addRow("Input is:", self._make_input(chosen))
        form.addRow("", self.colour_lock)
        form.addRow("", self.keep_print_size)
        form.addRow("Command:", program_row)

    def _make_pair(self, first, second, first_is_chosen):
        group = QButtonGroup(self)
        for button in (first, second):
            group.addButton(button)
        (first if first_is_chosen else second).setChecked(True)
        return in_row(first, second)

    def _make_target(self, chosen):
        layer = self._subject.layer
        self.whole = QRadioButton("Whole document")
        self.one_layer = QRadioButton("Layer \"%s\"" % layer[0] if layer else "Active layer")
        self.one_layer.setEnabled(layer is not None)
        self.one_layer.setToolTip(self._subject.layer_problem)
        return self._make_pair(self.whole, self.one_layer,
                               chosen.whole_document or layer is None)

    def _make_destination(self, chosen):
        self.new_document = QRadioButton("A new document")
        return self._make_pair(QRadioButton("This document"), self.new_document,
                               not chosen.new_document)

    def _make_input(self, chosen):
        self.input_is = QComboBox()
        self.input_is.setToolTip(
            "For models that hold weights of their own for some kinds of pictures")
        for kind, label in command.INPUT_KINDS:
            self.input_is.addItem(label, kind)
        self.input_is.setCurrentIndex(self.input_is.findData(chosen.input_is))
        return self.input_is
