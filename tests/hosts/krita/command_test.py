"""The plug-in's parts that need no Krita."""
import importlib
import os
import stat
import sys
import tempfile
import time
import types
import unittest

PLUGIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../plugins/krita/sisr")

# The package without its __init__, which registers itself with Krita.
sys.dont_write_bytecode = True
package = types.ModuleType("sisr")
package.__path__ = [PLUGIN]
sys.modules["sisr"] = package
command = importlib.import_module("sisr.command")
process = importlib.import_module("sisr.process")
settings = importlib.import_module("sisr.settings")


def model(name, scale, strength=None, words=""):
    return command.Model(name, scale, strength, words, "")


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.addCleanup(os.environ.update, PATH=os.environ["PATH"])

    def program(self, path, text="exit 0"):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, stat.S_IRWXU)
        return path


class Find(Folder):
    def find(self, setting=""):
        plugin = os.path.join(self.folder, "prefix/share/krita/pykrita/sisr")
        return command.find(setting, plugin, os.path.join(self.folder, "home"))

    def test_order(self):
        os.environ["PATH"] = os.path.join(self.folder, "path")
        at_home = self.program("home/.local/bin/sisr-batch")
        self.assertEqual(self.find(), at_home)
        at_prefix = self.program("prefix/bin/sisr-batch")
        self.assertEqual(self.find(), at_prefix)
        on_path = self.program("path/sisr-batch")
        self.assertEqual(self.find(), on_path)
        chosen = self.program("other/my-sisr-batch")
        self.assertEqual(self.find(chosen), chosen)

    def test_what_is_no_program_is_passed_over(self):
        os.environ["PATH"] = ""
        os.makedirs(os.path.join(self.folder, "prefix/bin/sisr-batch"))
        at_home = self.program("home/.local/bin/sisr-batch")
        self.assertEqual(self.find(os.path.join(self.folder, "gone")), at_home)
        os.chmod(at_home, stat.S_IRUSR)
        self.assertNotEqual(self.find(), at_home)


class Arguments(unittest.TestCase):
    def test_defaults(self):
        words = command.arguments("/b/sisr-batch", command.DEFAULTS, "in", "out")
        self.assertEqual(words, ["/b/sisr-batch", "in", "--output", "out", "--format", "tif",
                                 "--existing", "overwrite", "--progress", "--quiet",
                                 "--scale", "4"])

    def test_one_file(self):
        words = command.file_arguments("b", command.DEFAULTS._replace(strength=0.0), "i.png",
                                       "o.png", "r.json")
        self.assertEqual(words, ["b", "i.png", "--output", "o.png", "--existing", "overwrite",
                                 "--report", "r.json", "--quiet", "--scale", "4",
                                 "--strength", "0"])

    def test_everything(self):
        options = command.DEFAULTS._replace(model="photo-x4", scale=2.75, strength=0.25,
                                            input_is="heavy", colour_lock=False)
        words = command.arguments("sisr-batch", options, "in", "out")
        self.assertEqual(words[words.index("--scale") + 1], "2.75")
        self.assertEqual(words[words.index("--model") + 1], "photo-x4")
        self.assertEqual(words[words.index("--strength") + 1], "0.25")
        self.assertEqual(words[words.index("--input-is") + 1], "heavy")
        self.assertEqual(words[-1], "--no-color-lock")

    def test_sizes_round_as_the_command_does(self):
        self.assertEqual([command.scaled(*case) for case in
                          ((31, 1.5), (17, 1.5), (31, 3.25), (1, 1), (7, 4))],
                         [47, 26, 101, 1, 28])


class Answers(unittest.TestCase):
    def test_models(self):
        text = """[
          {"name": "photo-x4", "scale": 4, "strength": 0.9, "trained_for": "photographs of all",
           "path": "/usr/share/sisr/models/photo-x4.safetensors"},
          {"name": "fidelity-x4", "scale": 4, "trained_for": "clean photographs"},
          {"name": "4x my own", "scale": 4, "sizes": "23 blocks of 64 channels",
           "trained_for": "", "path": "/home/a/.local/share/sisr/models/4x my own.pth"},
          {"name": "no model here"}, 7]"""
        models = command.parse_models(text)
        self.assertEqual(models, [
            command.Model("photo-x4", 4, 0.9, "photographs of all",
                          "/usr/share/sisr/models/photo-x4.safetensors"),
            command.Model("fidelity-x4", 4, None, "clean photographs", ""),
            command.Model("4x my own", 4, None, "23 blocks of 64 channels",
                          "/home/a/.local/share/sisr/models/4x my own.pth")])
        folder = command.user_models_folder({"XDG_DATA_HOME": ""}, "/home/a")
        self.assertEqual(command.split_models(models, folder), (models[:2], models[2:]))
        folder = command.user_models_folder({"XDG_DATA_HOME": "/data"}, "/home/a")
        self.assertEqual(folder, "/data/sisr/models")
        self.assertEqual(command.split_models(models, folder), (models, []))
        for other in ("", "what is this\nphoto 4 a 1 2 b\n", "{}", "3"):
            self.assertEqual(command.parse_models(other), [])
        self.assertEqual(command.own_strength(models, ""), 0.9)
        self.assertEqual(command.own_strength(models, "photo-x4"), 0.9)
        self.assertIsNone(command.own_strength(models, "fidelity-x4"))
        self.assertIsNone(command.own_strength(models, "gone"))
        self.assertIsNone(command.own_strength([model("photo-x2", 2)], ""))

    def test_percent(self):
        self.assertIsNone(command.parse_percent(""))
        self.assertIsNone(command.parse_percent("percent 4"))  # not whole yet
        self.assertEqual(command.parse_percent("percent 4\npercent 17\nperc"), 17)
        self.assertEqual(command.parse_percent("percent 4\nsomething else\n"), 4)

    def test_time_left(self):
        self.assertEqual(command.time_left(0.5, 50), "")
        self.assertEqual(command.time_left(30, 0), "")
        self.assertEqual(command.time_left(10, 50), "about 10 seconds left")
        self.assertEqual(command.time_left(99, 99), "about 1 second left")
        self.assertEqual(command.time_left(60, 25), "about 3 minutes left")
        self.assertEqual(command.time_left(600, 5), "about 3 hours left")

    def test_failures(self):
        self.assertEqual(command.explain_failure(1, "sisr-batch: a: b\n"), "sisr-batch: a: b")
        self.assertIn("signal 9", command.explain_failure(-9, ""))
        self.assertIn("exit code 3", command.explain_failure(3, "\n"))

    def test_the_environment_of_an_appimage(self):
        given = {"APPDIR": "/tmp/.mount", "LD_LIBRARY_PATH": "/tmp/.mount/usr/lib:/opt/lib",
                 "PYTHONHOME": "/tmp/.mount/usr", "HOME": "/home/a"}
        self.assertEqual(command.environment(given), {"APPDIR": "/tmp/.mount", "HOME": "/home/a",
                                                      "LD_LIBRARY_PATH": "/opt/lib"})
        self.assertEqual(command.environment({"LD_LIBRARY_PATH": "/a"}), {"LD_LIBRARY_PATH": "/a"})


class Run(Folder):
    def test_progress_to_the_end(self):
        program = self.program("p", "echo percent 5; sleep 0.3; echo percent 80; sleep 0.3")
        seen = []
        process.run([program], self.folder, lambda percent: seen.append(percent) or True)
        self.assertIn(5, seen)
        self.assertIn(80, seen)

    def test_failure_tells_the_reason(self):
        program = self.program("p", "echo 'sisr-batch: x.tif: broken' >&2; exit 1")
        with self.assertRaisesRegex(process.Failure, "x.tif: broken"):
            process.run([program], self.folder, lambda percent: True)
        with self.assertRaisesRegex(process.Failure, "cannot be started: No such file"):
            process.run([os.path.join(self.folder, "gone")], self.folder, lambda percent: True)

    def test_cancel_ends_the_command(self):
        program = self.program("p", "echo $$ > {0}/part; mv {0}/part {0}/pid; exec sleep 60"
                               .format(self.folder))
        pid_file = os.path.join(self.folder, "pid")
        start = time.monotonic()
        with self.assertRaises(process.Cancelled):
            process.run([program], self.folder, lambda percent: not os.path.exists(pid_file))
        self.assertLess(time.monotonic() - start, 10)
        with open(pid_file, encoding="utf-8") as file:
            pid = int(file.read())
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)

    def answer(self, program, seconds=5):
        question = process.ModelQuestion(program, seconds)
        self.addCleanup(question.close)
        while True:
            models = question.answer()
            if models is not None:
                return models
            time.sleep(0.02)

    def test_models(self):
        entry = '{"name": "photo-x4", "scale": 4, "trained_for": "photographs"}'
        program = self.program("p", "echo [; sleep 0.2; echo '%s]'" % entry)
        self.assertEqual(self.answer(program), [model("photo-x4", 4, words="photographs")])
        with self.assertRaisesRegex(process.Failure, "no model"):
            self.answer(self.program("q", "echo no model is installed >&2; exit 2"))
        with self.assertRaisesRegex(process.Failure, "/r tells no model; is it sisr-batch"):
            self.answer(self.program("r", "echo hello"))
        with self.assertRaisesRegex(process.Failure, "gone cannot be started: No such file"):
            self.answer(os.path.join(self.folder, "gone"))

    def test_a_program_that_hangs(self):
        program = self.program("p", "trap '' TERM; echo $$ > %s/pid; while :; do sleep 1; done"
                               % self.folder)
        start = time.monotonic()
        question = process.ModelQuestion(program, 0.5)
        self.assertIsNone(question.answer())
        self.assertLess(time.monotonic() - start, 0.4)
        with self.assertRaisesRegex(process.Failure, "/p does not answer"):
            while question.answer() is None:
                time.sleep(0.02)
        self.assertLess(time.monotonic() - start, 2)
        with open(os.path.join(self.folder, "pid"), encoding="utf-8") as file:
            with self.assertRaises(ProcessLookupError):
                os.kill(int(file.read()), 0)
        self.assertEqual([name for name in os.listdir(tempfile.gettempdir())
                          if name == os.path.basename(question._folder.name)], [])

    def test_a_chosen_program_that_is_none(self):
        text = os.path.join(self.folder, "text")
        with open(text, "w", encoding="utf-8"):
            pass
        gone = os.path.join(self.folder, "gone")
        self.assertEqual(command.problem_with_choice(gone),
                         gone + ", which you chose, is not there.")
        self.assertEqual(command.problem_with_choice(text),
                         text + ", which you chose, is not a program.")
        self.assertEqual(command.problem_with_choice(self.folder),
                         self.folder + ", which you chose, is not a program.")
        self.assertEqual(command.problem_with_choice(self.program("p")), "")
        self.assertEqual(command.problem_with_choice(""), "")


class FakeKrita:
    def __init__(self, stored=None):
        self.stored = stored or {}

    def readSetting(self, group, name, default):
        return self.stored.get((group, name), default)

    def writeSetting(self, group, name, value):
        self.stored[group, name] = value


class Settings(unittest.TestCase):
    def test_round_trip(self):
        self.assertEqual(settings.load(FakeKrita()), command.DEFAULTS)
        options = command.Options("m", 2.5, 0.75, "clean", False, False, True, False)
        krita = FakeKrita()
        settings.save(krita, options)
        self.assertEqual(settings.load(krita), options)
        settings.save(krita, command.DEFAULTS)
        self.assertEqual(settings.load(krita), command.DEFAULTS)

    def test_nonsense_is_the_default(self):
        krita = FakeKrita({("sisr", "scale"): "900", ("sisr", "strength"): "x",
                           ("sisr", "input_is"): "dirty"})
        self.assertEqual(settings.load(krita), command.DEFAULTS)


if __name__ == "__main__":
    unittest.main()
