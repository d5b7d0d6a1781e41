"""Images, pixel by pixel. What a file says about itself, and how it is packed, does not matter."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from runner.reproduction.comparing import arrays
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
MOST_PIXELS = 32_000_000
DEEP = {"I", "F", "I;16", "I;16L", "I;16B"}  # more than 8 bits in a number


def pixels(first: Path, second: Path, tally: Tally) -> None:
    """The numbers of all pixels; of an image that moves, those of its first frame."""
    tally.noun = "numbers of pixels"
    (a, frames), (b, others) = _loaded(first), _loaded(second)
    if a.shape != b.shape:
        tally.lacking(f"{_size(a)} and {_size(b)} pixels")
        return
    if frames != others:
        tally.lacking(f"{frames:,} and {others:,} frames")
    arrays.arrays(a, b, tally)
    if tally.differing:
        signed = np.int16 if a.dtype == np.uint8 else np.float64
        off = np.abs(a.astype(signed) - b.astype(signed))
        tally.remarks.append(f"by {off.max():.6g} at most, {off.mean():.3g} on average")


def _loaded(file: Path) -> tuple[Any, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unreadable(f"more than {MOST_PIXELS:,} pixels")
            plain = image if image.mode in DEEP else image.convert("RGBA")
            return np.asarray(plain), getattr(image, "n_frames", 1)


def _size(array: Any) -> str:
    return f"{array.shape[1]}x{array.shape[0]} {array.dtype}"
