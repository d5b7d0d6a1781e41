"""The model registry in a relational database: each method is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from runner.errors import TrackingError
from runner.tracking import checks
from runner.tracking.access import Kind, Reader
from runner.tracking.database import Connection, Database
from runner.tracking.filters import Clause
from runner.tracking.model import Page
from runner.tracking.registry import ModelVersion, RegisteredModel, Stage
from runner.tracking.sql import model_sources, model_versions, permissions, registered_models
from runner.tracking.sql.conditions import Search, Sql, Subject, compiled, condition
from runner.tracking.sql.repeating import repeating

PROMPT = "mlflow.prompt.is_prompt"  # clients ask every search for those where it is not 'true': it is mostly missing
ACTIVE = {Stage.STAGING, Stage.PRODUCTION}


@repeating
class SqlRegistry:
    """See `store.Registry`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # registered models ------------------------------------------------------------------------------------
    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = {}) -> RegisteredModel:
        checks.tags(tags, longest=checks.REGISTRY_TAG)
        with self._database.transaction() as db:
            number = registered_models.insert(db, name, description)
            registered_models.tag(db, number, tags)
            return _model(db, number)

    def get(self, name: str) -> RegisteredModel:
        with self._database.reading() as db:
            return _model(db, registered_models.exact(db, name))

    def describe(self, name: str, description: str) -> RegisteredModel:
        with self._database.transaction() as db:
            number = registered_models.exact(db, name)
            registered_models.describe(db, number, description)
            return _model(db, number)

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        with self._database.transaction() as db:
            registered_models.rename(db, name, new_name)
            return _model(db, registered_models.exact(db, new_name))

    def delete(self, name: str) -> None:
        with self._database.transaction() as db:
            registered_models.delete(db, registered_models.exact(db, name))

    def search(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        reader: Reader | None = None,
    ) -> Page[RegisteredModel]:
        checks.limit(limit)
        search = _search(registered_models.SUBJECT, filter, order_by, reader, model="r.id")
        with self._database.reading() as db:
            return search.page(db, partial(registered_models.read, db), limit=limit, token=page_token)

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        checks.tags(tags, longest=checks.REGISTRY_TAG)
        with self._database.transaction() as db:
            registered_models.tag(db, registered_models.exact(db, name), tags)

    def delete_tag(self, name: str, key: str) -> None:
        with self._database.transaction() as db:
            registered_models.delete_tag(db, registered_models.exact(db, name), key)

    def set_alias(self, name: str, alias: str, version: int) -> None:
        checks.new_alias(alias)
        with self._database.transaction() as db:
            model = registered_models.exact(db, name)
            registered_models.set_alias(db, model, alias, model_versions.exact(db, model, version))

    def delete_alias(self, name: str, alias: str) -> None:
        checks.alias(alias)
        with self._database.transaction() as db:
            registered_models.delete_alias(db, registered_models.exact(db, name), alias)

    # versions ---------------------------------------------------------------------------------------------
    def create_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        description: str = "",
        user: str = "",
        tags: Mapping[str, str] = {},
    ) -> ModelVersion:
        checks.tags(tags, longest=checks.REGISTRY_TAG)
        new = model_versions.New(source, run_id, run_link, model_id, description, user)
        new.check()
        with self._database.transaction() as db:
            model = registered_models.exact(db, name)
            number = model_versions.exact(db, model, model_versions.insert(db, model, new))
            model_versions.tag(db, number, tags)
            made = _version(db, number)
            if made.model_id:
                model_sources.tell(db, made.model_id, name=name, version=made.version)
            return made

    def version(self, name: str, version: int) -> ModelVersion:
        with self._database.reading() as db:
            return _version(db, _exact(db, name, version))

    def aliased(self, name: str, alias: str) -> ModelVersion:
        checks.alias(alias)
        model = self.get(name)
        if alias.lower() == "latest":
            numbers = [version.version for version in model.latest]
        else:
            numbers = [version for known, version in model.aliases.items() if known == alias]
        if not numbers:
            hint = f"its aliases: {', '.join(model.aliases)}" if model.aliases else "it has no aliases"
            raise TrackingError(f"Registered model alias {alias} not found.", hint=hint)
        return self.version(name, max(numbers))

    def latest(self, name: str, stages: Sequence[Stage] = ()) -> Sequence[ModelVersion]:
        return [one for one in self.get(name).latest if not stages or one.stage in stages]

    def describe_version(self, name: str, version: int, description: str) -> ModelVersion:
        with self._database.transaction() as db:
            number = _exact(db, name, version)
            model_versions.describe(db, number, description)
            return _version(db, number)

    def move_version(
        self, name: str, version: int, stage: Stage, *, archive_others: bool = False
    ) -> ModelVersion:
        if archive_others and stage not in ACTIVE:
            raise TrackingError(
                f"existing versions are not archived when one goes to {stage}",
                hint="only Staging and Production do",
            )
        with self._database.transaction() as db:
            model = registered_models.exact(db, name)
            number = model_versions.exact(db, model, version)
            model_versions.move(db, model, number, stage, archive_others=archive_others)
            registered_models.touch(db, model)
            return _version(db, number)

    def delete_version(self, name: str, version: int) -> None:
        with self._database.transaction() as db:
            model = registered_models.exact(db, name)
            model_versions.delete(db, model_versions.exact(db, model, version))
            registered_models.touch(db, model)

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        checks.tags(tags, longest=checks.REGISTRY_TAG)
        with self._database.transaction() as db:
            model_versions.tag(db, _exact(db, name, version), tags)

    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        with self._database.transaction() as db:
            model_versions.delete_tag(db, _exact(db, name, version), key)

    def search_versions(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        reader: Reader | None = None,
    ) -> Page[ModelVersion]:
        checks.limit(limit)
        search = _search(model_versions.SUBJECT, filter, order_by, reader, model="r.model")
        with self._database.reading() as db:
            return search.page(db, partial(model_versions.read, db), limit=limit, token=page_token)


def _model(db: Connection, number: int) -> RegisteredModel:
    return registered_models.read(db, [number])[0]


def _version(db: Connection, number: int) -> ModelVersion:
    return model_versions.read(db, [number])[0]


def _exact(db: Connection, name: str, version: int) -> int:
    return model_versions.exact(db, registered_models.exact(db, name), version)


def _search(
    subject: Subject, text: str, order_by: Sequence[str], reader: Reader | None, *, model: str
) -> Search:
    """`model` is the column that names the registered model."""

    def more(sql: Sql, clauses: list[Clause]) -> list[str]:
        allowed = permissions.conditions(sql, Kind.MODEL, reader, model)
        return [*allowed, *_no_prompts(sql, subject, clauses)]

    return compiled(subject, text, order_by, more=more)


def _no_prompts(sql: Sql, subject: Subject, clauses: list[Clause]) -> list[str]:
    """Conditions for the clauses that tell prompts from models, which are taken out: what lacks the tag is no prompt."""
    said = [one for one in clauses if (one.name.entity, one.name.key, one.operator) == ("tag", PROMPT, "!=")]
    clauses[:] = [one for one in clauses if one not in said]
    return [f"NOT {condition(sql, subject, replace(one, operator='='))}" for one in said]
