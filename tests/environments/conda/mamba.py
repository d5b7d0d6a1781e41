"""A stand-in for mamba: of its answers only those that conda-lock asks for, found by rattler.

It is no conda: it shows how we call conda-lock, and that what comes back is understood.
"""

import asyncio
import json
import os
import sys

from rattler import ChannelPriority, Gateway, Subdir, solve


async def plan(channels: list[str], specs: list[str]) -> list[dict[str, object]]:
    """What would be fetched, as mamba says it."""
    records = await solve(
        channels,
        specs,
        gateway=Gateway(),
        platforms=[Subdir(os.environ.get("CONDA_SUBDIR", "linux-64")), Subdir("noarch")],
        channel_priority=ChannelPriority.Strict,
    )
    return [
        {
            **json.loads(record.to_json()),
            "version": str(record.version),
            "url": record.url,
            "fn": record.file_name,
            "channel": record.channel,
        }
        for record in records
    ]


def main(arguments: list[str]) -> int:
    """Answer."""
    if arguments == ["--version"]:
        sys.stdout.write("mamba 1.5.8\nconda 24.1.0\n")
        return 0
    if arguments[:1] != ["create"]:
        return 2
    channels = [arguments[place + 1] for place, text in enumerate(arguments) if text == "--channel"]
    last = max(place for place, text in enumerate(arguments) if text.startswith("--"))
    specs = arguments[last + (2 if arguments[last] == "--channel" else 1) :]
    try:
        fetched = asyncio.run(plan(channels, specs))
    except Exception as error:  # noqa: BLE001 - told as conda tells it
        sys.stdout.write(json.dumps({"message": str(error), "error": "no solution"}))
        return 1
    sys.stdout.write(json.dumps({"actions": {"FETCH": fetched, "LINK": fetched}}))
    return 0


code = main(sys.argv[1:])
sys.stdout.flush()
os._exit(code)  # rattler may crash at the end of a Python that used it
