"""Our ES modules, joined into few files when somebody first asks for one: a page takes three of them instead of fifty.

pages/runs.js    the module of a page, with all that no other page needs
charts.js        charts of several pages
lib.js           all else that several pages need; with it comes what is around every page

There is no build and no bundler; sources stay what they are. In a joined file each module is a function that is called once, after
those that it imports, and what it exports is held by a constant:

    import { $lib_state } from "../lib.js";
    // pages/runs/view.js
    const $pages_runs_view = (() => {
    const { query, show } = $lib_state;
    ...
    return { read, write };
    })();

The module of the page is the last one and stands in a block without a function: it may wait, and no other sees its names.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from runner.server.ui.modules import Import, Later, NotOurs, Piece, read

SHELL = "lib/shell.js"
LIB, CHARTS = "lib.js", "charts.js"
ALONE = frozenset({"lib/theme.js", "lib/stream-worker.js"})  # a script that comes first, and a worker
PAGE = re.compile(r"pages/\w+\.js")


class Joining:
    """The modules of a directory, and the files into which they are joined.

    Raises:
        NotOurs: a module is written in a way that cannot be joined.
    """

    def __init__(self, directory: Path) -> None:
        paths = {file.relative_to(directory).as_posix(): file for file in sorted(directory.rglob("*.js"))}
        self._modules = {
            path: read(path, file.read_text()) for path, file in paths.items() if path not in ALONE
        }
        self._pages = [path for path in self._modules if PAGE.fullmatch(path)]
        self._ordered = self._in_order(SHELL, *self._pages)
        self._places = dict(zip(self._ordered, self._placed(), strict=True))
        self._check()

    @property
    def files(self) -> frozenset[str]:
        """Paths of the joined files."""
        return frozenset(self._places.values())

    def needed(self, file: str) -> Sequence[str]:
        """The other files that one takes at once."""
        found = {
            self._places[_resolved(path, each.path)]
            for path in self._within(file)
            for each in self._modules[path].imports
        }
        return sorted((found | ({LIB} if file in self._pages else set())) - {file}, reverse=True)

    def text(self, file: str) -> str:
        """What is in a joined file."""
        within = self._within(file)
        parts = [self._import(file, other) for other in self.needed(file)]
        parts += [self._scope(file, path) for path in within if path not in self._pages]
        if file in self._pages:
            parts.append(f"// {file}\n{{\n{self._code(file, file)}\n}}")
        else:
            parts.append(f"export {_braced(map(_held, within))};")
        return "\n".join([*parts, ""])

    # where modules go -------------------------------------------------------------------------------------

    def _in_order(self, *first: str) -> Sequence[str]:
        """These and all that they need, each after what it needs itself."""
        found: dict[str, None] = {}

        def visit(path: str, way: tuple[str, ...]) -> None:
            if path in way:
                raise NotOurs(f"modules that need each other: {' -> '.join((*way[way.index(path) :], path))}")
            if path not in found:
                for other in self._others(path):
                    visit(other, (*way, path))
                found[path] = None

        for path in first:
            visit(path, ())
        return list(found)

    def _others(self, path: str) -> Iterator[str]:
        """What a module imports, at once or later."""
        module = self._modules[path]
        later = [piece.path for piece in module.code if isinstance(piece, Later)]
        for other in (_resolved(path, way) for way in (*(each.path for each in module.imports), *later)):
            if other not in self._modules:
                raise NotOurs(f"{path}: there is no module {other} to import")
            if other in self._pages:
                raise NotOurs(f"{path}: {other} is the module of a page, which no other imports")
            yield other

    def _placed(self) -> Iterator[str]:
        """The file of each module."""
        around = set(self._in_order(SHELL))
        needs = {page: set(self._in_order(page)) for page in self._pages}
        for path in self._ordered:
            users = [page for page in self._pages if path in needs[page]]
            if len(users) == 1 and path not in around:
                yield users[0]
            else:
                yield CHARTS if path.startswith("charts/") else LIB

    def _within(self, file: str) -> Sequence[str]:
        return [path for path in self._ordered if self._places[path] == file]

    # what is wrong ----------------------------------------------------------------------------------------

    def _check(self) -> None:
        for path in self._ordered:
            if self._modules[path].waits and path not in self._pages:
                raise NotOurs(f"{path}: only the module of a page may wait")
            for each in self._modules[path].imports:
                self._check_names(path, each)
        for file, allowed in ((LIB, set[str]()), (CHARTS, {LIB})):
            if further := set(self.needed(file)) - allowed:
                raise NotOurs(f"{file} would need {', '.join(further)}, and the other way round")

    def _check_names(self, path: str, imported: Import) -> None:
        other = _resolved(path, imported.path)
        if missing := set(imported.names) - set(self._modules[other].exports):
            raise NotOurs(f"{path}: {other} exports no {', '.join(sorted(missing))}")

    # what is written --------------------------------------------------------------------------------------

    def _import(self, file: str, other: str) -> str:
        used = {
            _held(target)
            for path in self._within(file)
            for each in self._modules[path].imports
            if self._places[target := _resolved(path, each.path)] == other
        }
        return f'import {_braced(sorted(used))} from "{_relative(file, other)}";'

    def _scope(self, file: str, path: str) -> str:
        exports = _braced(self._modules[path].exports)
        return (
            f"// {path}\nconst {_held(path)} = (() => {{\n{self._code(file, path)}\nreturn {exports};\n}})();"
        )

    def _code(self, file: str, path: str) -> str:
        module = self._modules[path]
        imports = [_taken(each, _held(_resolved(path, each.path))) for each in module.imports]
        rest = "".join(
            each if isinstance(each, str) else self._written(file, path, each) for each in module.code
        )
        return "\n".join([*imports, rest.strip()])

    def _written(self, file: str, path: str, piece: Piece) -> str:
        if not isinstance(piece, Later):
            return f'new URL("{_relative(file, path)}", import.meta.url)'
        other = _resolved(path, piece.path)
        if self._places[other] == file:
            return f"Promise.resolve({_held(other)})"
        return f'import("{_relative(file, self._places[other])}").then((file) => file.{_held(other)})'


def _held(path: str) -> str:
    """The constant that holds what a module exports."""
    return "$" + re.sub(r"\W", "_", path.removesuffix(".js"))


def _taken(imported: Import, held: str) -> str:
    names = [theirs if theirs == ours else f"{theirs}: {ours}" for theirs, ours in imported.names.items()]
    return f"const {imported.whole or _braced(names)} = {held};"


def _braced(names: Iterable[str]) -> str:
    return f"{{ {', '.join(names)} }}"


def _resolved(path: str, other: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))


def _relative(file: str, other: str) -> str:
    way = posixpath.relpath(other, posixpath.dirname(file) or ".")
    return way if way.startswith("../") else f"./{way}"
