"""What the marker of an exported environment may say: runs and lists believe it, and it comes from elsewhere."""

from typing import Annotated

from msgspec import Meta, Struct

# What ends in a path, a variable, or on the screen: a null byte is in none of them.
Text = Annotated[str, Meta(pattern=r"\A[^\0]*\Z")]
Name = Annotated[str, Meta(pattern=r"\A[^\0=]+\Z")]
Version = Annotated[str, Meta(pattern=r"\A([0-9][\w.+-]*)?\Z")]
Count = Annotated[int, Meta(ge=0)]
Moment = Annotated[int, Meta(ge=0, le=1 << 36)]  # dates end with the year 9999, this before it
Seconds = Annotated[float, Meta(ge=0)]
Inputs = dict[Text, Text | list[Text] | dict[Name, Text]]


class Change(Struct, kw_only=True, frozen=True):
    """What activating a conda environment changes, see conda/activation.py."""

    path_entries: list[Text]
    variables: dict[Name, Text]
    unset: list[Name]


class Marker(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """See building.py, and each recipe. `imported` is there when the environment came from elsewhere."""

    schema: int
    key: Text
    kind: Text
    inputs: Inputs
    lock: Text
    pinned: bool
    python: Version
    implementation: Text
    interpreter: Text | None
    platform: Text
    packages: list[tuple[Text, Text]]
    tools: dict[Text, Text]
    bytes: Count
    created: Moment
    seconds: dict[Text, Seconds]
    activation: Change | None = None
    imported: Moment | None = None
