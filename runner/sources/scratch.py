"""A repository for a moment: an index and objects of its own in a temporary directory, above the objects of others.

What is made in it leaves no trace in the repositories that it reads. It has none of their configuration, and its
attributes switch off all conversions: files are taken and written byte for byte, whatever the person, the repository
or Git LFS would make of them.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from runner.settings import Settings
from runner.sources.git import Git, environment
from runner.sources.names import quoted

_AS_THEY_ARE = "* -text -eol -filter -ident -working-tree-encoding !diff\n"
_SHA256 = "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n"
_SHA256_DIGITS = 64
_MODULE = "160000"
_MANY = 200
_PACKS_ALL = (2, 38)


class Scratch(Struct, frozen=True, kw_only=True):
    """The repository, with the tree as work tree.

    Git renews the time of an object that it is to write and finds elsewhere. So `writing`, with which objects are
    made, sees none of the others, and `git` all.
    """

    git: Git
    writing: Git

    def read(self, commit: str, path: str = "") -> None:
        """Add the files of a commit to the index, below `path`, where a link to the submodule may be."""
        if not path:
            self.git("read-tree", commit)
            return
        self.remove([path])
        self.git("read-tree", f"--prefix={path}/", commit)

    def add(self, paths: Iterable[str]) -> None:
        """Take files of the tree into the index, with mode, links as links."""
        names = [f"{quoted(path)}\n" for path in paths]
        if names:
            git = self._packing() if len(names) > _MANY else self.writing
            git("update-index", "--add", "--replace", "--stdin", input="".join(names))

    def _packing(self) -> Git:
        """Many files go into one pack, where git can do that: 10,000 objects of their own take five times as long."""
        version = re.findall(r"\d+", self.writing("version"))[:2]
        if tuple(map(int, version)) < _PACKS_ALL:
            return self.writing
        return self.writing.configured(("core.bigFileThreshold", "1"))

    def remove(self, paths: Iterable[str]) -> None:
        """Take files out of the index; those of the tree stay."""
        nothing = "0" * 40
        listing = "".join(f"0 {nothing}\t{quoted(path)}\n" for path in paths)
        if listing:
            self.writing("update-index", "--index-info", input=listing)

    def tree(self) -> str:
        """Id of the tree that the index holds now."""
        return self.writing("write-tree", "--missing-ok").strip()

    def since(self, tree: str) -> Iterator[tuple[str, str]]:
        """Mode (zeros where it is gone) and quoted name of what differs between `tree` and the index."""
        for line in self.git("diff-index", "--cached", "--no-renames", "--no-abbrev", tree).splitlines():
            facts, _, name = line.partition("\t")
            before, after = facts.removeprefix(":").split(" ")[:2]
            if not (before == _MODULE and after.strip("0") == ""):  # a directory, ours to leave
                yield after, name


@contextmanager
def scratch(
    tree: Path, *, objects: Iterable[Path], commit: str | None, settings: Settings
) -> Iterator[Scratch]:
    """A scratch repository until the block ends.

    Args:
        tree: its work tree.
        objects: directories of objects that it reads.
        commit: any of theirs; its length tells the kind of hash.
        settings: environment of git.
    """
    with TemporaryDirectory(prefix="runner-source-") as name:
        home = Path(name)
        for directory in ("objects", "refs", "info"):
            (home / directory).mkdir(parents=True)
        (home / "HEAD").write_text("ref: refs/heads/none\n")
        (home / "config").write_text(_SHA256 if len(commit or "") == _SHA256_DIGITS else "")
        (home / "info/attributes").write_text(_AS_THEY_ARE)
        environ = {**environment(settings, "file://"), "GIT_WORK_TREE": str(tree)}
        git = Git(url=str(tree), environ=environ, directory=home, working_copy=tree)
        git = git.configured(
            ("core.quotePath", "true"), ("core.sparseCheckout", "false"), ("core.looseCompression", "0")
        )
        others = ":".join(f'"{quoted(str(place)).strip(chr(34))}"' for place in objects)
        seeing = {**git.environ, "GIT_ALTERNATE_OBJECT_DIRECTORIES": others}
        yield Scratch(git=replace(git, environ=seeing), writing=git)
