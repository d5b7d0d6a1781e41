"""YAML text as located values, see document.py.

Composed from libyaml's events rather than by its own composer, which recurses in C and can be made to crash with a
file of brackets; so nesting and aliases have bounds here. The meaning of scalars is YAML 1.1 as PyYAML reads it.
"""

from pathlib import Path
from typing import Any

import yaml

from runner.errors import Location, ProjectError
from runner.project.defects import template_in, yaml_failure
from runner.project.document import Document, Entry, Items, Node, Scalar, Table
from runner.project.model import Notice

DEEPEST_NESTING = 100
MOST_NODES = 50_000  # each alias counts as all that it stands for

STRING, MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
COLLECTIONS = {None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str, path: Path, *, most_nodes: int = MOST_NODES) -> Document:
    """What a text says; `path` is for messages.

    Raises:
        ProjectError: it is not YAML, is a template, or holds too many values.
    """
    try:
        composer = _Composer(text, path, most_nodes)
        root = composer.document()
    except yaml.YAMLError as error:
        raise template_in(text, path) or yaml_failure(error, text, path) from error
    except ProjectError as error:
        raise template_in(text, path) or error from None
    if "cookiecutter" in text and (template := template_in(text, path, loaded=True)):
        raise template
    return Document(root, text, tuple(composer.notices))


class _Composer:
    """Builds nodes from events; `notices` gathers what is odd (duplicate keys) on the way."""

    def __init__(self, text: str, path: Path, most_nodes: int) -> None:
        self.path = path
        self.most_nodes = most_nodes
        self.notices: list[Notice] = []
        self._loader = Loader(text)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open_anchors: set[str] = set()
        self._nodes = 0

    def document(self) -> Node | None:
        """Compose the only document."""
        self._next()  # start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        root = self._node(self._next(), depth=0)
        self._next()  # end of the document
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            raise ProjectError(
                "a second YAML document starts here",
                where=self._where(event),
                hint="keep one document: remove the `---` line",
            )
        return root

    def _next(self) -> Any:
        return self._loader.get_event()

    def _where(self, event: Any) -> Location:
        mark = event.start_mark
        return Location(self.path, mark.line + 1, mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        if depth > DEEPEST_NESTING:
            raise ProjectError(f"nested more than {DEEPEST_NESTING} deep", where=self._where(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._nodes
        self._count(1, event)
        anchor = event.anchor
        if anchor is not None:
            self._open_anchors.add(anchor)
        node = self._composed(event, depth)
        if anchor is not None:
            self._open_anchors.discard(anchor)
            self._anchors[anchor] = (node, self._nodes - before)
        return node

    def _composed(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if event.tag not in COLLECTIONS:
            raise ProjectError(f"unknown YAML tag {event.tag!r}", where=self._where(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(event, depth)
        return self._table(event, depth)

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > self.most_nodes:
            raise ProjectError(
                f"more than {self.most_nodes} values once its aliases are expanded",
                where=self._where(event),
                hint="write the values out instead of repeating them by `*alias`",
            )

    def _alias(self, event: Any) -> Node:
        if event.anchor in self._open_anchors:
            raise ProjectError(f"alias '*{event.anchor}' contains itself", where=self._where(event))
        if event.anchor not in self._anchors:
            raise ProjectError(
                f"alias '*{event.anchor}' names no anchor",
                where=self._where(event),
                hint="put a text that starts with `*` in quotes",
            )
        node, size = self._anchors[event.anchor]
        self._count(size, event)
        return node

    def _scalar(self, event: Any) -> Scalar:
        tag, text = event.tag, event.value
        if tag is None or tag == "!":
            tag = self._loader.resolve(yaml.ScalarNode, text, event.implicit)
        where = self._where(event)
        if tag in {STRING, MERGE}:
            return Scalar(text, text, where)
        node = yaml.ScalarNode(tag, text, event.start_mark, event.end_mark, event.style)
        try:
            return Scalar(self._loader.construct_object(node), text, where)
        except yaml.constructor.ConstructorError as error:
            problem = f"unknown YAML tag {tag!r}" if event.tag else f"{text!r} has no meaning in YAML"
            raise ProjectError(problem, where=where, hint="put the text in quotes") from error
        except (ValueError, KeyError, IndexError, OverflowError) as error:
            problem = f"YAML takes {text!r} for a {tag.rpartition(':')[2]}, and it is none"
            raise ProjectError(problem, where=where, hint="put the text in quotes") from error

    def _items(self, start: Any, depth: int) -> Items:
        values = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            values.append(self._node(event, depth + 1))
        return Items(tuple(values), self._where(start))

    def _table(self, start: Any, depth: int) -> Table:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            is_merge = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if is_merge:
                merged |= _merged(value)
                continue
            entry = self._entry(key, value)
            if previous := own.get(entry.key):
                self._duplicate(entry, previous)
            own[entry.key] = entry
        return Table(merged | own, self._where(start))

    def _entry(self, key: Node, value: Node) -> Entry:
        if not isinstance(key, Scalar):
            raise ProjectError(
                f"a key must be a text, not {key}",
                where=key.where,
                hint="put a value that starts with `{` or `[` in quotes",
            )
        name = str(key.value)
        if not isinstance(key.value, str) and name != key.text:
            self.notices.append(
                Notice(f"YAML reads the key {key.text!r} as {name}", key.where, "put it in quotes")
            )
        return Entry(name, key.where, value, key.value)

    def _duplicate(self, entry: Entry, previous: Entry) -> None:
        message = f"key {entry.key!r} again: it replaces the one in line {previous.where.line}"
        self.notices.append(Notice(message, entry.where, "remove one of them"))


def _merged(value: Node) -> dict[str, Entry]:
    """Entries of `<<: *base` or `<<: [*first, *second]`, where the first wins."""
    match value:
        case Table(entries=entries):
            return dict(entries)
        case Items(values=values) if all(isinstance(item, Table) for item in values):
            entries = {}
            for item in reversed(values):
                entries |= _merged(item)
            return entries
        case _:
            raise ProjectError(
                f"`<<` merges mappings, not {value}", where=value.where, hint="write `<<: *anchor`"
            )
