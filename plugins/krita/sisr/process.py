"""A run of the command beside a program that stays alive: started, asked from time to time, and
cancelled. No thread: one in Krita's Python stands still while Krita itself is at work."""
import os
import subprocess
import tempfile
import time

from .command import environment, explain_failure, parse_models, parse_percent

GRACE_SECONDS = 1  # between the request to stop and the kill; all files are in our own folder
LIST_SECONDS = 10  # a program that has not told its models by then hangs


class Failure(Exception):
    """The sentence is for the user."""


class Cancelled(Exception):
    """The user asked for it."""


class Process:
    """words: the command line. log_folder: an existing folder for what it prints; files cannot fill
    up as pipes do. Throws Failure when it cannot be started."""

    def __init__(self, words, log_folder):
        self._out = os.path.join(log_folder, "stdout")
        self._err = os.path.join(log_folder, "stderr")
        try:
            with open(self._out, "wb") as out, open(self._err, "wb") as err:
                self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out,
                                                 stderr=err, env=environment(os.environ))
        except OSError as error:
            raise Failure("%s cannot be started: %s" % (words[0], error.strerror)) from error

    def is_running(self):
        return self._process.poll() is None

    def percent(self):
        """0 to 100."""
        return parse_percent(self.output()) or 0

    def cancel(self):
        """Stops it and returns when it has ended."""
        if not self.is_running():
            return
        self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self):
        """Ends it without waiting for its own end."""
        if self.is_running():
            self._process.kill()
            self._process.wait()

    def output(self):
        return self._read(self._out)

    def check(self):
        """Throws Failure unless the command, which has ended, did all of its work."""
        if self._process.returncode != 0:
            raise Failure(explain_failure(self._process.returncode, self._read(self._err)))

    @staticmethod
    def _read(path):
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")


def run(words, log_folder, progress):
    """Runs a command to its end. progress: called with 0 to 100 about ten times a second; a false
    answer cancels. Throws Failure or Cancelled; the command has ended in any case."""
    process = Process(words, log_folder)
    try:
        while process.is_running():
            if not progress(process.percent()):
                raise Cancelled()
            time.sleep(0.1)
        process.check()
    finally:
        process.cancel()


class ModelQuestion:
    """Asks a program for its models, beside a dialog that does not wait for the answer."""

    def __init__(self, program, seconds=LIST_SECONDS):
        """Throws Failure when the program cannot be started."""
        self._program = program
        self._end = time.monotonic() + seconds
        self._seconds = seconds
        self._folder = tempfile.TemporaryDirectory(prefix="krita-sisr-")
        try:
            self._process = Process([program, "--list-models", "--json"], self._folder.name)
        except Failure:
            self._folder.cleanup()
            raise

    def answer(self):
        """The models, or None as long as there is no answer. Throws Failure."""
        if self._process.is_running():
            if time.monotonic() < self._end:
                return None
            self.close()
            raise Failure("%s does not answer (%d seconds)" % (self._program, self._seconds))
        self._process.check()
        models = parse_models(self._process.output())
        if not models:
            raise Failure("%s tells no model; is it sisr-batch?" % self._program)
        return models

    def close(self):
        """Ends the program if it still runs."""
        self._process.kill()
        self._folder.cleanup()
