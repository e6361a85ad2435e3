"""Rows of the dialog that are more than one plain widget."""
from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt5.QtWidgets import (QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QSlider,
                             QWidget)

from . import presets
from .command import split_models

LIST_LETTERS = 36  # for which the list of models has room


def in_row(*widgets, stretch=None):
    """The widgets beside each other. stretch: the one that grows."""
    row = QWidget()
    box = QHBoxLayout(row)
    box.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        box.addWidget(widget, 1 if widget is stretch else 0)
    return row


class ScaleField(QDoubleSpinBox):
    """Four digits are there for resolutions; nobody sees zeros at the end."""

    def __init__(self, scale):
        super().__init__()
        # Qt drops digits that lead out of the range without a word; what it may be is judged later.
        self.setRange(0, 9999)
        self.setDecimals(4)
        self.setSingleStep(0.5)
        self.setValue(scale)

    def textFromValue(self, value):
        text = self.locale().toString(value, "g", 8)
        return text.replace(self.locale().groupSeparator(), "")


class StrengthField(QWidget):
    """A strength, or the model's own as long as nobody moves the slider."""

    changed = pyqtSignal()

    def __init__(self, strength):
        super().__init__()
        self._is_chosen = strength is not None
        self.slider = QSlider(Qt.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName("Strength")
        self.slider.setToolTip("From nearest to the original to most detail")
        self.number = QLabel()
        self.number.setMinimumWidth(self.fontMetrics().horizontalAdvance("0.00 "))
        self.reset = QPushButton("Reset")
        self.reset.setAutoDefault(False)
        self.reset.setToolTip("The model's own strength")
        self._own = None
        self._show(1 if strength is None else strength)
        self.slider.valueChanged.connect(self._on_moved)
        self.reset.clicked.connect(lambda: self.choose(None))
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        for part in (QLabel("faithful"), self.slider, QLabel("detailed"), self.number, self.reset):
            box.addWidget(part, 1 if part is self.slider else 0)

    def strength(self):
        """0 to 1, or None for the model's own."""
        return self.slider.value() / 100 if self._is_chosen and self._own is not None else None

    def choose(self, strength):
        """strength: as strength() tells it."""
        self._is_chosen = strength is not None
        self._show(self._own if strength is None else strength)
        self.changed.emit()

    def take_own(self, own):
        """own: the model's, or None where none can be chosen."""
        self._own = own
        self.setEnabled(own is not None)
        self.setToolTip("" if own is not None else "The model holds one stage of training only")
        if not self._is_chosen:
            self._show(own)

    def _show(self, strength):
        if strength is not None:
            with QSignalBlocker(self.slider):
                self.slider.setValue(round(100 * strength))
        self._show_number()

    def _show_number(self):
        self.number.setText(self.locale().toString(self.slider.value() / 100, "f", 2))

    def _on_moved(self):
        self._is_chosen = True
        self._show_number()
        self.changed.emit()


class ModelField(QComboBox):
    """SISR's models and the user's, each with its line of words; the datum is its name."""

    def __init__(self):
        super().__init__()
        # Words of others' models are of any length.
        self.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(LIST_LETTERS)

    def list(self, models, folder, wanted):
        """folder: of the user's own models; wanted: the name that is chosen, if it is there."""
        with QSignalBlocker(self):
            self.clear()
            self.addItem("Default: photographs, as the scale needs it", "")
            for heading, group in zip(("SISR's", "Yours"), split_models(models, folder)):
                if group:
                    self._add_heading(heading)
                for model in group:
                    self.addItem("    %s: %s" % (model.name, model.trained_for) if model.trained_for
                                 else "    " + model.name, model.name)
                    self.setItemData(self.count() - 1, model.path, Qt.ToolTipRole)
            self.choose(wanted)

    def _add_heading(self, text):
        self.addItem(text, None)
        self.model().item(self.count() - 1).setEnabled(False)

    def choose(self, name):
        self.setCurrentIndex(max(0, self.findData(name)))

    def showPopup(self):
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 30)  # and the scroll bar
        super().showPopup()


class PresetRow(QWidget):
    """chosen: with a function that makes options of the present ones, see presets.py."""

    chosen = pyqtSignal(object)

    def __init__(self):
        super().__init__()
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.buttons = {}
        for name, words, function in presets.PRESETS:
            button = self.buttons[name] = QPushButton(name)
            button.setAutoDefault(False)
            button.setToolTip(words)
            button.clicked.connect(lambda _checked, function=function: self.chosen.emit(function))
            box.addWidget(button)
        box.addStretch(1)
