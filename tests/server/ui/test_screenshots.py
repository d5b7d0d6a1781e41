"""The pictures in the docs are those of the command that makes them."""

from pathlib import Path

import pytest
from PIL import Image

from tests.server.ui.screenshots import LARGEST, SCREENS, SIZE, THEMES

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "how-to/look-at-runs.md").read_text()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("screen", SCREENS)
def test_each_screen_is_shown_in_the_docs_and_is_small(screen: str, theme: str) -> None:
    file = DOCS / f"images/{screen}-{theme}.webp"

    assert f"../images/{file.name}" in PAGE
    assert file.stat().st_size <= LARGEST
    with Image.open(file) as picture:
        assert picture.size == (SIZE["width"], SIZE["height"])
