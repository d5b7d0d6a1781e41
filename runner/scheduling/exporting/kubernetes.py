"""A CronJob, for Kubernetes."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from runner.errors import UsageError
from runner.scheduling.exporting import Export
from runner.scheduling.exporting.fields import fields

LONGEST = 52  # characters of a CronJob's name


def files(export: Export) -> Mapping[str, str]:
    """A manifest; the secret that it names has the variables that are not written down."""
    if export.image is None:
        raise UsageError("a CronJob needs a container image that has runner", hint="--image NAME")
    name = f"runner-{re.sub(r'[^a-z0-9-]', '-', export.name.lower())}"[:LONGEST].rstrip("-")
    when = fields(export.schedule.definition)
    manifest = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {
            "schedule": when.expression,
            "timeZone": when.zone,
            "concurrencyPolicy": "Allow",  # the schedule's own overlap rule decides
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": _pod(export, name)}}},
        },
    }
    return {f"{name}.yaml": yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True)}


def _pod(export: Export, name: str) -> dict[str, Any]:
    variables: list[dict[str, Any]] = [
        {"name": variable, "value": value} for variable, value in export.variables.items()
    ]
    variables += [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": variable}}}
        for variable in export.secrets
    ]
    container = {
        "name": "runner",
        "image": export.image,
        "command": ["runner", *export.words],
        "env": variables,
    }
    return {"restartPolicy": "Never", "containers": [container]}
