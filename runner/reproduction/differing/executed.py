"""What a command executes of a tree, as far as one can tell by reading: its script, and what that imports.

A judgement for the order of causes, no proof: a module that is found by its name at run time is not seen.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

_WORD = re.compile(r"[\w./+-]+")
_MODULE = re.compile(r"-m\s+([\w.]+)")
_PROGRAM = re.compile(r"(?:^|[;&|]\s*)(?:[\w./-]*/)?([\w-]+)")
_OTHERS = frozenset({".ipynb", ".jl", ".m", ".r", ".scala"})
_MOST_BYTES = 1 << 20  # of one file that is read
_MOST_FILES = 2000


@dataclass(slots=True)
class Executed:
    """Paths are relative to the top of the tree.

    Attributes:
        scripts: named in the command.
        files: those, and what they import.
        modules: top-level names of what they import and the tree does not hold: packages.
        texts: of the files.
    """

    scripts: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)

    def __or__(self, other: "Executed") -> "Executed":
        """What either executes."""
        return Executed(
            scripts=self.scripts | other.scripts,
            files=self.files | other.files,
            modules=self.modules | other.modules,
            texts=self.texts + other.texts,
        )

    def names(self, path: str) -> bool:
        """Whether one of the files names another one, as who reads it does."""
        name = re.compile(rf"(?<![\w.-]){re.escape(PurePosixPath(path).name)}(?![\w-])")
        return any(name.search(text) for text in self.texts)

    @property
    def python(self) -> bool:
        """Whether its code is Python, so that its imports say which packages it uses."""
        suffixes = {PurePosixPath(path).suffix.lower() for path in self.files}
        return ".py" in suffixes and not suffixes & _OTHERS


def executed(root: Path, *, home: Path, command: str) -> Executed:
    """What `command` executes in the directory `home` of the tree at `root`."""
    return _Reader(root, home).read(command)


class _Reader:
    """Follows imports from file to file."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root.resolve()
        self.home = home.resolve()
        self.found = Executed()
        self._waiting: list[Path] = []

    def read(self, command: str) -> Executed:
        self._called(command)
        self.found.modules |= set(_PROGRAM.findall(command))  # a program may be one of a package
        self.found.scripts |= {self._told(path) for path in self._waiting}
        while self._waiting and len(self.found.files) < _MOST_FILES:
            self._follow(self._waiting.pop())
        return self.found

    def _follow(self, path: Path) -> None:
        told = self._told(path)
        text = text_of(path)
        if told in self.found.files or text is None:
            return
        self.found.files.add(told)
        self.found.texts.append(text)
        if path.suffix in {"", ".sh", ".bash"}:
            self._called(text)
        if path.suffix in {"", ".py"}:
            for name, levels in _imports(text):
                base = path.parents[levels - 1] if 0 < levels <= len(path.parents) else path.parent
                self._import(name, base)

    def _called(self, command: str) -> None:
        """Files of which the name stands in a command, and modules that are run."""
        for word in _WORD.findall(command):
            self._take(self.home / word)
        for name in _MODULE.findall(command):
            self._import(name, self.home)
            self._import(f"{name}.__main__", self.home)

    def _import(self, name: str, base: Path) -> None:
        """A module beside the file that imports it, or from where Python looks first."""
        for place in (base, self.home, self.home / "src", self.root, self.root / "src"):
            if self._module(name, place):
                return
        if name:
            self.found.modules.add(name.partition(".")[0])

    def _module(self, name: str, place: Path) -> bool:
        parts = name.split(".") if name else []
        packages = [
            place.joinpath(*parts[:length], "__init__.py") for length in range(bool(parts), len(parts) + 1)
        ]
        module = place.joinpath(*parts).with_suffix(".py") if parts else place / "__init__.py"
        hits = [path for path in (*packages, module) if self._take(path)]
        return bool(hits) or (bool(parts) and place.joinpath(*parts).is_dir())

    def _take(self, path: Path) -> bool:
        try:
            inside = path.is_file() and path.resolve().is_relative_to(self.root)
        except (OSError, ValueError):  # a name that is too long, a loop of links
            return False
        if inside:
            self._waiting.append(path.resolve())
        return inside

    def _told(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _imports(text: str) -> Iterator[tuple[str, int]]:
    """Names of modules, and how many dots stand in front of them."""
    tree = parsed(text)
    for node in ast.walk(tree) if tree else ():
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, 0) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield module or "", level
                yield from ((f"{module}.{alias.name}" if module else alias.name, level) for alias in names)
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _is_import(node.func):
                yield name.lstrip("."), 0


def _is_import(function: ast.expr) -> bool:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in {"import_module", "__import__"}
        case _:
            return False


def parsed(text: str) -> ast.Module | None:
    """Python code as a tree; None for what is none."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def text_of(path: Path) -> str | None:
    """A text file of bearable size; None for anything else."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
