"""Declarations of parameters: `alpha: float`, or `alpha: {type: float, default: 0.5, min: 0, description: ...}`."""

from collections.abc import Mapping

from runner.errors import did_you_mean
from runner.project.document import Entry, Items, Node, Scalar, Table, native
from runner.project.model import Notice, Parameter
from runner.project.reading import check_keys, refused, text_of, truth_of, without_nul
from runner.project.values import FLOAT_NUMBER, NAMES, ValueType, objection, value_type

KEYS = ("type", "default", "description", "choices", "min", "max", "optional", "flag", "secret")
NUMERIC = ("int", "float")


def read_parameters(node: Node | None, notices: list[Notice]) -> Mapping[str, Parameter]:
    """The `parameters` of an entry point; null stands for none.

    Raises:
        ProjectError: not a mapping of declarations.
    """
    match node:
        case None:
            return {}
        case Table():
            return {entry.key: _parameter(entry, notices) for entry in node}
        case _:
            raise refused(
                f"'parameters' must be a mapping of names to types, not {node}",
                node,
                hint="write `parameters: {alpha: float}`",
            )


def _parameter(entry: Entry, notices: list[Notice]) -> Parameter:
    name = entry.key
    match entry.value:
        case Scalar(value=str(type_name)):
            parameter = Parameter(name=name, type=type_name, where=entry.where)
            _note_type(parameter, entry.value, notices)
            return parameter
        case Table() as table:
            return _declared(entry, table, notices)
        case Scalar(value=None) as node:
            raise refused(f"parameter {name!r} declares nothing", node, hint=f"write `{name}: string`")
        case Scalar() as node:
            raise refused(
                f"parameter {name!r} must be a type or a mapping, not {node}",
                node,
                hint=f"for a default write `{name}: {{default: {node.text}}}`",
            )
        case node:
            raise refused(f"parameter {name!r} must be a type or a mapping, not {node}", node)


def _declared(entry: Entry, table: Table, notices: list[Notice]) -> Parameter:
    of = f"parameter {entry.key!r}"
    check_keys(table, KEYS, notices, place=of)
    default = table.get("default")
    parameter = Parameter(
        name=entry.key,
        type=text_of(table, "type", what=f"the type of {of}") or "string",
        default=None if default is None else _default(default, of),
        description=text_of(table, "description", what=f"the description of {of}"),
        choices=_choices(table, of),
        minimum=_bound(table, "min", of),
        maximum=_bound(table, "max", of),
        optional=truth_of(table, "optional", what=f"'optional' of {of}"),
        flag=truth_of(table, "flag", what=f"'flag' of {of}"),
        secret=truth_of(table, "secret", what=f"'secret' of {of}"),
        where=entry.where,
    )
    _refuse_contradictions(parameter, table)
    if (type_node := table.get("type")) is not None:
        _note_type(parameter, type_node, notices)
    if default is not None:
        _note_default(parameter, default, notices)
    return parameter


def _default(node: Node, of: str) -> str:
    return without_nul(str(native(node)), node, what=f"the default of {of}")


def _choices(table: Table, of: str) -> tuple[str, ...]:
    match table.get("choices"):
        case None:
            return ()
        case Items(values=values) if values and all(isinstance(value, Scalar) for value in values):
            return tuple(value.text for value in values if isinstance(value, Scalar))
        case node:
            raise refused(f"'choices' of {of} must be a list of values, not {node}", node)


def _bound(table: Table, key: str, of: str) -> float | None:
    match table.get(key):
        case None:
            return None
        case Scalar(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case Scalar(value=str(text)) if FLOAT_NUMBER.fullmatch(text):  # 1e-3 is no number in YAML 1.1
            return float(text)
        case node:
            raise refused(f"{key!r} of {of} must be a number, not {node}", node)


def _refuse_contradictions(parameter: Parameter, table: Table) -> None:
    if parameter.flag and parameter.secret:
        raise refused(f"parameter {parameter.name!r} cannot be both a flag and a secret", table)
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and low > high:
        raise refused(f"'min' of parameter {parameter.name!r} is greater than its 'max'", table)


def _note_type(parameter: Parameter, node: Node, notices: list[Notice]) -> None:
    if value_type(parameter.type) is not None:
        return
    hint = did_you_mean(parameter.type, (*NAMES, "path", "uri", "list[int]", "list[float]", "list[string]"))
    key, colon, rest = parameter.type.partition(":")
    if colon and key in KEYS:
        hint = f"write `{key}: {rest.strip()}`, with a space after the colon"
    message = f"parameter {parameter.name!r}: unknown type {parameter.type!r}; its values are not checked"
    notices.append(Notice(message, node.where, hint))


def _note_default(parameter: Parameter, node: Node, notices: list[Notice]) -> None:
    """Say what a reader of the file would not expect of its default."""
    wanted = value_type(parameter.type)
    message, hint = _odd_default(parameter, node, wanted)
    if message:
        notices.append(Notice(f"parameter {parameter.name!r}: {message}", node.where, hint))
    if parameter.secret:
        message = f"parameter {parameter.name!r}: a secret stands in the file as its default"
        notices.append(Notice(message, node.where, "remove the default; give it with -P or mark it optional"))


def _odd_default(parameter: Parameter, node: Node, wanted: ValueType | None) -> tuple[str | None, str | None]:
    text = parameter.default or ""
    written = node.text if isinstance(node, Scalar) else text
    if isinstance(node, Scalar) and node.value in ("None", "none", "null"):
        return f"the default {text!r} is a text", "remove the default and write `optional: true`"
    if isinstance(node, Scalar) and _surprising(node, wanted):
        return f"YAML reads the default {written} as {text}", f"write '{written}' in quotes if it is a text"
    if complaint := objection(parameter, text):
        if objection(parameter, written) is None:
            return None, None
        return f"the default: {complaint}", None
    return None, None


def _surprising(node: Scalar, wanted: ValueType | None) -> bool:
    """Whether YAML 1.1 turns the text into another one: yes, 010, 12:30, 2020-1-1; 3.10 only where a text is wanted."""
    read = str(node.value)
    match node.value:
        case bool():
            return node.text.lower() not in ("true", "false")
        case int():
            changed = read != node.text.lstrip("+").replace("_", "")
        case float():
            is_number = FLOAT_NUMBER.fullmatch(node.text.replace("_", "").replace(".inf", "inf")) is not None
            changed = read != node.text and (not is_number or wanted is None or wanted.kind not in NUMERIC)
        case str():
            changed = False
        case _:  # dates
            changed = read != node.text
    return changed
