"""Arrays of numpy, a piece at a time. Objects in them are pickles, and stay closed."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable

PIECE = 1 << 20  # numbers in memory at once
NUMERIC = "biufc"  # kinds of numpy: truth values, integers, floats, complex
LEAST = float(np.nextafter(0.0, 1.0))

Array = np.ndarray[Any, Any]


def npy(first: Path, second: Path, tally: Tally) -> None:
    """Two files of one array each."""
    arrays(_opened(first), _opened(second), tally)


def arrays(a: Array, b: Array, tally: Tally) -> None:
    """Two arrays, which are the same only in the same shape. Their types may differ."""
    if a.shape != b.shape:
        tally.lacking(f"shape {_shape(a)} and {_shape(b)}")
    elif a.dtype.names or b.dtype.names:
        _fields(a, b, tally)
    else:
        if a.dtype != b.dtype:
            tally.remarks.append(f"{a.dtype} and {b.dtype}"[:80])
        if a.flags.f_contiguous and b.flags.f_contiguous:  # so that nothing is copied
            a, b = a.T, b.T
        a, b = a.reshape(-1), b.reshape(-1)
        for at in range(0, a.size, PIECE):
            piece(a[at : at + PIECE], b[at : at + PIECE], tally)


def piece(a: Array, b: Array, tally: Tally) -> None:
    """As many values of one as of the other."""
    if a.dtype.kind not in NUMERIC or b.dtype.kind not in NUMERIC:
        equal = int(np.count_nonzero(_same(a, b)))
        tally.others(equal=True, count=equal)
        tally.others(equal=False, count=a.size - equal)
        return
    unlike = ~_same(a, b)
    tally.compared += a.size
    if unlike.any():
        _apart(a[unlike], b[unlike], tally)


def _same(a: Array, b: Array) -> Array:
    # values that cannot be equal give one answer for all of them
    same: Array = np.broadcast_to(a == b, a.shape)
    if a.dtype.kind in "fcmM" and b.dtype.kind in "fcmM":
        same = same | ((a != a) & (b != b))  # noqa: PLR0124 - NaN, NaT
    return same


def _apart(a: Array, b: Array, tally: Tally) -> None:
    """Add numbers none of which equals the other."""
    exact = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    whole = a.dtype.kind in "biu" and b.dtype.kind in "biu"
    x, y = a.astype(exact), b.astype(exact)
    with np.errstate(all="ignore"):
        # integers beyond 2**53 and long doubles may be another and yet as near as float64 can tell
        gap = np.maximum(np.abs(x - y), 1.0 if whole else LEAST)
        larger = np.maximum(np.abs(x), np.abs(y))
        distance = np.where(np.isfinite(gap), gap / larger, np.inf)
        gap = np.where(np.isfinite(distance), gap, np.inf)
        near = gap <= tally.tolerance.absolute + tally.tolerance.relative * np.abs(x)
    tally.differing += x.size
    tally.beyond += int(np.count_nonzero(~(near & np.isfinite(gap))))
    tally.farthest(float(gap.max()), float(distance.max()))


def _fields(a: Array, b: Array, tally: Tally) -> None:
    if a.dtype.names != b.dtype.names:
        tally.lacking("other fields")
        return
    for name in a.dtype.names or ():
        if tally.passed_over(name):
            tally.skipped += int(np.count_nonzero(a[name] != b[name]))
        else:
            arrays(a[name], b[name], tally)


def _opened(file: Path) -> Array:
    try:
        return open_memmap(file, mode="r")
    except (ValueError, EOFError, OSError) as error:
        raise Unreadable("no array of numbers or texts that can be read") from error


def _shape(array: Array) -> str:
    return "x".join(map(str, array.shape)) or "of one number"
