"""What a bundle holds beside the record, so that another machine needs nothing else: data, packages, environment, code.

What cannot be packed is told, and the bundle is written without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from runner.bundles import inputs
from runner.bundles.layout import CODE, ENVIRONMENT, KeptCode, KeptInput, KeptPackage
from runner.errors import RunnerError
from runner.progress import Phase
from runner.records.model import Recorded
from runner.settings import Settings

INPUT_LIMIT = 100 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be packed along.

    Attributes:
        input_limit: bytes up to which an input is packed, and not only named; None for all, wherever they are.
        packages: every package of the lock, for a machine like this one.
        environment: the finished environment.
        code: the tree that ran.
    """

    input_limit: int | None = INPUT_LIMIT
    packages: bool = False
    environment: bool = False
    code: bool = False


EVERYTHING = Wanted(input_limit=None, packages=True, environment=True, code=True)


@dataclass(slots=True)
class Packed:
    """What there is to pack: member -> file on this machine; and what there is not, one sentence each."""

    files: dict[str, Path] = field(default_factory=dict)
    inputs: Mapping[str, KeptInput] = field(default_factory=dict)
    packages: tuple[KeptPackage, ...] = ()
    environment: Literal["environment.zip"] | None = None
    code: KeptCode | None = None
    missing: tuple[str, ...] = ()


def gather(recorded: Recorded, scratch: Path, wanted: Wanted, *, settings: Settings, phase: Phase) -> Packed:
    """Fetch and make what is wanted; `scratch` is an empty directory for it."""
    packed = Packed()
    kept = inputs.Inputs(recorded, settings, phase)
    packed.inputs, files = kept.gathered(limit=wanted.input_limit)
    packed.files |= files
    packed.missing += tuple(kept.missing)
    if recorded.plan.environment.kind == "system" and (wanted.packages or wanted.environment):
        packed.missing += ("packages are not packed: the run had the environment of its caller",)
        wanted = replace(wanted, packages=False, environment=False)
    if wanted.packages:
        found = _late("packages").gathered(recorded.lock, settings=settings, phase=phase)
        packed.files |= {file.member: file.path for file in found.files}
        packed.packages = tuple(KeptPackage(file=file.member, hash=file.hash) for file in found.files)
        packed.missing += found.missing
    if wanted.environment:
        _environment(packed, recorded, scratch, settings, phase)
    if wanted.code:
        _code(packed, recorded, scratch, settings, phase)
    return packed


def _environment(packed: Packed, recorded: Recorded, scratch: Path, settings: Settings, phase: Phase) -> None:
    key = recorded.facts("environment").get("key")
    if not isinstance(key, str):
        packed.missing += ("the environment is not packed: the run had none of its own",)
        return
    try:
        phase.update("packing the environment")
        entry = import_module("runner.environments.kept.listing").entry(settings, key)
        pack = import_module("runner.environments.moving.packing").pack
        pack(entry, recorded.lock, scratch / ENVIRONMENT, settings=settings, phase=phase)
    except RunnerError as error:
        packed.missing += (f"the environment is not packed: {error}",)
        return
    packed.files[ENVIRONMENT], packed.environment = scratch / ENVIRONMENT, ENVIRONMENT


def _code(packed: Packed, recorded: Recorded, scratch: Path, settings: Settings, phase: Phase) -> None:
    try:
        subdirectory = _late("trees").pack(recorded, scratch / CODE, settings=settings, phase=phase)
    except RunnerError as error:
        packed.missing += (f"the code is not packed: {error}",)
        return
    packed.files[CODE], packed.code = scratch / CODE, KeptCode(file=CODE, subdirectory=subdirectory)


def _late(name: str) -> Any:
    """A module of ours that few bundles need, and which needs much itself."""
    return import_module(f"runner.bundles.{name}")
