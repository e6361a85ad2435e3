"""Sets of options by one click. Nothing here needs Qt."""
from .command import DEFAULTS, MAX_SCALE, MIN_SCALE

PRINT_RESOLUTION = 300  # pixels per inch, beyond which prints gain nothing
RESTORE = "restore"  # the family that keeps the size


def _photo(options, strength):
    # After "Restore JPEG only" the scale is 1, which is not what enlarges.
    scale = options.scale if options.scale > 1 else DEFAULTS.scale
    return options._replace(model=DEFAULTS.model, strength=strength, scale=scale,
                            input_is=DEFAULTS.input_is, colour_lock=DEFAULTS.colour_lock)


def _natural(options, _resolution, _models):
    return _photo(options, 0.0)


def _crisp(options, _resolution, _models):
    return _photo(options, 1.0)


def _print(options, resolution, _models):
    scale = PRINT_RESOLUTION / resolution if resolution > 0 else DEFAULTS.scale
    return _photo(options, None)._replace(scale=min(MAX_SCALE, max(MIN_SCALE, scale)),
                                          whole_document=True, keep_print_size=True)


def _restore(options, _resolution, models):
    return _photo(options, None)._replace(model=restore_model(models) or RESTORE, scale=1.0)


def restore_model(models):
    """Name of the installed model for it, or None."""
    return next((model.name for model in models
                 if model.scale == 1 and model.name.startswith(RESTORE)), None)


PRESETS = (
    ("Natural", "Nothing invented: strength 0", _natural),
    ("Crisp", "Most detail: strength 1", _crisp),
    ("Print", "300 pixels per inch; the size on paper stays", _print),
    ("Restore JPEG only", "Same size, without blocks and noise", _restore))
"""Name, what it does in words, and the function that makes options of the present ones. It takes the
document's pixels per inch and the installed models."""
