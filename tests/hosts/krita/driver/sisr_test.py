"""Runs the function main() of $SISR_KRITA_SCRIPT when Krita's window is there, then ends Krita with
its answer. Installed by ./run for the time of the tests only."""
import importlib.util
import os
import sys
import traceback

from krita import Extension, Krita
from PyQt5.QtCore import QTimer

START_MILLISECONDS = 2000


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
        code = 1
        sys.excepthook = self.fail
        try:
            path = os.environ["SISR_KRITA_SCRIPT"]
            sys.path.insert(0, os.path.dirname(path))
            spec = importlib.util.spec_from_file_location("script", path)
            script = importlib.util.module_from_spec(spec)
            sys.modules["script"] = script
            spec.loader.exec_module(script)
            code = script.main()
        except BaseException:
            traceback.print_exc()
        self.end(code)


Krita.instance().addExtension(Driver(Krita.instance()))
