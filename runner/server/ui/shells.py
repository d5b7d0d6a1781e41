"""HTML of the UI, by Jinja: what people wrote is escaped wherever it stands."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

import runner
from runner.server.ui.files import place


def rendered(template: str, **values: object) -> str:
    """A template, filled in."""
    return _templates().get_template(template).render(static=place(), version=runner.__version__, **values)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
