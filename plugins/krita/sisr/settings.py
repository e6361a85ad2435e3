"""What the dialog remembers, in Krita's own configuration."""
from .command import DEFAULTS, INPUT_KINDS, MAX_SCALE, MIN_SCALE, Options

GROUP = "sisr"


def _number(text, default, lowest, highest):
    try:
        value = float(text)
    except ValueError:
        return default
    return value if lowest <= value <= highest else default


def load(krita):
    """Options of the last time. What cannot be read is the default."""
    def text(name, default):
        return krita.readSetting(GROUP, name, default)

    def flag(name):
        return text(name, str(getattr(DEFAULTS, name))) == "True"

    strength = text("strength", "")
    input_is = text("input_is", DEFAULTS.input_is)
    return Options(model=text("model", DEFAULTS.model),
                   scale=_number(text("scale", ""), DEFAULTS.scale, MIN_SCALE, MAX_SCALE),
                   strength=_number(strength, None, 0, 1) if strength else None,
                   input_is=input_is if input_is in dict(INPUT_KINDS) else DEFAULTS.input_is,
                   colour_lock=flag("colour_lock"), whole_document=flag("whole_document"),
                   new_document=flag("new_document"), keep_print_size=flag("keep_print_size"))


def save(krita, options):
    for name, value in options._asdict().items():
        krita.writeSetting(GROUP, name, "" if value is None else str(value))


def load_program(krita):
    """Path of the command that the user chose, or ""."""
    return krita.readSetting(GROUP, "program", "")


def save_program(krita, path):
    krita.writeSetting(GROUP, "program", path)
