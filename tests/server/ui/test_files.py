"""How pages are delivered: modules joined into few files, which browsers keep for ever."""

import gzip
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from runner.server.ui.files import DIRECTORY
from runner.server.ui.joining import Joining
from runner.server.ui.modules import NotOurs
from runner.server.ui.pages import PAGES
from tests.server.ui.conftest import Seeded
from tests.services.browser import Watch, settled, watched

SHELL = {"lib/shell.js": "export const around = 1;\n"}
BACK = 'import * as x from "./x.js";\nexport const y = x;\n'
# All that is joined, in a page that writes down what it finds.
TRICKY = {
    **SHELL,
    "lib/state.js": """// What several pages share is there once.
/** @type {import("./none.js").None} an import that is none */
const seen = [];
export function note(text) { seen.push(text); } // `export let` is no export in a comment
export const notes = () => seen.join(";");
export const own = new URL("./x.txt", import.meta.url).pathname;
""",
    "lib/words.js": """import { note as noted } from "./state.js";
import * as state from "./state.js";
export class Words { /* `*/ static all = ['// no comment', "it's", `/* none */ ${[1, 2].map((n) => `<${n} // ${"}"}>`).join("")}`]; }
export async function later() { return (await import("./late.js")).late(8) / 2; }
export const cut = (text) => text.replace(/[/"'`]|\\/\\//g, "-");
const hidden = 6 / 2 / 3;
noted(`words ${hidden} ${state.notes()}`);
""",
    "lib/late.js": """import { note } from "./state.js";
note("late");
export const late = (value) => value;
""",
    "charts/line.js": 'import { note } from "../lib/state.js";\nnote("line");\nexport const line = "a line";\n',
    "pages/one/part.js": 'import { note } from "../../lib/state.js";\nnote("part");\nexport const notes = "its own";\n',
    "pages/one/back.js": "export const back = typeof history.back;\n",
    "pages/one.js": """import { line } from "../charts/line.js";
import { back } from "./one/back.js";
import { notes, own } from "../lib/state.js";
import { Words, cut, later } from "../lib/words.js";
import { notes as other } from "./one/part.js";

const half = await later();
const history = [shown()];
document.title = JSON.stringify([half, Words.all, cut("a/b//c'"), notes(), other, line, own, later.name, back, history]);
function shown() { return "hoisted"; }
""",
    "pages/two.js": 'import { line } from "../charts/line.js";\nimport { cut } from "../lib/words.js";\ncut(line);\n',
}


@pytest.mark.parametrize("page_name", sorted({module for module, _ in PAGES.values()}))
def test_each_module_is_in_one_of_the_files_that_a_page_takes_and_no_page_takes_more_than_three(
    page_name: str,
) -> None:
    joining = Joining(DIRECTORY)
    file = f"pages/{page_name}.js"

    files = [*joining.needed(file), file]

    modules = [
        found for each in files for found in re.findall(r"^// (\S+\.js)$", joining.text(each), re.MULTILINE)
    ]
    assert len(files) <= 3
    assert len(set(modules)) == len(modules) > 10
    assert {"lib/shell.js", "lib/dom.js", file} <= set(modules)


def test_a_first_visit_takes_few_requests_all_scripts_together_and_little_data(page: Page) -> None:
    asked: list[str] = []
    sizes: list[int] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", 0))))
    page.goto("/runs")
    settled(page)

    told = page.locator("link[rel=modulepreload]").evaluate_all("links => links.map(link => link.href)")
    scripts = [url for url in asked if url.endswith(".js")]
    alone = {"theme.js", "stream-worker.js"}
    assert sorted(url for url in scripts if url.rpartition("/")[2] not in alone) == sorted(told)
    assert len(asked) <= 15
    assert sum(sizes) < 100_000


def test_files_are_kept_for_ever_and_come_compressed_to_those_who_say_that_they_can_take_it(
    seeded: Seeded,
) -> None:
    path = _told(seeded)[-1]

    plain, headers = _got(seeded.uri + path, {})
    compressed, compressed_headers = _got(seeded.uri + path, {"Accept-Encoding": "gzip, br"})

    assert "immutable" in headers["Cache-Control"]
    assert headers["Content-Type"].startswith("text/javascript")
    assert (headers["Content-Encoding"], compressed_headers["Content-Encoding"]) == (None, "gzip")
    assert headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(compressed) == plain
    assert len(compressed) < len(plain) / 2


@pytest.mark.parametrize(
    "path", ["pages/none.js", "lib/dom.js", "pages/../lib.js", "../ui/files.py", "", "style"]
)
def test_what_is_no_file_of_a_page_is_not_there(seeded: Seeded, path: str) -> None:
    place = _told(seeded)[0].removesuffix("lib.js")

    with pytest.raises(urllib.error.HTTPError, match="404"):
        _got(f"{seeded.uri}{place}{path}", {})


def test_a_style_comes_with_what_it_imports_each_once(seeded: Seeded) -> None:
    place = _told(seeded)[0].removesuffix("lib.js")

    style = _got(f"{seeded.uri}{place}style/compare.css", {})[0].decode()

    assert "@import" not in style
    assert "/*" not in style
    for rule in ("color-scheme: light dark", ".chart canvas {", ".diff-file {", ".compare-head {"):
        assert style.count(rule) == 1, rule


def test_joined_modules_do_what_they_do_apart(tmp_path: Path, browser: Browser) -> None:
    joining = Joining(_written(tmp_path, TRICKY))

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix("http://joined/")
        if path in joining.files:
            route.fulfill(body=joining.text(path), content_type="text/javascript")
        else:
            route.fulfill(
                body='<script type="module" src="/pages/one.js"></script>', content_type="text/html"
            )

    with watched(browser, Watch("http://joined")) as context:
        page = context.new_page()
        page.route("**/*", answer)
        page.goto("/")
        found = page.title()

    assert found == (
        '[4,["// no comment","it\'s","/* none */ <1 // }><2 // }>"],"a-b--c-","late;words 1 late;line;part",'
        '"its own","a line","/lib/x.txt","later","function",["hoisted"]]'
    )


def test_comments_and_indentation_are_not_sent(tmp_path: Path) -> None:
    joining = Joining(_written(tmp_path, TRICKY))

    sent = joining.text("lib.js")

    assert "is there once" not in sent
    assert "@type" not in sent
    assert not re.search(r"^\s|\s$", sent.rstrip("\n"), re.MULTILINE)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("export let count = 0;", "lib/x.js:1: an export of a form"),
        ("export default 1;", "lib/x.js:1: an export of a form"),
        ("const a = 1;\nexport { a };", "lib/x.js:2: an export of a form"),
        (
            'export const a = [1, ","].map((b, c) => { return `${b}, ${[c, 1]}`; }), d = 2;',
            "lib/x.js:1: an export of several",
        ),
        ('export * from "./shell.js";', "lib/x.js:1: an export of a form"),
        ("if (a) {\n  export const b = 1;\n}", "lib/x.js:2: an export of a form"),
        ('import "./shell.js";', "lib/x.js:1: an import of a form"),
        ('import shell from "./shell.js";', "lib/x.js:1: an import of a form"),
        ('import { a } from "elsewhere";', "lib/x.js:1: an import of a form"),
        ('const a = 1;\nimport { around } from "./shell.js";', "lib/x.js:2: an import of a form"),
        ("const a = import(path);", "lib/x.js:1: an import of a form"),
        ("const a = import.meta.env;", "lib/x.js:1: an import of a form"),
        ('import { other } from "./shell.js";', "lib/x.js: lib/shell.js exports no other"),
        ('import { a } from "./none.js";', "lib/x.js: there is no module lib/none.js"),
        ("const a = await 1;", "lib/x.js: only the module of a page may wait"),
        ("const $a = 1;", r"lib/x.js:1: \$a: names that begin with"),
        ("\nconst a = b/c;", "lib/x.js:2: a slash"),
        ("if (a) /x/.test(b);", "lib/x.js:1: a slash"),
        ("{ } /x/.test(b);", "lib/x.js:1: a slash"),
        ("const a = 'x;", "lib/x.js:1: a string that does not end"),
        ("const a = `x ${1};", "lib/x.js:1: a template that does not end"),
        ('import { page } from "../pages/two.js";', "lib/x.js: pages/two.js is the module of a page"),
        ('import { y } from "./y.js";', "modules that need each other: lib/x.js -> lib/y.js -> lib/x.js"),
    ],
)
def test_what_could_be_joined_wrongly_is_refused(tmp_path: Path, module: str, told: str) -> None:
    pages = {
        f"pages/{name}.js": 'import * as x from "../lib/x.js";\nexport const page = x;\n'
        for name in ("one", "two")
    }

    with pytest.raises(NotOurs, match=told):
        Joining(_written(tmp_path, {**SHELL, **pages, "lib/y.js": BACK, "lib/x.js": f"{module}\n"}))


def _written(directory: Path, modules: Mapping[str, str]) -> Path:
    for path, text in modules.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    return directory


def _told(seeded: Seeded) -> list[str]:
    html, _ = _got(f"{seeded.uri}/runs", {})
    return re.findall(r'<link rel="modulepreload" href="([^"]+)"', html.decode())


def _got(url: str, headers: Mapping[str, str]) -> tuple[bytes, Message]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers))) as answer:
        return answer.read(), answer.headers
