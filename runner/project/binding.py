"""Values for an entry point's parameters: given ones and defaults, checked, as raw text. Quoting comes later."""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from runner.errors import UsageError, did_you_mean
from runner.project.model import EntryPoint, Notice, Parameter
from runner.project.values import objection, value_type

SECRET_PREFIX = "RUNNER_SECRET_"  # noqa: S105 - a name, no secret


class Bound(Struct, frozen=True, kw_only=True):
    """What an entry point is called with.

    Attributes:
        values: declared parameters that have a value (given or default), raw text.
        extra: undeclared ones in the order given; they end the command as `--name value`.
        inputs: those of `values` that name an input: "path" or "uri". Empty texts and secrets are not among them.
        secrets: the secret ones of `values`, to be masked wherever they are shown or kept.
        notices: what deserves a warning.
    """

    values: Mapping[str, str]
    extra: Mapping[str, str] = {}
    inputs: Mapping[str, str] = {}
    secrets: frozenset[str] = frozenset()
    notices: tuple[Notice, ...] = ()

    def __repr__(self) -> str:
        """Names alone: values may be secrets."""
        return f"Bound({', '.join([*self.values, *self.extra])})"


def bind(entry_point: EntryPoint, given: Mapping[str, str], *, strict: bool, check: bool = True) -> Bound:
    """Fill an entry point's parameters.

    Args:
        entry_point: what declares them.
        given: raw texts by name.
        strict: refuse undeclared names instead of warning.
        check: hold values against types, choices and bounds. A default is only held against `uri`, as in MLflow.

    Raises:
        UsageError: a required parameter is missing, a value does not fit, a name is unknown and `strict`.
    """
    declared = entry_point.parameters
    extra = {name: text for name, text in given.items() if name not in declared}
    notices = [] if entry_point.script else _unknown(entry_point, extra, strict=strict)
    _refuse_missing(entry_point, given)
    values = {
        name: text
        for name, parameter in declared.items()
        if (text := given.get(name, parameter.default)) is not None
    }
    _refuse_nul({**values, **extra})
    if check:
        _refuse_unfit(declared, values)
    secrets = frozenset(name for name in values if declared[name].secret)
    return Bound(
        values=values,
        extra=extra,
        inputs=_inputs(declared, values),
        secrets=secrets,
        notices=(*notices, *_exposed(entry_point, secrets)),
    )


def secret_names(entry_point: EntryPoint) -> dict[str, str]:
    """The environment variable of each secret parameter: `api-key` -> RUNNER_SECRET_API_KEY."""
    variables: dict[str, str] = {}
    for name, parameter in entry_point.parameters.items():
        if parameter.secret:
            base = variable = SECRET_PREFIX + re.sub(r"\W", "_", name, flags=re.ASCII).upper()
            number = 1
            while variable in variables.values():
                number += 1
                variable = f"{base}_{number}"
            variables[name] = variable
    return variables


def secret_variables(entry_point: EntryPoint, bound: Bound) -> dict[str, str]:
    """Environment variables, with their values, that carry the secrets to the program."""
    names = secret_names(entry_point)
    return {variable: bound.values[name] for name, variable in names.items() if name in bound.values}


def _unknown(entry_point: EntryPoint, extra: Iterable[str], *, strict: bool) -> list[Notice]:
    notices = []
    for name in extra:
        hint = did_you_mean(name, entry_point.parameters) or _known(entry_point.parameters)
        message = f"entry point {entry_point.name!r} has no parameter {name!r}"
        if strict:
            raise UsageError(message, hint=hint)
        notices.append(Notice(f"{message}; it is passed on as --{name}", entry_point.where, hint))
    return notices


def _known(parameters: Iterable[str]) -> str:
    return f"declared: {', '.join(parameters)}" if parameters else "it declares none"


def _refuse_missing(entry_point: EntryPoint, given: Mapping[str, str]) -> None:
    missing = [
        parameter
        for name, parameter in entry_point.parameters.items()
        if parameter.required and name not in given
    ]
    if missing:
        raise UsageError(
            f"entry point {entry_point.name!r} needs a value for {', '.join(map(_described, missing))}",
            hint="give " + " ".join(f"-P {parameter.name}=..." for parameter in missing),
        )


def _described(parameter: Parameter) -> str:
    about = f"{parameter.type}: {parameter.description}" if parameter.description else parameter.type
    return f"{parameter.name!r} ({about})"


def _refuse_nul(values: Mapping[str, str]) -> None:
    for name, text in values.items():
        if "\0" in text:
            raise UsageError(f"-P {name}: no command line can hold a NUL character")


def _refuse_unfit(declared: Mapping[str, Parameter], values: Mapping[str, str]) -> None:
    complaints = [
        f"-P {name}: {complaint}"
        for name, text in values.items()
        if text != declared[name].default or declared[name].type == "uri"
        if (complaint := objection(declared[name], text))
    ]
    if complaints:
        raise UsageError(
            "; ".join(complaints), hint="correct the value, or use --no-check to pass it as it is"
        )


def _inputs(declared: Mapping[str, Parameter], values: Mapping[str, str]) -> dict[str, str]:
    kinds = {name: value_type(declared[name].type) for name, text in values.items() if text}
    return {
        name: kind.kind
        for name, kind in kinds.items()
        if kind and kind.kind in ("path", "uri") and not declared[name].secret
    }


def _exposed(entry_point: EntryPoint, secrets: Iterable[str]) -> Iterable[Notice]:
    for name in sorted(secrets):
        if f"{{{name}}}" in entry_point.command:
            yield Notice(
                f"the secret {name!r} is placed on a command line, which other users of the machine can see",
                entry_point.parameters[name].where,
                f"let the program read the environment variable {secret_names(entry_point)[name]}",
            )
