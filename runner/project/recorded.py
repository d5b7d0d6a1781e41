"""What a project says of the rest that decides its results: `seed`, and the `variables` that its program reads."""

import re

from runner.project.document import Items, Node, Scalar, Table
from runner.project.reading import refused

LARGEST_SEED = 2**32 - 1  # of PYTHONHASHSEED, and of NumPy's generators
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SECRET = re.compile(
    r"(^|_)(TOKENS?|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|PWD|CREDENTIALS?|APIKEY|(API|ACCESS|PRIVATE|AUTH)_KEY|KEY_ID)($|_)",
    re.IGNORECASE,
)


def seed_of(table: Table) -> int | None:
    """The number under `seed`; None where absent or null."""
    match table.get("seed"):
        case None:
            return None
        case Scalar(value=int(value)) if not isinstance(value, bool) and 0 <= value <= LARGEST_SEED:
            return value
        case node:
            raise refused(
                f"'seed' must be a whole number from 0 to {LARGEST_SEED}, not {node}",
                node,
                hint="write `seed: 42`",
            )


def variables_of(table: Table) -> tuple[str, ...]:
    """The names under `variables`; their values are recorded, so none may promise a secret."""
    match table.get("variables"):
        case None:
            return ()
        case Items(values=values):
            return tuple(_name(value) for value in values)
        case node:
            raise refused(
                f"'variables' must be a list of names of environment variables, not {node}",
                node,
                hint="write `variables: [NAME, ...]`",
            )


def may_be_secret(name: str) -> bool:
    """Whether the name of an environment variable sounds as if nobody should read its value."""
    return _SECRET.search(name) is not None


def _name(node: Node) -> str:
    match node:
        case Scalar(value=str(name)) if _NAME.fullmatch(name):
            if may_be_secret(name):
                raise refused(
                    f"'variables': the value of {name} would be recorded, and its name says that it is a secret",
                    node,
                    hint="remove it from the list; the program gets it all the same",
                )
            return name
        case _:
            raise refused(
                f"'variables' must be a list of names of environment variables; this is {node}", node
            )
