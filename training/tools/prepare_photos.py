"""Turns the photographs of unpacked Debian packages into training pictures; run by fetch-photos.

Names each picture that it leaves out, and why, on stderr. Needs only Debian's python3-numpy and python3-pil.
"""
import argparse
import collections
import fnmatch
import os
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image

MEGA = 1e6
SMALLEST = 0.3 * MEGA   # fewer pixels give too few patches
LARGEST = 4.0 * MEGA    # above, one picture would outweigh the others
# Above these sizes a wallpaper rarely has detail in every pixel: JPEG noise, a Bayer pattern, an enlargement.
HALVE_JPEG, HALVE_OTHER = 2.0 * MEGA, 3.0 * MEGA
JPEG_BITS = 4.0         # bits a pixel below which a JPEG's noise shows at any size
FLATTEST = 0.6          # share of blocks without content above which patches are mostly wasted
ALIKE = 0.98            # correlation of two thumbnails above which they show the same picture
DRAWINGS = 0.1          # share of drawings in the whole

Candidate = collections.namedtuple("Candidate", "package kind path original")
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}
Image.MAX_IMAGE_PIXELS = 200 * 10**6


class Unsuitable(Exception):
    pass


def say(text):
    print(f"fetch-photos: {text}", file=sys.stderr, flush=True)


def candidates(list_file, unpacked):
    """The listed pictures in the order of the list, of each picture the largest of its sizes."""
    taken = set()
    for line in list_file.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        package, kind, pattern = line.split()
        share = unpacked / package / "usr/share"
        # Packages link one file to many sizes; a link is never a picture of its own.
        files = [f for f in sorted(share.rglob("*")) if f.suffix.lower() in SUFFIXES and not f.is_symlink()
                 and f.is_file() and fnmatch.fnmatchcase(str(f.relative_to(share)), pattern)]
        by_picture = {}
        for file in files:
            if file in taken or "screenshot" in file.name or "preview" in file.name:
                continue
            taken.add(file)
            key = re.sub(r"\d{3,5}x\d{3,5}|_?[Pp]ortrait", "", str(file))
            try:
                with Image.open(file) as image:
                    pixels = image.width * image.height
            except (OSError, Image.DecompressionBombError) as error:
                say(f"{package}: {file.name}: unreadable, skipped: {error}")
                continue
            if key not in by_picture or pixels > by_picture[key][0]:
                by_picture[key] = (pixels, file)
        if kind != "skip":
            for _, file in by_picture.values():
                yield Candidate(package, kind, file, "/" + str(file.relative_to(unpacked / package)))


def load(path):
    """The picture in 8 bits, RGB or grey, its size in the file, and if a JPEG its bits a pixel."""
    with Image.open(path) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise Unsuitable("an animation")
        size = image.size
        pixels = size[0] * size[1]
        if pixels < SMALLEST:
            raise Unsuitable("too small")
        if image.mode[0] in "IF":
            raise Unsuitable("more than 8 bits a channel")  # Pillow would clip it
        if "transparency" in image.info:
            image = image.convert("RGBA")
        # A border blended by half a level is no transparency; a logo's cut-out is.
        if image.mode in ("RGBA", "LA", "PA") and image.convert("RGBA").getchannel("A").getextrema()[0] < 250:
            raise Unsuitable("has transparent parts")
        bits = os.path.getsize(path) * 8 / pixels if image.format == "JPEG" else None
        return image.convert("L" if image.mode in ("L", "LA", "1") else "RGB"), size, bits


def at_true_resolution(image, jpeg_bits):
    pixels = image.width * image.height
    factor = 1.0
    if pixels > (HALVE_JPEG if jpeg_bits else HALVE_OTHER):
        factor = max(2.0, (pixels / LARGEST) ** 0.5)
    elif jpeg_bits and jpeg_bits < JPEG_BITS:
        factor = min(2.0, (JPEG_BITS / jpeg_bits) ** 0.5, (pixels / SMALLEST) ** 0.5)
    if factor == 1.0:
        return image
    size = (int(image.width / factor), int(image.height / factor))
    return image.resize(size, Image.Resampling.LANCZOS)


def flat_share(image):
    """The share of 16x16 blocks whose standard deviation is below one level of 255."""
    grey = np.asarray(image.convert("L"), np.float32)
    rows, columns = grey.shape[0] // 16, grey.shape[1] // 16
    blocks = grey[: rows * 16, : columns * 16].reshape(rows, 16, columns, 16)
    return float((blocks.std(axis=(1, 3)) < 1.0).mean())


def thumbnail(image):
    """16x16 grey values without mean and contrast: the dot product of two is their correlation."""
    grey = np.asarray(image.convert("L").resize((16, 16), Image.Resampling.BOX), np.float32).ravel()
    grey -= grey.mean()
    return grey / max(float(np.linalg.norm(grey)), 1e-6)


class Seen:
    """Pictures that must not come (again)."""

    def __init__(self):
        self.names, self.thumbnails = [], []

    def add(self, name, thumb):
        self.names.append(name)
        self.thumbnails.append(thumb)

    def add_folder(self, folder):
        for path in sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in SUFFIXES):
            try:
                with Image.open(path) as image:
                    image.draft("L", (64, 64))  # lets a JPEG be read at a fraction of its size
                    self.add(str(path), thumbnail(image))
            except OSError as error:
                say(f"{path}: unreadable, not compared: {error}")

    def like(self, thumb):
        if not self.names:
            return None
        correlation = np.stack(self.thumbnails) @ thumb
        best = int(correlation.argmax())
        return self.names[best] if correlation[best] > ALIKE else None


def name_of(candidate, taken):
    """Package and picture, with as much of the path as makes it unique; the same from run to run."""
    parts = [p for p in Path(candidate.original).with_suffix("").parts
             if p not in ("contents", "images") and not re.fullmatch(r"\d+x\d+", p)]
    for length in range(1, len(parts)):
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", "_".join([candidate.package, *parts[-length:]])) + ".png"
        if name not in taken:
            return name
    raise Unsuitable("no name left for it")


def write_in_place(path, write):
    partial = path.parent / ".cache" / (path.name + ".tmp")
    write(partial)
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser()
    for option in ("list", "versions", "unpacked", "output"):
        parser.add_argument("--" + option, type=Path, required=True)
    parser.add_argument("--against", action="append", default=[])
    args = parser.parse_args()

    versions = dict(line.split("\t") for line in args.versions.read_text().splitlines())
    seen = Seen()
    for folder in args.against:
        seen.add_folder(folder)

    rows, count, pixels = [], collections.Counter(), 0
    for candidate in candidates(args.list, args.unpacked):
        try:
            if candidate.kind == "drawing" and count["drawing"] + 1 > DRAWINGS * (len(rows) + 1):
                raise Unsuitable("drawings are a tenth already")
            image, size, jpeg_bits = load(candidate.path)
            image = at_true_resolution(image, jpeg_bits)
            if (flat := flat_share(image)) > FLATTEST:
                raise Unsuitable(f"flat in {flat:.0%} of its area")
            thumb = thumbnail(image)
            if twin := seen.like(thumb):
                raise Unsuitable(f"looks like {twin}")
            name = name_of(candidate, {row[0] for row in rows})
        except (Unsuitable, OSError, Image.DecompressionBombError) as reason:
            say(f"{candidate.package}: {candidate.original}: left out: {reason}")
            continue
        seen.add(name, thumb)
        image.info.clear()  # a camera's orientation mark or colour profile must not outlive its file
        write_in_place(args.output / name, lambda file: image.save(file, "PNG"))
        count[candidate.kind] += 1
        pixels += image.width * image.height
        rows.append((name, candidate.package, versions[candidate.package], candidate.original,
                     f"{size[0]}x{size[1]}", f"licences/{candidate.package}.copyright"))

    if not rows:  # no network, perhaps: leave an earlier run's pictures alone
        say("no picture could be made")
        return 1
    # Pictures of an earlier run that the rules no longer let in; files of other origin are not ours to remove.
    sources = args.output / "SOURCES.tsv"
    if sources.exists():
        for old in {line.split("\t")[0] for line in sources.read_text().splitlines()[1:]} - {r[0] for r in rows}:
            (args.output / old).unlink(missing_ok=True)
    header = ("file", "package", "version", "original path", "original size", "licence")
    table = "".join("\t".join(row) + "\n" for row in [header, *rows])
    write_in_place(sources, lambda file: file.write_text(table))
    say(f"{len(rows)} pictures ({count['drawing']} drawings), {pixels / MEGA:.1f} megapixels, in {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
