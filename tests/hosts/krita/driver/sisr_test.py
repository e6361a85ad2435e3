"""Runs the function main() of $SISR_KRITA_SCRIPT when Krita's window is there, then ends Krita with
its answer. Where main() yields, Krita's own loop of events has its turn, in which alone the window
hears of new layers. Installed by ./run for the time of the tests only."""
import importlib.util
import inspect
import os
import sys
import traceback

from krita import Extension, Krita
from PyQt5.QtCore import QTimer

START_MILLISECONDS = 2000
TURN_MILLISECONDS = 200


class Driver(Extension):
    def setup(self):
        QTimer.singleShot(START_MILLISECONDS, self.run)

    def createActions(self, window):
        """None of its own."""

    @staticmethod
    def end(code):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # Krita's own end would ask about documents that are not saved

    def fail(self, *error):
        """Krita shows such errors in a window, for which nobody is there."""
        traceback.print_exception(*error)
        self.end(1)

    def run(self):
        sys.excepthook = self.fail
        try:
            path = os.environ["SISR_KRITA_SCRIPT"]
            sys.path.insert(0, os.path.dirname(path))
            spec = importlib.util.spec_from_file_location("script", path)
            script = importlib.util.module_from_spec(spec)
            sys.modules["script"] = script
            spec.loader.exec_module(script)
            answer = script.main()
        except BaseException:
            self.fail(*sys.exc_info())
        if not inspect.isgenerator(answer):
            self.end(answer)
        self.go_on(answer)

    def go_on(self, steps):
        try:
            next(steps)
        except StopIteration as end:
            self.end(end.value)
        except BaseException:
            self.fail(*sys.exc_info())
        QTimer.singleShot(TURN_MILLISECONDS, lambda: self.go_on(steps))


Krita.instance().addExtension(Driver(Krita.instance()))
