"""Registered models as rows, one of them with its versions, and the runs that made them: as far as the caller may read."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from runner.server.mlflow import wire
from runner.server.native.marked import marked
from runner.server.native.models import moves
from runner.server.native.models.shapes import (
    Alias,
    ListModels,
    Made,
    ModelLook,
    ModelRow,
    ModelRows,
    VersionRow,
)
from runner.tracking.model import Run
from runner.tracking.registry import ModelVersion, RegisteredModel, Stage
from runner.tracking.store import Store

DECIDES = "runner.decides"  # tag of a model: the metric by which its versions are told apart
MOST_VERSIONS, MOST_METRICS = 500, 50
AT_ONCE = 250  # runs that one search names
BEGINNING, LINE = 400, 160  # characters of a description that are looked at, and of its first line
PARAGRAPHS = re.compile(r"\n[ \t]*\n")
ID = re.compile(r"[\w-]{1,64}")
MEASURED_APART = re.compile(r"(^|[/_.\- ])(val|valid|validation|test|eval|dev|holdout)", re.IGNORECASE)
ORDERS = {"name": "name", "changed": "last_updated_timestamp", "created": "creation_timestamp"}


def rows(store: Store, asked: ListModels) -> ModelRows:
    """A page of models, by part of a name."""
    direction = "DESC" if asked.sort.startswith("-") else "ASC"
    page = store.registry.search(
        filter=f"name ILIKE '%{_plain(asked.q)}%'" if asked.q else "",
        order_by=[f"{ORDERS[asked.sort.removeprefix('-')]} {direction}"],
        limit=asked.limit,
        page_token=asked.after or None,
    )
    runs = made_by(store, [each.run_id for model in page.items if (each := _newest(model))])
    return ModelRows(models=[_row(model, runs) for model in page.items], next=page.next_token or "")


def look(store: Store, name: str) -> ModelLook:
    """A model with its versions."""
    model = store.registry.get(name)
    found, more = _versions(store, name)
    runs = made_by(store, [each.run_id for each in found])
    metrics = _common(runs.values())
    return ModelLook(
        name=model.name,
        created=model.created,
        changed=model.updated,
        description=model.description,
        nodes=marked(model.description) if model.description else [],
        tags={key: value for key, value in model.tags.items() if key != moves.TAG},
        aliases=aliases(model),
        versions=[_version(each, runs, metrics) for each in found],
        more=more,
        metrics=metrics,
        decides=_decides(model, metrics),
        moves=moves.of(model),
    )


def made_by(store: Store, ids: Iterable[str]) -> Mapping[str, Run]:
    """Runs by their ids; those that are gone, or that the caller may not read, are not there."""
    wanted = [each for each in dict.fromkeys(ids) if ID.fullmatch(each)]
    found: dict[str, Run] = {}
    for start in range(0, len(wanted), AT_ONCE):
        named = ", ".join(f"'{each}'" for each in wanted[start : start + AT_ONCE])
        page = store.search_runs(filter=f"attributes.run_id IN ({named})", limit=AT_ONCE, lifecycle=None)
        found.update((run.id, run) for run in page.items)
    return found


def aliases(model: RegisteredModel) -> list[Alias]:
    """Those of a model, by name."""
    return [Alias(alias=alias, version=version) for alias, version in sorted(model.aliases.items())]


def about(description: str) -> str:
    """The first line, without the signs of Markdown."""
    return _first_line(PARAGRAPHS.split(description.strip()[:BEGINNING], 1)[0])


@lru_cache(maxsize=4096)
def _first_line(paragraph: str) -> str:
    first = _texts(marked(paragraph, tables=False)[:1]).strip().partition("\n")[0]
    return first if len(first) <= LINE else f"{first[:LINE]}…"


def _texts(nodes: Sequence[Any]) -> str:
    return "".join(each if isinstance(each, str) else _texts(each[2]) for each in nodes)


def _row(model: RegisteredModel, runs: Mapping[str, Run]) -> ModelRow:
    newest = _newest(model)
    run = runs.get(newest.run_id) if newest else None
    decides = _decides(model, _common([run] if run else []))
    return ModelRow(
        name=model.name,
        created=model.created,
        changed=model.updated,
        about=about(model.description),
        aliases=aliases(model),
        stages={each.stage.value: each.version for each in model.latest if each.stage is not Stage.NONE},
        newest=_version(newest, runs, [decides] if decides else []) if newest else None,
        decides=decides,
    )


def _version(found: ModelVersion, runs: Mapping[str, Run], metrics: Sequence[str]) -> VersionRow:
    run = runs.get(found.run_id)
    known = run.metrics if run else {}
    return VersionRow(
        version=found.version,
        created=found.created,
        who=found.user,
        stage="" if found.stage is Stage.NONE else found.stage.value,
        about=about(found.description),
        aliases=sorted(found.aliases),
        run=Made(id=run.id, name=run.name) if run else None,
        run_id=found.run_id,
        metrics={key: wire.shown(known[key].value) for key in metrics if key in known},
    )


def _newest(model: RegisteredModel) -> ModelVersion | None:
    return max(model.latest, key=lambda each: each.version, default=None)


def _versions(store: Store, name: str) -> tuple[Sequence[ModelVersion], bool]:
    """The newest. A name that no filter can hold is looked for by a pattern, which may fit others, too."""
    exact = not {"'", "\\"} & set(name)
    page = store.registry.search_versions(
        filter=f"name = '{name}'" if exact else f"name LIKE '{_plain(name)}'",
        order_by=["version_number DESC"],
        limit=MOST_VERSIONS,
    )
    return [each for each in page.items if each.model == name], page.next_token is not None


def _plain(text: str) -> str:
    """Between the quotes of a pattern: `_` stands for any sign."""
    return text.replace("'", "_").replace("\\", "_")


def _common(runs: Iterable[Run]) -> list[str]:
    """Metrics, those first that most runs have; of these, what was measured on data that was held back."""
    counts = Counter(key for run in runs for key in run.metrics if not key.startswith("system/"))
    ranked = sorted(counts, key=lambda key: (-counts[key], MEASURED_APART.search(key) is None, key))
    return ranked[:MOST_METRICS]


def _decides(model: RegisteredModel, metrics: Sequence[str]) -> str:
    return model.tags.get(DECIDES) or next(iter(metrics), "")
