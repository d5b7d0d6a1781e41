"""Whether anything of the code that runs must be kept with the run; for a commit that others have, nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import assert_never

from runner.settings import Settings
from runner.sources.model import (
    ArchiveSource,
    Capture,
    CapturedSource,
    Checkout,
    DirectorySource,
    GitSource,
    Source,
)


@contextmanager
def kept(source: Source, checkout: Checkout, *, settings: Settings) -> Iterator[Capture]:
    """What to keep of the code, before the program can change it; its files live as long as the block.

    Raises:
        SourceError: it cannot be found out.
    """
    match source:
        case CapturedSource():
            yield source.capture
        case GitSource():
            yield Capture()
        case ArchiveSource():
            # late: a clean working copy needs none of it
            yield import_module("runner.sources.capturing").zip_file(checkout, settings=settings)
        case DirectorySource() if _others_have(checkout):
            yield Capture()
        case DirectorySource():
            capturing = import_module("runner.sources.capturing")
            with capturing.captured(checkout, settings=settings) as capture:
                yield capture
        case _:
            assert_never(source)


def _others_have(checkout: Checkout) -> bool:
    """Whether the commit says everything, and the remote has it. The state of submodules is not known yet."""
    copy = checkout.working_copy
    return (
        copy is not None
        and copy.top is not None
        and copy.dirty is False
        and copy.pushed
        and not (copy.top / ".gitmodules").exists()
    )
