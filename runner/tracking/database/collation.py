"""Texts are compared by their code points in every database, as SQLite does: "A" is not "a", "a " is not "a".

Imported by what makes tables: it changes how SQLAlchemy writes CREATE TABLE for servers.
"""

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable


@compiles(String, "postgresql")
def _string(kind: String, compiler: Any, **options: Any) -> str:
    return f'{compiler.visit_string(kind, **options)} COLLATE "C"'


@compiles(Text, "postgresql")
def _text(kind: Text, compiler: Any, **options: Any) -> str:
    return f'{compiler.visit_text(kind, **options)} COLLATE "C"'


@compiles(CreateTable, "mysql")
def _table(create: CreateTable, compiler: Any, **options: Any) -> str:
    order = "utf8mb4_nopad_bin" if compiler.dialect.is_mariadb else "utf8mb4_0900_bin"
    text = str(compiler.visit_create_table(create, **options)).rstrip()
    return f"{text} ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={order}"
