"""Pictures of each screen, light and dark, from a seeded store: small, for the docs.

python -m tests.server.ui.screenshots DIRECTORY [--only NAME]... [--phone] [--full]
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.server.servers import running_server
from tests.server.ui.seeding import environment, seed
from tests.services.browser import Watch, chromium, context, settled

LARGEST = 40_000  # bytes of a picture
COLOURS = (256, 128, 64, 32)
THEMES = ("light", "dark")
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
SCREENS: Mapping[str, str] = {
    "home": "/",
    "runs": "/runs?experiment={experiment}",
    "run": "/r/{first}",
    "metrics": "/r/{searched}/metrics?smooth=0.6",
    "logs": "/r/{diverged}/logs",
    "artifacts": "/r/{files}/artifacts?path=tables/scores.csv",
    "code": "/r/{second}/code",
    "environment": "/r/{first}/environment",
    "reproduce": "/r/{diverged}/reproduce",
    "changed": "/compare?runs={first},{second}",
    "compare": "/compare?tab=charts&runs={searched},{other}",
    "parallel": "/compare?tab=parallel&experiment={experiment}&top=10:metrics.val/acc",
    "models": "/models",
    "model": "/models/digits",
    "schedules": "/schedules",
    "envs": "/envs",
    "settings": "/settings",
}


def main() -> None:
    """Seed, look, write."""
    options = _options()
    options.directory.mkdir(parents=True, exist_ok=True)
    wanted = {name: path for name, path in SCREENS.items() if name in (options.only or SCREENS)}
    with seeded() as (uri, runs), chromium() as browser:
        watch = Watch(uri)
        for theme in THEMES:
            for name, page in screens(browser, watch, runs, wanted, theme=theme, phone=options.phone):
                file = options.directory / f"{name}-{theme}.webp"
                file.write_bytes(small(page.screenshot(full_page=options.full)))
                print(f"{file} {file.stat().st_size / 1000:.0f} kB")  # noqa: T201
    if watch.troubles:
        sys.exit("\n".join(watch.troubles))


@contextmanager
def seeded(fill: Callable[[Path], Mapping[str, str]] = seed) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The address of a server over a store of its own, and the runs in it."""
    with tempfile.TemporaryDirectory(prefix="team-") as scratch:
        home = Path(scratch) / "home"
        runs = fill(home)
        with running_server(environ=environment(home)) as server:
            yield server.uri, runs


def screens(
    browser: Browser,
    watch: Watch,
    runs: Mapping[str, str],
    wanted: Mapping[str, str],
    *,
    theme: str,
    phone: bool,
) -> Iterator[tuple[str, Page]]:
    """Each screen, as it is when it has settled; `watch` has what goes wrong."""
    with context(browser, watch, color_scheme=theme, viewport=PHONE if phone else SIZE) as opened:
        page = opened.new_page()
        for name, path in wanted.items():
            page.goto(path.format(**runs))
            settled(page)
            yield name, page


def small(picture: bytes) -> bytes:
    """The same as WebP without loss, in as many colours as the size allows: text stays sharp."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    made = (_webp(image, colours) for colours in COLOURS)
    return next((data for data in made if len(data) <= LARGEST), None) or _webp(image, COLOURS[-1])


def _webp(image: Image.Image, colours: int) -> bytes:
    file = io.BytesIO()
    few = image.quantize(colours, dither=Image.Dither.NONE).convert("RGB")
    few.save(file, "WEBP", lossless=True, quality=100, method=6)
    return file.getvalue()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    parser.add_argument(
        "--only", action="append", choices=SCREENS, metavar="NAME", help="one screen; repeatable"
    )
    parser.add_argument("--phone", action="store_true", help="360 pixels wide")
    parser.add_argument("--full", action="store_true", help="the whole page, not only what fits a window")
    return parser.parse_args()


if __name__ == "__main__":
    main()
