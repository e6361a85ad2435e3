"""training/tools/draw-graphics on packages that lie in its cache already: nothing is downloaded."""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

COMMAND = Path(__file__).resolve().parents[2] / "training/tools/draw-graphics"
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60">
<circle cx="40" cy="30" r="20" fill="red" stroke="black"/></svg>"""
SKIPPED = 77

try:
    from PIL import Image, ImageStat
except ImportError:
    print("SKIPPED: python3-pil is not installed")
    sys.exit(SKIPPED)
if not FONT.exists() or not shutil.which("rsvg-convert"):
    print("SKIPPED: fonts-dejavu-core or librsvg2-bin is not installed")
    sys.exit(SKIPPED)


class DrawGraphics(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.output = self.folder / "pictures"
        self.program("apt-get", "echo 'E: no network' >&2; exit 100")
        for package in ("openclipart-svg", "fonts-dejavu-core", "fonts-liberation", "fonts-lato", "fonts-comic-neue"):
            self.unpacked(package).mkdir(parents=True)
        fonts = self.unpacked("fonts-dejavu-core") / "usr/share/fonts/truetype"
        fonts.mkdir(parents=True)
        shutil.copy(FONT, fonts)
        (self.unpacked("openclipart-svg") / "circle.svg").write_text(DRAWING)

    def unpacked(self, package):
        return self.output / ".cache/unpacked" / package

    def program(self, name, text):
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run_command(self, *options, path=None):
        environment = dict(os.environ, PATH=path or f"{self.folder / 'bin'}:{os.environ['PATH']}")
        return subprocess.run([sys.executable, COMMAND, self.output, "--size", "256", *options],
                              env=environment, capture_output=True, text=True)

    def draw(self, *options):
        """The pictures' bytes by name."""
        result = self.run_command(*options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return {f.name: f.read_bytes() for f in self.output.glob("*.png")}

    def test_the_same_seed_draws_the_same_pictures(self):
        first = self.draw("--count", "3", "--seed", "4")
        self.assertEqual(len(set(first.values())), 3)
        for name in first:
            (self.output / name).unlink()
        self.assertEqual(self.draw("--count", "3", "--seed", "4"), first)
        both = self.draw("--count", "3", "--seed", "5")
        self.assertEqual(len(both), 6)
        self.assertEqual(len(set(both.values())), 6)

    def test_pictures_have_their_size_and_content(self):
        self.draw("--count", "2")
        for file in self.output.glob("*.png"):
            with Image.open(file) as picture:
                self.assertEqual((picture.mode, picture.size), ("RGB", (256, 256)))
                self.assertGreater(max(ImageStat.Stat(picture).stddev), 10)

    def test_what_is_there_is_not_drawn_again(self):
        self.draw("--count", "1")
        (picture,) = self.output.glob("*.png")
        picture.write_bytes(b"kept")
        self.assertEqual(len(self.draw("--count", "2")), 2)
        self.assertEqual(picture.read_bytes(), b"kept")

    def test_a_drawing_that_cannot_be_rendered_is_left_out(self):
        (self.unpacked("openclipart-svg") / "circle.svg").write_text("<svg")
        self.assertEqual(len(self.draw("--count", "2")), 2)

    def test_without_drawings_the_rest_is_drawn_and_told(self):
        shutil.rmtree(self.unpacked("openclipart-svg"))
        result = self.run_command("--count", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("openclipart-svg: download failed, skipped: E: no network", result.stderr)

    def test_a_truncated_package_is_removed(self):
        shutil.rmtree(self.unpacked("fonts-lato"))
        self.program("apt-get", "echo damaged > fonts-lato_2.0_all.deb")
        result = self.run_command("--count", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("fonts-lato_2.0_all.deb cannot be opened, removed", result.stderr)
        self.assertEqual(list((self.output / ".cache").glob("*.deb")), [])
        self.assertFalse(self.unpacked("fonts-lato").exists())

    def test_without_a_font_there_is_one_line_and_no_picture(self):
        shutil.rmtree(self.unpacked("fonts-dejavu-core"))
        result = self.run_command("--count", "1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no font could be had", result.stderr)
        self.assertEqual(list(self.output.glob("*.png")), [])

    def test_wrong_usage_and_missing_tools_exit_with_2(self):
        self.assertEqual(self.run_command("--count", "0").returncode, 2)
        result = self.run_command("--count", "1", path=str(self.folder / "bin"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("librsvg2-bin", result.stderr)


if __name__ == "__main__":
    unittest.main()
