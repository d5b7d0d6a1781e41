"""Conda environment files. One that asks conda only for python and pip is an ordinary Python environment."""

import re
from pathlib import PurePosixPath

from runner.errors import ProjectError
from runner.project.document import Entry, Items, Node, Scalar, Table
from runner.project.model import CondaEnv, Notice, PythonEnv
from runner.project.reading import check_keys, items_of, refused, text_of, texts_of, without_nul

KEYS = ("name", "channels", "dependencies", "prefix", "variables")
LICENSED_CHANNELS = re.compile(r"defaults|main|r|anaconda|https?://repo\.anaconda\.com(/.*)?")
PACKAGE = re.compile(r"(?:\S+::)?(?P<name>[\w.-]+)\s*(?P<spec>[^\[]*)")
PIP_PATH = re.compile(
    r"(?P<option>-r|--requirement|-c|--constraint|-e|--editable)(?P<between>[ =]|)\s*(?![\w+.-]+://|git\+)(?P<path>.+)"
    r"|(?P<name>[\w.\-\[\], ]+@\s*(?:file:)?)?(?P<local>\.{1,2}(?:/.*)?)"
)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
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
    packages, lines = _dependencies(table, notices)
    folder = PurePosixPath(file).parent
    pip = tuple(_below(folder, line) for line in lines)
    conda_only, python, tools = _sorted_out(packages, notices)
    channels = _channels(table, notices, used=bool(conda_only))
    variables = _variables(table)
    simple = PythonEnv(file=file, python=python, requirements=(*tools, *pip), variables=variables)
    return CondaEnv(
        file=file,
        text=text,
        name=_name(table),
        channels=channels,
        packages=_with_pip([package.text.strip() for package in packages], pip),
        pip=pip,
        variables=variables,
        python=python,
        simple=None if conda_only else simple,
        conda_packages=conda_only,
    )


def _name(table: Table) -> str | None:
    """It goes into CONDA_DEFAULT_ENV."""
    name = text_of(table, "name", what="'name'")
    return without_nul(name, table.get("name") or table, what="'name'") if name else name


def _dependencies(table: Table, notices: list[Notice]) -> tuple[list[Scalar], list[str]]:
    """Conda packages, and the lines for pip."""
    packages: list[Scalar] = []
    requirements: list[str] = []
    for item in items_of(table, "dependencies", what="'dependencies'"):
        match item:
            case Scalar(value=str(text)) if text.strip():
                packages.append(_package(item))
            case Table(entries=entries) if set(entries) == {"pip"}:
                if requirements:
                    message = "'pip' again: conda takes the last list only; here both are taken"
                    notices.append(Notice(message, entries["pip"].where, "make one list of them"))
                requirements += _pip_lines(item)
            case _:
                raise refused(
                    f"a dependency is a text or `pip: [...]`; this is {item}", item, hint=_instead(item)
                )
    return packages, requirements


def _package(item: Scalar) -> Scalar:
    if CONTROL.search(item.text):
        raise refused("a package's name and version are one line", item)
    return item


def _pip_lines(table: Table) -> list[str]:
    texts = texts_of(table, "pip", what="'pip'")
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def _instead(item: Node) -> str:
    """What was probably meant by something that is no dependency."""
    match item:
        case Items():
            return "write each package as an item of its own, without a list in the list"
        case Table(entries=entries) if len(entries) == 1:
            (entry,) = entries.values()
            if isinstance(entry.value, Scalar) and entry.value.value is not None:
                return f"write `{entry.key}={entry.value.text}`"
    return "put it in quotes"


def _with_pip(packages: list[str], pip: tuple[str, ...]) -> tuple[str, ...]:
    """The packages, with pip where only its list names it: conda adds it, too, and with it a Python."""
    named = {hit["name"].lower() for text in packages if (hit := PACKAGE.match(text))}
    return (*packages, "pip") if pip and "pip" not in named else tuple(packages)


def _variables(table: Table) -> dict[str, str]:
    match table.get("variables"):
        case None:
            return {}
        case Table() as variables:
            return {entry.key: _value(entry) for entry in variables}
        case node:
            raise refused(
                f"'variables' must be a mapping, not {node}", node, hint="write `variables: {NAME: value}`"
            )


def _value(entry: Entry) -> str:
    if not VARIABLE.fullmatch(entry.key):
        raise ProjectError(f"{entry.key!r} is no name of a variable", where=entry.where)
    if entry.key == "PATH":
        raise ProjectError(
            "a PATH of its own would hide the programs of the environment",
            where=entry.where,
            hint="leave it out: the environment's programs come first, then those of the caller",
        )
    match entry.value:
        case Scalar(value=None):
            return ""
        case Scalar(text=text):
            return without_nul(text, entry.value, what="a variable")
        case node:
            raise refused(f"a variable's value is a text, not {node}", node)


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
            conda_only.append(package.text.strip())
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
    if hit["option"]:
        return f"{hit['option']}{hit['between'] or ' '}{folder / hit['path']}"
    return f"{hit['name'] or ''}./{folder / hit['local']}"


def _note_build_string(package: Scalar, notices: list[Notice]) -> None:
    spec = package.text.rpartition("::")[2]  # a channel in front may hold a password
    if re.fullmatch(r"[^=<>\s]+=[^=]+=[^=]+", spec):
        message = f"{spec!r} names a build, which exists on one platform only"
        notices.append(Notice(message, package.where, f"write {spec.rpartition('=')[0]}"))


def _channels(table: Table, notices: list[Notice], *, used: bool) -> tuple[str, ...]:
    """The channels as written; what is odd about them matters where packages come from them."""
    channels = [_channel(node) for node in items_of(table, "channels", what="'channels'")]
    for channel in channels if used else ():
        if LICENSED_CHANNELS.fullmatch(channel.text):
            message = f"channel {channel.text!r} is free of charge for small organisations only"
            notices.append(Notice(message, channel.where, "use conda-forge"))
    return tuple(channel.text.strip() for channel in channels)


def _channel(node: Node) -> Scalar:
    match node:
        case Scalar(value=str(text)) if text.strip() and not CONTROL.search(text):
            return node
        case _:
            raise refused(
                f"a channel is a name or a URL, not {node}", node, hint="write `channels: [conda-forge]`"
            )
