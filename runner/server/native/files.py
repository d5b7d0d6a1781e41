"""An artifact as a file: one can seek in it, wherever it lies."""

import io
import stat
from typing import IO, cast

from runner.errors import NotFound
from runner.tracking.artifacts import Artifacts, contained, safe


def opened(artifacts: Artifacts, path: str) -> io.BufferedReader:
    """For the block of a `with`.

    Raises:
        NotFound: there is no such file; a pipe or a device is none.
    """
    if artifacts.directory is None:
        return io.BufferedReader(_Object(artifacts, path), 1 << 20)
    place = contained(artifacts.directory, safe(path))
    try:
        if not stat.S_ISREG(place.stat().st_mode):
            raise NotFound(f"{path!r} is no file")
        return place.open("rb")
    except OSError as error:
        raise NotFound(f"there is no artifact {path!r}") from error


def size_of(file: IO[bytes]) -> int:
    """Bytes of an open file, which is then at its beginning."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return size


class _Object(io.RawIOBase):
    """What is in an object store."""

    def __init__(self, artifacts: Artifacts, path: str) -> None:
        self._reader = artifacts.reader(path)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        target = cast("memoryview", buffer)
        found = bytes(self._reader.read(len(target)))
        target[: len(found)] = found
        return len(found)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._reader.seek(offset, whence)

    def tell(self) -> int:
        return self._reader.tell()
