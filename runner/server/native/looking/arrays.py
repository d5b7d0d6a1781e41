"""Arrays of numpy, by numpy where it is installed. Pickled objects are never loaded: they are programs."""

import math
import zipfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from runner.errors import TrackingError
from runner.server.native.looking.shapes import Array, ViewFile
from runner.server.native.looking.values import cell, volume

if TYPE_CHECKING:
    import numpy as np

LARGEST = 256 * 1024 * 1024  # bytes of an array that is read whole, for its range
SHOWN = 400  # values
MOST = 1000  # arrays of a file
PICTURES = 20  # of them that are drawn
SIDE, POINTS = 96, 400  # numbers of a picture


def npy(file: IO[bytes], name: str = "") -> list[Array]:
    """The array of an npy file."""
    return [_array(file, name)]


def npz(file: IO[bytes], asked: ViewFile) -> list[Array]:
    """Those of an npz file, or the `member` of it; values of the first one only."""
    try:
        with zipfile.ZipFile(file) as archive:
            return list(_members(archive, asked.member))
    except zipfile.BadZipFile as error:
        raise TrackingError(f"this is no npz file: {error}") from error


def _members(archive: zipfile.ZipFile, member: str) -> Iterator[Array]:
    drawn = 0
    for info in archive.infolist()[:MOST]:
        name = info.filename.removesuffix(".npy")
        if info.filename.endswith(".npy") and member in {"", name}:
            with archive.open(info) as file:
                found = _array(file, name)
            drawn += bool(found.picture)
            if drawn > PICTURES:
                found.picture = []
            yield found


def _array(file: IO[bytes], name: str) -> Array:
    from numpy.lib import format as npy_format  # noqa: PLC0415 - not everybody has it

    try:
        version = npy_format.read_magic(file)
        read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, fortran, dtype = read(file)
        size = volume(shape)
    except ValueError as error:
        raise TrackingError(f"this is no array of numpy: {error}") from error
    found = Array(name=name, dtype=str(dtype), shape=list(shape), size=size)
    if dtype.hasobject or dtype.itemsize == 0 or size == 0 or size * dtype.itemsize > LARGEST:
        return found
    return _with_values(found, file, dtype, fortran=fortran)


def _with_values(found: Array, file: IO[bytes], dtype: "np.dtype[Any]", *, fortran: bool) -> Array:
    import numpy as np  # noqa: PLC0415 - as above

    wanted = found.size * dtype.itemsize
    data = file.read(wanted)
    if len(data) < wanted:
        raise TrackingError(f"this array is cut short: {len(data)} bytes of {wanted}")
    whole = np.frombuffer(data, dtype).reshape(found.shape, order="F" if fortran else "C")
    found.values = _corner(whole)
    if dtype.kind in "biuf":
        numbers = whole[np.isfinite(whole)] if dtype.kind == "f" else whole
        if numbers.size:
            found.low, found.high, found.mean = (
                float(numbers.min()),
                float(numbers.max()),
                float(numbers.mean(dtype="float64")),
            )
            found.picture = _picture(whole)
    return found


def _picture(whole: "np.ndarray[Any, Any]") -> list[Any]:
    """Numbers of the last two dimensions, evenly chosen."""
    while whole.ndim > 2:  # noqa: PLR2004 - a sheet
        whole = whole[0]
    if whole.ndim < 2:  # noqa: PLR2004 - as above
        return [_finite(value) for value in whole.reshape(-1)[:: max(1, -(-whole.size // POINTS))]]
    rows, columns = (max(1, -(-length // SIDE)) for length in whole.shape)
    return [[_finite(value) for value in row] for row in whole[::rows, ::columns]]


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _corner(whole: "np.ndarray[Any, Any]") -> list[Any]:
    """Rows and columns of the last two dimensions, as many as fit; of a row its beginning."""
    while whole.ndim > 2:  # noqa: PLR2004 - a sheet
        whole = whole[0]
    if whole.ndim < 2:  # noqa: PLR2004 - as above
        return [cell(value.item()) for value in whole.reshape(-1)[:SHOWN]]
    return [[cell(value.item()) for value in row[:20]] for row in whole[:20]]
