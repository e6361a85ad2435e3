"""The command sisr-batch: where it is, how it is called, what it answers.

Nothing here needs Krita, so that it can be tested without it.
"""
import json
import os
import shutil
from collections import namedtuple

PROGRAM = "sisr-batch"

HOW_TO_GET_IT = (
    "The command sisr-batch, which does the work, was not found. Build and install SISR "
    "(\"./bootstrap install --user\" in its source folder puts it into ~/.local/bin), or choose the "
    "program if it lies elsewhere."
)

Model = namedtuple("Model", "name scale strength trained_for path")
"""An installed model. scale: its own, whole number; strength: its own, or None where none can be
chosen; trained_for: one line of words; path: of its file, "" where the command does not tell."""

DEFAULT_FAMILY = "photo"
"""What the command takes where no model is named."""

INPUT_KINDS = (("auto", "As it looks"), ("clean", "Clean"),
               ("damaged", "Damaged by JPEG or noise"), ("heavy", "Damaged by much of it"))
"""What the input may be for the command, and how the user reads it."""

Options = namedtuple("Options", "model scale strength input_is colour_lock whole_document "
                                "new_document keep_print_size")
"""What the user chose. model: a name, "" for the command's default; scale: 1 to 16; strength: 0 to 1,
or None for the model's own; input_is: the first of one of INPUT_KINDS; the rest are true or false."""

DEFAULTS = Options(model="", scale=4.0, strength=None, input_is="auto", colour_lock=True,
                   whole_document=True, new_document=False, keep_print_size=True)


MIN_SCALE, MAX_SCALE = 1, 16


def is_program(path):
    return os.path.isfile(path) and os.access(path, os.X_OK)


def places(setting, plugin_folder, home):
    """Files that may be the command, best first. setting: a path that the user chose, or ""."""
    found = [setting] if setting else []
    on_path = shutil.which(PROGRAM)
    if on_path:
        found.append(on_path)
    # PREFIX/share/krita/pykrita/sisr and PREFIX/bin; a plugin may be linked from where it was built.
    for folder in (os.path.abspath(plugin_folder), os.path.realpath(plugin_folder)):
        prefix = os.path.normpath(os.path.join(folder, "..", "..", "..", ".."))
        found.append(os.path.join(prefix, "bin", PROGRAM))
    found += [os.path.join(folder, PROGRAM)
              for folder in (os.path.join(home, ".local", "bin"), "/usr/local/bin", "/usr/bin")]
    return found


def find(setting="", plugin_folder=os.path.dirname(__file__), home=os.path.expanduser("~")):
    """Path of the command, or None."""
    return next((path for path in places(setting, plugin_folder, home) if is_program(path)), None)


def arguments(program, options, input_folder, output_folder):
    """The words that enlarge every file of a folder into another, as TIFF.

    Percents come on standard output, and nothing but errors on standard error.
    """
    return [program, input_folder, "--output", output_folder, "--format", "tif",
            "--existing", "overwrite", "--progress", "--quiet"] + pixel_words(options)


def file_arguments(program, options, source, target, report):
    """The words that enlarge one file and write what it took into a report."""
    return [program, source, "--output", target, "--existing", "overwrite", "--report", report,
            "--quiet"] + pixel_words(options)


def pixel_words(options):
    """The options that decide how the pixels look."""
    words = ["--scale", format(options.scale, ".10g")]
    if options.model:
        words += ["--model", options.model]
    if options.strength is not None:
        words += ["--strength", format(options.strength, ".10g")]
    if options.input_is != DEFAULTS.input_is:
        words += ["--input-is", options.input_is]
    if not options.colour_lock:
        words.append("--no-color-lock")
    return words


def parse_models(text):
    """Models from what --list-models --json prints. What does not look so is left out."""
    try:
        entries = json.loads(text)
    except ValueError:
        return []
    models = []
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or not isinstance(entry.get("scale"), int):
            continue
        strength = entry.get("strength")
        models.append(Model(str(entry.get("name", "")), entry["scale"],
                            strength if isinstance(strength, (int, float)) else None,
                            str(entry.get("trained_for") or entry.get("sizes", "")),
                            str(entry.get("path", ""))))
    return models


def own_strength(models, name):
    """The strength that a model has by itself, or None where none can be chosen. name: of a model, or
    "" for the command's default."""
    family = [model for model in models
              if (model.name == name if name else model.name.startswith(DEFAULT_FAMILY + "-x"))]
    if not family or any(model.strength is None for model in family):
        return None
    return family[0].strength


def user_models_folder(variables, home):
    """Where the user's own models lie."""
    data = variables.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    return os.path.join(data, "sisr", "models")


def split_models(models, folder):
    """(SISR's, the user's) models. folder: the user's own."""
    inside = os.path.normpath(folder) + os.sep
    yours = [model for model in models if os.path.normpath(model.path).startswith(inside)]
    return [model for model in models if model not in yours], yours


def parse_percent(text):
    """The last whole "percent N" line, or None."""
    lines = text[:text.rfind("\n") + 1].splitlines()
    for line in reversed(lines):
        words = line.split()
        if len(words) == 2 and words[0] == "percent" and words[1].isdigit():
            return int(words[1])
    return None


def problem_with_choice(path):
    """Why a program that the user chose is not used, or ""."""
    if not path or is_program(path):
        return ""
    if not os.path.exists(path):
        return "%s, which you chose, is not there." % path
    return "%s, which you chose, is not a program." % path


def time_left(seconds, percent):
    """"about 20 seconds left", after so many seconds for these percents; "" as long as nothing can be
    said."""
    if seconds < 1 or percent < 1:
        return ""
    return "about %s left" % duration(seconds * (100 - percent) / percent)


def duration(seconds):
    """"20 seconds", "3 minutes"."""
    count, unit = (seconds, "second") if seconds < 60 else \
        (seconds / 60, "minute") if seconds < 5400 else (seconds / 3600, "hour")
    count = max(1, round(count))
    return "%d %s%s" % (count, unit, "" if count == 1 else "s")


def explain_failure(exit_code, errors):
    """One sentence for the user. errors: what the command printed on standard error."""
    lines = [line for line in errors.splitlines() if line.strip()]
    if lines:
        return lines[-1] if len(lines) == 1 else "\n".join(lines[-5:])
    if exit_code < 0:
        return "sisr-batch was stopped by signal %d (is there enough memory?)" % -exit_code
    return "sisr-batch failed with exit code %d and told no reason" % exit_code


def scaled(length, scale):
    """Pixels of an enlarged side: rounded as the command does, at least 1."""
    return max(1, int(length * scale + 0.5))


def environment(variables):
    """A copy for the command. An AppImage of Krita points the loader at its own libraries, which are
    not those that the command was built with."""
    cleaned = dict(variables)
    appdir = cleaned.get("APPDIR")
    if not appdir:
        return cleaned
    for name in ("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "QT_PLUGIN_PATH"):
        kept = [part for part in cleaned.get(name, "").split(":")
                if part and not part.startswith(appdir)]
        cleaned.pop(name, None)
        if kept:
            cleaned[name] = ":".join(kept)
    return cleaned
