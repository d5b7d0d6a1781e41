"""Markdown as a tree of plain values: no HTML is made of it, and HTML in it stays text.

["p", {}, ["Accuracy is ", ["strong", {}, ["0.97"]]]]

A page builds elements of it, of these tags and attributes alone; links lead to where a link may, or are text.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

Node: TypeAlias = str | list[Any]
LARGEST = 1024 * 1024  # characters
FILLED = 200  # cells of a table that may be filled in
NEWLINE = re.compile(r"\r\n?|\n")
TAGS = {
    "paragraph": "p", "bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "blockquote": "blockquote", "hr": "hr",
    "table": "table", "thead": "thead", "tbody": "tbody", "tr": "tr", "th": "th", "td": "td", "em": "em", "strong": "strong",
    "s": "s", "hardbreak": "br",
}  # fmt: skip
LINK = re.compile(r"(https?:|mailto:|#|(?![a-z][a-z0-9+.-]*:|//|\\))", re.IGNORECASE)


def marked(text: str, *, tables: bool = True) -> list[Node]:
    """The tree; of a text that is longer than anybody reads, its beginning."""
    from markdown_it.tree import SyntaxTreeNode  # noqa: PLC0415 - few requests need it

    beginning = text[:LARGEST]
    return _children(SyntaxTreeNode(_parser(tables=tables and _is_plain(beginning)).parse(beginning)))


@cache
def _parser(*, tables: bool) -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - as above

    rules = ["table", "strikethrough"] if tables else ["strikethrough"]
    return MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(rules)


def _is_plain(text: str) -> bool:
    """Whether no table can have many more cells than are written down: rows are filled up to the width of the first one."""
    for blank, group in groupby(NEWLINE.split(text), lambda line: not line.strip(" \t")):
        lines = list(group)
        widest = max(line.count("|") for line in lines) + 1
        if not blank and widest * len(lines) > sum(map(len, lines)) + FILLED:
            return False
    return True


def _children(node: "SyntaxTreeNode") -> list[Node]:
    return [made for child in node.children for made in _made(child)]


def _made(node: "SyntaxTreeNode") -> Iterator[Node]:
    match node.type:
        case "inline":
            yield from _children(node)
        case "text" | "html_block" | "html_inline":
            yield node.content
        case "softbreak":
            yield "\n"
        case "heading":
            yield [node.tag, {}, _children(node)]
        case "code_inline":
            yield ["code", {}, [node.content]]
        case "fence" | "code_block":
            yield ["pre", {"language": node.info.split(" ")[0]} if node.info else {}, [node.content]]
        case "link":
            yield _link(str(node.attrs.get("href", "")), _children(node))
        case "image":
            yield _image(str(node.attrs.get("src", "")), node.content)
        case known if known in TAGS:
            start = {"start": node.attrs["start"]} if "start" in node.attrs else {}
            yield [TAGS[known], start, _children(node)]
        case _:
            yield node.content


def _link(place: str, text: list[Node]) -> Node:
    return ["a", {"href": place}, text] if LINK.match(place) else ["span", {}, text]


def _image(place: str, text: str) -> Node:
    """Pictures of other hosts are links: a page of ours asks nobody else."""
    if place.lower().startswith(("http:", "https:")):
        return _link(place, [text or place])
    return ["img", {"src": place, "alt": text}, []] if LINK.match(place) else text
