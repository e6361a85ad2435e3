"""What a run makes and takes, told before it begins. Nothing here needs Qt."""
import json
from collections import namedtuple

from .command import duration, scaled

MANY_MEGAPIXELS = 60  # beyond which the user is asked

Measured = namedtuple("Measured", "seconds_per_pixel start_seconds")
"""Of a run: seconds for each pixel of the input, and what passes before the first."""


def result_size(size, scale):
    return tuple(scaled(side, scale) for side in size)


def megapixels(size):
    return size[0] * size[1] / 1e6


def _in_words(count):
    if count < 0.1:
        return "under 0.1 megapixels"
    return "%.*f megapixels" % (1 if count < 100 else 0, count)


def size_text(size, scale):
    after = result_size(size, scale)
    return "%d x %d pixels become %d x %d, %s" % (*size, *after, _in_words(megapixels(after)))


def question(size, scale, seconds):
    """What the user is asked before a run whose result is larger than most people mean, or "".
    seconds: that it takes, or None."""
    after = result_size(size, scale)
    if megapixels(after) <= MANY_MEGAPIXELS:
        return ""
    takes = " It takes about %s." % duration(seconds) if seconds is not None else ""
    return "The result has %d x %d pixels, %s.%s Enlarge all the same?" % (
        *after, _in_words(megapixels(after)), takes)


def measure(report, pixels, seconds):
    """Measured, or None where a report tells nothing. report: the command's, of one file; pixels: of
    that file; seconds: from the start of the program to its end."""
    try:
        work = json.loads(report)["files"][0]["seconds"]
    except (ValueError, LookupError, TypeError):
        return None
    if not isinstance(work, (int, float)) or work <= 0 or pixels < 1:
        return None
    return Measured(work / pixels, max(0, seconds - work))


class Rates:
    """What was measured, for each set of options that decides the time."""

    def __init__(self):
        self._measured = {}

    @staticmethod
    def _key(options):
        # Two stages are mixed to one network before the work: the strength takes no time.
        return options.model, options.scale, options.input_is

    def learn(self, options, measured):
        if measured is not None:
            self._measured[self._key(options)] = measured

    def seconds(self, options, pixels):
        """That a run takes, or None as long as nothing was measured."""
        measured = self._measured.get(self._key(options))
        if measured is None:
            return None
        return measured.start_seconds + measured.seconds_per_pixel * pixels


def time_text(seconds):
    return "Time: known after the preview" if seconds is None else \
        "Time: about %s" % duration(seconds)
