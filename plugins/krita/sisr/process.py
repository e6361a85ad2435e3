"""A run of the command beside a program that stays alive: started, asked from time to time, and
cancelled. No thread: one in Krita's Python stands still while Krita itself is at work."""
import os
import subprocess
import time

from .command import environment, explain_failure, parse_models, parse_percent

GRACE_SECONDS = 1  # between the request to stop and the kill; all files are in our own folder
LIST_SECONDS = 30


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
        return parse_percent(self._read(self._out)) or 0

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


def list_models(program):
    """Installed models. Throws Failure."""
    try:
        answer = subprocess.run([program, "--list-models"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=environment(os.environ), timeout=LIST_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failure("%s does not answer" % program) from error
    except OSError as error:
        raise Failure("%s cannot be started: %s" % (program, error.strerror)) from error
    if answer.returncode != 0:
        raise Failure(explain_failure(answer.returncode, answer.stderr.decode("utf-8", "replace")))
    return parse_models(answer.stdout.decode("utf-8", "replace"))
