"""schemas/bundle.schema.json says what run.json in a bundle is."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import jsonschema
import msgspec

from runner.bundles.layout import About
from tests.bundles.conftest import Exported

SCHEMA = Path(__file__).parents[2] / "schemas/bundle.schema.json"


def described() -> Any:
    """What the code reads, as a schema; regular expressions are JavaScript's there."""
    text = json.dumps(msgspec.json.schema(About)).replace("\\\\A", "^").replace("\\\\Z", "$")
    found = json.loads(text)
    return {
        "$schema": jsonschema.Draft202012Validator.META_SCHEMA["$id"],
        "$id": "bundle.schema.json",
        "title": "Bundle",
        "description": "run.json in a bundle, which is a run as a file: what the store knew of it, and what is packed along.",
        **found,
    }


def test_the_schema_says_what_is_read() -> None:
    assert json.loads(SCHEMA.read_text()) == described()


def test_the_description_in_a_bundle_satisfies_the_schema(exported: Exported) -> None:
    with ZipFile(exported.file) as archive:
        document = json.loads(archive.read("run.json"))

    jsonschema.Draft202012Validator(described()).validate(document)
    assert document["run"]["metrics"]["loss"]["points"] == 8
