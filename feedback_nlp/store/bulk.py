"""Many rows at a time: chunks under SQLite's limit of variables, inserts that meet existing rows, whole columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

CHUNK = 5_000  # ids in one IN list; SQLite takes 32,766 variables, PostgreSQL 65,535
PAGE = 50_000  # rows fetched at a time

_MOMENT = "%Y-%m-%d %H:%M:%S%.f"  # how SQLAlchemy writes a moment into SQLite
_ON_SQLITE: dict[Any, Any] = {pl.Boolean: pl.Int64, pl.Datetime("us"): pl.String}

T = TypeVar("T")


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Cut the items into runs of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def to_json(value: Any) -> str:
    """Return compact JSON, the same for equal values whatever their order."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, separators=(",", ":"), default=str)


def insert_rows(
    connection: Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: Literal["fail", "nothing", "replace"] = "fail",
) -> None:
    """Insert rows of the same columns; of those whose key exists "fail", do "nothing", or "replace" the other columns.

    With "replace" no key may come twice among the rows.
    """
    if not rows:
        return
    names = list(rows[0])
    on_sqlite = connection.dialect.name == "sqlite"
    insert: Any = (sqlite.insert if on_sqlite else postgresql.insert)(table)
    if not on_sqlite:
        # One array a column, taken apart by the server: several times faster than one row after the other.
        arrays = [sa.bindparam(f"all_{name}", type_=postgresql.ARRAY(table.c[name].type)) for name in names]
        insert = insert.from_select(names, sa.select(*(sa.func.unnest(array) for array in arrays)))
    keys = [column.name for column in table.primary_key]
    if on_conflict == "nothing":
        insert = insert.on_conflict_do_nothing(index_elements=keys)
    elif on_conflict == "replace":
        changed = {name: insert.excluded[name] for name in names if name not in keys}
        insert = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    if on_sqlite:
        connection.execute(insert, rows)
        return
    for page in chunks(rows, PAGE):
        connection.execute(insert, {f"all_{name}": [row[name] for row in page] for name in names})


def delete_where_in(connection: Connection, column: sa.Column[Any], values: Sequence[Any], *also: Any) -> None:
    """Delete the rows of the column's table whose value is among the values and for which ``also`` holds."""
    for chunk in chunks(values):
        connection.execute(sa.delete(column.table).where(column.in_(chunk), *also))


def select_where_in(
    connection: Connection, query: sa.Select[Any], column: sa.ColumnElement[Any], values: Sequence[Any]
) -> Iterator[Sequence[Any]]:
    """Yield the query's rows whose column is among the values."""
    for chunk in chunks(values):
        yield from connection.execute(query.where(column.in_(chunk)))


def read_frame(connection: Connection, query: sa.Select[Any], columns: Mapping[str, Any]) -> pl.DataFrame:
    """Return the query's columns, in their order, as a frame with these names and polars types."""
    # The driver's own rows go to polars as they are: a third of the time that SQLAlchemy's rows would take.
    # SQLite knows neither booleans nor moments, so that the driver gives numbers and text for them.
    given = dict(columns)
    if connection.dialect.name == "sqlite":
        given = {name: _ON_SQLITE.get(dtype, dtype) for name, dtype in columns.items()}
    pages = [pl.DataFrame(schema=given)]
    with connection.execute(query) as result:
        cursor: Any = result.cursor
        while rows := cursor.fetchmany(PAGE):
            pages.append(pl.DataFrame(rows, schema=given, orient="row"))
    return pl.concat(pages).with_columns(
        pl.col(name).str.to_datetime(_MOMENT, time_unit="us")
        if dtype == pl.Datetime("us")
        else pl.col(name).cast(dtype)
        for name, dtype in columns.items()
        if given[name] != dtype
    )
