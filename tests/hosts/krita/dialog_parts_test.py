"""What the plug-in's dialog computes without Qt: spots, estimates, presets, sentences on colours."""
import importlib
import json
import random
import unittest
from collections import namedtuple

from command_test import command, model

colours = importlib.import_module("sisr.colours")
estimate = importlib.import_module("sisr.estimate")
presets = importlib.import_module("sisr.presets")
spot = importlib.import_module("sisr.spot")


class Spot(unittest.TestCase):
    @staticmethod
    def picture(width, height, left, top, side):
        """Flat, but for noise in one place and a hard edge."""
        noise = random.Random(1)
        rows = [bytearray([90] * (width - 3) + [255] * 3) for _ in range(height)]
        for y in range(top, top + side):
            for x in range(left, left + side):
                rows[y][x] = noise.randrange(256)
        return [bytes(row) for row in rows]

    def test_the_most_detailed_place(self):
        for left, top in ((10, 8), (100, 60), (40, 70)):
            x, y = spot.most_detailed(self.picture(160, 120, left, top, 24), (0.2, 0.2))
            self.assertLess(abs(x * 160 - left - 12), 16)
            self.assertLess(abs(y * 120 - top - 12), 16)

    def test_pictures_without_any(self):
        self.assertEqual(spot.most_detailed([], (1, 1)), (0.5, 0.5))
        self.assertEqual(spot.most_detailed([b"a"], (1, 1)), (0.5, 0.5))
        for size in ((2, 2), (300, 2), (3, 500)):
            place = spot.most_detailed([b"a" * size[0]] * size[1], (0.3, 0.3))
            self.assertTrue(all(0 <= share <= 1 for share in place), place)

    def test_crops_stay_inside(self):
        picture = 1000, 700
        size = spot.crop_size((420, 315), 4, picture)
        self.assertEqual(size, (105, 79))
        self.assertEqual(spot.crop_size((420, 315), 100, picture), (16, 16))
        self.assertEqual(spot.crop_size((420, 315), 1, (25, 18)), (25, 18))
        self.assertEqual(spot.crop_around((0, 0), size, picture), (0, 0, 105, 79))
        self.assertEqual(spot.crop_around((1, 1), size, picture), (895, 621, 105, 79))
        middle = spot.crop_around((0.5, 0.5), size, picture)
        self.assertEqual(spot.with_margin(middle, picture),
                         (middle[0] - 16, middle[1] - 16, 137, 111))
        self.assertEqual(spot.with_margin((0, 0, 105, 79), picture), (0, 0, 121, 95))

    def test_the_wanted_part_of_a_result(self):
        self.assertEqual(spot.inside_result((50, 40, 20, 10), (34, 24, 52, 42), (208, 168)),
                         (64, 64, 80, 40))
        x, _, width, _ = spot.inside_result((0, 0, 25, 18), (0, 0, 25, 18), (38, 27))
        self.assertEqual((x, width), (0, 38))


class Estimate(unittest.TestCase):
    REPORT = json.dumps({"seconds": 3.2, "files": [{"seconds": 1.0, "status": "done"}]})

    def test_size(self):
        self.assertEqual(estimate.size_text((1000, 700), 4),
                         "1000 x 700 pixels become 4000 x 2800, 11.2 megapixels")
        self.assertEqual(estimate.size_text((25, 18), 2),
                         "25 x 18 pixels become 50 x 36, under 0.1 megapixels")
        self.assertIn("40000 x 30000, 1200 megapixels", estimate.size_text((10000, 7500), 4))

    def test_question(self):
        self.assertEqual(estimate.question((5000, 3000), 2, 9), "")  # 60 exactly
        self.assertEqual(estimate.question((5000, 3010), 2, None),
                         "The result has 10000 x 6020 pixels, 60.2 megapixels. "
                         "Enlarge all the same?")
        self.assertIn("It takes about 3 minutes. ", estimate.question((9000, 6000), 4, 180))

    def test_the_start_of_the_program_counts_once(self):
        rates = estimate.Rates()
        options = command.DEFAULTS
        self.assertIsNone(rates.seconds(options, 1000))
        self.assertEqual(estimate.time_text(None), "Time: known after the preview")
        rates.learn(options, estimate.measure(self.REPORT, 10000, 3.5))
        self.assertAlmostEqual(rates.seconds(options, 10000), 3.5)
        self.assertAlmostEqual(rates.seconds(options, 1000000), 102.5)
        self.assertAlmostEqual(rates.seconds(options._replace(strength=0.0), 10000), 3.5)
        self.assertIsNone(rates.seconds(options._replace(scale=2.0), 10000))
        self.assertEqual(estimate.time_text(102.5), "Time: about 2 minutes")

    def test_reports_that_tell_nothing(self):
        for text in ("", "{}", "[]", '{"files": []}', '{"files": [{"seconds": "x"}]}',
                     '{"files": [{"seconds": 0}]}'):
            self.assertIsNone(estimate.measure(text, 100, 1))
        rates = estimate.Rates()
        rates.learn(command.DEFAULTS, None)
        self.assertIsNone(rates.seconds(command.DEFAULTS, 1))


class Presets(unittest.TestCase):
    MODELS = [model("photo-x4", 4, 0.9), model("restore-x1", 1, 0.0)]

    def take(self, name, resolution=100.0, **changed):
        function = next(entry[2] for entry in presets.PRESETS if entry[0] == name)
        return function(command.DEFAULTS._replace(**changed), resolution, self.MODELS)

    def test_natural_and_crisp(self):
        self.assertEqual(self.take("Natural").strength, 0)
        crisp = self.take("Crisp", model="restore-x1", scale=1.0, input_is="heavy",
                          new_document=True)
        self.assertEqual(crisp, command.DEFAULTS._replace(strength=1.0, new_document=True))
        self.assertEqual(self.take("Natural", scale=2.5).scale, 2.5)

    def test_print(self):
        options = self.take("Print", 72, whole_document=False, keep_print_size=False)
        self.assertAlmostEqual(options.scale * 72, 300)
        self.assertTrue(options.whole_document and options.keep_print_size)
        self.assertIsNone(options.strength)
        self.assertEqual(self.take("Print", 600).scale, 1)
        self.assertEqual(self.take("Print", 1).scale, 16)
        self.assertEqual(self.take("Print", 0).scale, 4)

    def test_restore(self):
        options = self.take("Restore JPEG only", strength=0.5)
        self.assertEqual((options.model, options.scale, options.strength), ("restore-x1", 1, None))
        self.assertIsNone(presets.restore_model(self.MODELS[:1]))


class Colours(unittest.TestCase):
    class Layer(namedtuple("Layer", "given model is_animated")):
        def name(self):
            return self.given

        def colorModel(self):
            return self.model

        def animated(self):
            return self.is_animated

    def test_note(self):
        self.assertEqual(colours.note([]), "")
        left = [self.Layer("a", "CMYKA", False), self.Layer("b", "RGBA", True),
                self.Layer("c", "CMYKA", False)]
        first, second = colours.note(left).splitlines()
        self.assertIn("Krita scales a, c, which are in CMYK:", first)
        self.assertIn("Krita scales b, which is animated:", second)

    def test_refusal(self):
        self.assertEqual(colours.refusal([]),
                         "The document holds no paint layer in RGB or grey.")
        text = colours.refusal([self.Layer("a", "LABA", False), self.Layer("b", "CMYKA", False)])
        self.assertIn("no paint layer in RGB or grey: it is in CMYK and in Lab. Convert", text)


if __name__ == "__main__":
    unittest.main()
