"""What a program wrote into its container, brought out of it: where the project is in the image, nothing is mounted."""

import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from runner.containers import trouble
from runner.containers.running import Container

DELETED = 2  # kind of a change, as the engine tells it


def bring(container: Container, place: str, directory: Path) -> None:
    """Copy the files below `place` that are new or changed since the image into a directory of ours. No links, and none is followed.

    Raises:
        EnvironmentFailed: the engine does not hand them out.
    """
    api = container.engine.client.api
    with trouble.explained("what the program wrote cannot be had"):
        changes = [change["Path"] for change in api.diff(container.id) or () if change["Kind"] != DELETED]
        written = {path.removeprefix(f"{place}/") for path in changes if path.startswith(f"{place}/")}
        if not written:
            return
        with tempfile.TemporaryFile() as spool:
            for piece in api.get_archive(container.id, f"{place}/.")[0]:
                spool.write(piece)
            spool.seek(0)
            with tarfile.open(fileobj=spool) as archive:
                _unpack(archive, written, directory)


def _unpack(archive: tarfile.TarFile, written: set[str], directory: Path) -> None:
    for member in archive:
        path = PurePosixPath(member.name)
        content = archive.extractfile(member) if member.isreg() else None
        if content is None or str(path) not in written or path.is_absolute() or ".." in path.parts:
            continue
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)
