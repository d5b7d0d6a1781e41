"""Conda environment files. One that asks conda only for python and pip is an ordinary Python environment."""

import re
from pathlib import PurePosixPath

from runner.project.document import Items, Node, Scalar, Table
from runner.project.model import CondaEnv, Notice, PythonEnv
from runner.project.reading import check_keys, refused, texts_of

KEYS = ("name", "channels", "dependencies", "prefix", "variables")
LICENSED_CHANNELS = re.compile(r"defaults|main|r|anaconda|https?://repo\.anaconda\.com(/.*)?")
PACKAGE = re.compile(r"(?:[\w./:-]+::)?(?P<name>[\w.-]+)\s*(?P<spec>[^\[]*)")
PIP_PATH = re.compile(r"(-r|--requirement|-c|--constraint|-e|--editable)([ =])\s*(?![\w+.-]+://|git\+)(.+)")
PIP_ITSELF = frozenset({"pip"})
BUILD_TOOLS = frozenset({"setuptools", "wheel"})


def read_conda(root: Node | None, *, file: str, text: str, notices: list[Notice]) -> CondaEnv:
    """Read a conda environment file.

    Args:
        root: its content.
        file: its name relative to the project directory.
        text: the text, kept as it is.
        notices: gets what is odd.

    Raises:
        ProjectError: a part has the wrong shape.
    """
    match root:
        case None | Scalar(value=None):
            return CondaEnv(file=file, text=text, simple=PythonEnv(file=file))
        case Table() as table:
            check_keys(table, KEYS, notices, place="the conda environment")
        case node:
            raise refused(f"a conda environment is a mapping with dependencies, not {node}", node)
    packages, requirements = _dependencies(table)
    conda_only, python, tools = _sorted_out(packages, notices)
    if conda_only:
        _note_channels(table, notices)
    if (variables := table.entries.get("variables")) and table.get("variables"):
        notices.append(Notice("'variables' of a conda environment are not set", variables.where))
    folder = PurePosixPath(file).parent
    simple = PythonEnv(
        file=file,
        python=python,
        requirements=(*tools, *(_below(folder, requirement) for requirement in requirements)),
    )
    return CondaEnv(file=file, text=text, simple=None if conda_only else simple, conda_packages=conda_only)


def _dependencies(table: Table) -> tuple[list[Scalar], list[str]]:
    """Conda packages, and the lines for pip."""
    packages: list[Scalar] = []
    requirements: list[str] = []
    match table.get("dependencies"):
        case None:
            items: tuple[Node, ...] = ()
        case Items(values=items):
            pass
        case node:
            raise refused(f"'dependencies' must be a list, not {node}", node)
    for item in items:
        match item:
            case Scalar(value=str()):
                packages.append(item)
            case Table(entries=entries) if set(entries) == {"pip"}:
                requirements += texts_of(item, "pip", what="'pip'")
            case _:
                raise refused(
                    f"a dependency is a text or `pip: [...]`; this is {item}", item, hint="put it in quotes"
                )
    return packages, requirements


def _sorted_out(
    packages: list[Scalar], notices: list[Notice]
) -> tuple[tuple[str, ...], str | None, list[str]]:
    """What only conda can supply, the version of Python, and requirements for build tools."""
    conda_only: list[str] = []
    tools: list[str] = []
    python: str | None = None
    for package in packages:
        hit = PACKAGE.fullmatch(package.text.strip())
        name = hit["name"].lower() if hit else ""
        version = _version(hit["spec"]) if hit else None
        if name in PIP_ITSELF:
            continue
        if version is None or name not in {"python", *BUILD_TOOLS}:
            conda_only.append(package.text)
            _note_build_string(package, notices)
        elif name == "python":
            python = version.removeprefix("==").removesuffix(".*") or None
            _note_build_string(package, notices)
        else:
            tools.append(name + version)
    return tuple(conda_only), python, tools


def _version(spec: str) -> str | None:
    """A conda version as pip writes it: `=3.8` is ==3.8.*, `==3.8.1` stays; None for what pip cannot say.

    >>> _version("=3.8"), _version("==3.8.1"), _version(">=3.6,<4"), _version("=3.8.5=h1_0"), _version("3.8|3.9")
    ('==3.8.*', '==3.8.1', '>=3.6,<4', '==3.8.5', None)
    """
    spec = spec.replace(" ", "")
    if not spec:
        return ""
    if hit := re.fullmatch(r"=?([0-9][0-9.]*)(\.?\*)?", spec):
        return f"=={hit[1].rstrip('.')}.*"
    if hit := re.fullmatch(r"=?=?([0-9][0-9.]*)=[\w.]+", spec):  # with a build string
        return f"=={hit[1]}"
    if re.fullmatch(
        r"(?:[<>]=?|[=!~]=)[0-9][0-9.]*(?:\.\*)?(?:,(?:[<>]=?|[=!~]=)[0-9][0-9.]*(?:\.\*)?)*", spec
    ):
        return spec
    return None


def _below(folder: PurePosixPath, requirement: str) -> str:
    """Paths in a pip section are relative to the conda file; ours are relative to the project directory."""
    if folder == PurePosixPath() or not (hit := PIP_PATH.fullmatch(requirement)):
        return requirement
    return f"{hit[1]}{hit[2]}{folder / hit[3]}"


def _note_build_string(package: Scalar, notices: list[Notice]) -> None:
    if re.fullmatch(r"[^=<>\s]+=[^=]+=[^=]+", package.text):
        message = f"{package.text!r} names a build, which exists on one platform only"
        notices.append(Notice(message, package.where, f"write {package.text.rpartition('=')[0]}"))


def _note_channels(table: Table, notices: list[Notice]) -> None:
    match table.get("channels"):
        case Items(values=channels):
            pass
        case _:
            return
    for channel in channels:
        if isinstance(channel, Scalar) and LICENSED_CHANNELS.fullmatch(channel.text):
            message = f"channel {channel.text!r} is free of charge for small organisations only"
            notices.append(Notice(message, channel.where, "use conda-forge"))
