"""A bounded sample of a table that streams by, and hashes of its cells that take a few bytes a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from feedback_nlp.language.reading.column_names import name_rank
from feedback_nlp.language.reading.tables import LINE, Table
from feedback_nlp.records import stable_hash

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 5_000_000
_LEAST_ROWS = 1000
SAMPLE_BYTES = 64 << 20
_FIRST_ROWS = 5  # always in the sample: what a reader is shown of the file
WHOLE_ROW = LINE  # the key under which the hash of all cells of a row is kept: no column of a file is called so
# What str.strip removes; Polars' own notion of white space differs by four control characters.
WHITE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class Sampler:
    """Keeps every row while there are few, then a half of them, a fourth, an eighth ...: spread over the whole file.

    Which rows are kept follows from their places alone, and not in step: files repeat themselves every few rows.
    Hashes of whole rows and of the columns that may name rows are kept for all of them: whether an id repeats cannot
    be told from a sample.
    """

    def __init__(self) -> None:
        import numpy as np

        self.n_rows = 0
        self._step = np.uint64(1)
        self._kept: list[tuple[NDArray[np.int64], pl.DataFrame]] = []  # the places of the rows, and these
        self._rows = 0
        self._bytes = 0
        self._judged: set[str] = set()
        self._hashes: dict[str, list[tuple[int, NDArray[np.uint64]]]] = {WHOLE_ROW: []}

    def add(self, frame: pl.DataFrame) -> None:
        """Take in the next rows of the file; columns may come that were not there before."""
        import numpy as np

        start, self.n_rows = self.n_rows, self.n_rows + frame.height
        names = [name for name in frame.columns if name != LINE]
        for name in names:
            if name not in self._judged:
                self._judged.add(name)
                if any(name_rank(role, name) is not None for role in ("id", "question")):
                    self._hashes[name] = []
        self._hashes[WHOLE_ROW].append((start, hash_cells(frame, names)))
        for name in self._hashes:
            if name in frame.columns and name != LINE:
                self._hashes[name].append((start, hash_cells(frame, [name])))
        self._keep(np.arange(start, self.n_rows), frame)
        limit = min(SAMPLE_ROWS, max(_LEAST_ROWS, SAMPLE_CELLS // max(1, frame.width)))
        while (self._rows > limit or self._bytes > SAMPLE_BYTES) and self._rows > 2 * _FIRST_ROWS:
            self._step *= np.uint64(2)
            kept, self._kept, self._rows, self._bytes = self._kept, [], 0, 0
            for places, part in kept:
                self._keep(places, part)

    def _keep(self, places: NDArray[np.int64], frame: pl.DataFrame) -> None:
        import polars as pl

        if self._step > 1:
            chosen = (_scattered(places) % self._step == 0) | (places < _FIRST_ROWS)
            # A filtered frame would keep the memory of all rows that were read with it: it is made anew.
            cells = frame.filter(chosen).to_dict(as_series=False)
            places, frame = places[chosen], pl.DataFrame(cells, schema=frame.schema)
        self._kept.append((places, frame))
        self._rows += frame.height
        self._bytes += int(frame.estimated_size())

    def sample(self, names: Mapping[str, str]) -> pl.DataFrame:
        """Return the rows kept, with the columns of ``names`` in its order, named by its values, and the line."""
        import polars as pl

        frames = [frame for _, frame in self._kept]
        lacking = pl.DataFrame(schema={**dict.fromkeys(names, pl.String), LINE: pl.Int64})
        whole = pl.concat([lacking, *frames], how="diagonal", rechunk=True)
        # Polars would read a name such as "^a$" as a pattern wherever it computes: the final names are none.
        data = [whole[old].alias(new).fill_null("") for old, new in names.items()]
        return pl.DataFrame([*data, whole[LINE]])

    def hashes(self, names: Mapping[str, str]) -> dict[str, NDArray[np.uint64]]:
        """Return the hash of every row, and of every cell in the columns that may name rows, by the final names."""
        import numpy as np

        found = {}
        for name, parts in self._hashes.items():
            whole = np.zeros(self.n_rows, dtype=np.uint64)
            for start, part in parts:
                whole[start : start + len(part)] = part
            found[names.get(name, name)] = whole
        return found


_PLACE = "__place__"


def _scattered(places: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return numbers without order for 0, 1, 2 ...: the finaliser of SplitMix64 (Steele et al., 2014)."""
    import numpy as np

    x = (places.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def hash_cells(frame: pl.DataFrame, columns: Iterable[str]) -> NDArray[np.uint64]:
    """Return one 64-bit number for each row's stripped cells in ``columns``: 0 when all are empty.

    The number of several columns is the sum (modulo 2**64) of the numbers of each, so that columns can be put
    together later. They hold within one process only. Among ten million different rows two share a number with a
    probability of some 3 in a million.
    """
    import numpy as np
    import polars as pl

    total = np.zeros(frame.height, dtype=np.uint64)
    empty = pl.Series([""], dtype=pl.String).hash().to_numpy()[0]
    for name in columns:
        weight = np.uint64(int(stable_hash("column", name, size=8), 16) | 1)
        total += (frame[name].alias("cell").str.strip_chars(WHITE).hash().to_numpy() - empty) * weight
    return total


def row_hashes(table: Table, columns: Sequence[str]) -> list[NDArray[np.uint64]]:
    """Return the hashes of every row's cells, one array a column; :data:`WHOLE_ROW` stands for all columns.

    What is not known yet costs one reading of the file, and 8 bytes a row and column from then on.
    """
    import numpy as np

    missing = [name for name in dict.fromkeys(columns) if name not in table.hashes]
    if missing:
        parts: dict[str, list[NDArray[np.uint64]]] = {name: [] for name in missing}
        for frame in table.batches():
            for name in missing:
                parts[name].append(hash_cells(frame, table.columns if name == WHOLE_ROW else [name]))
        for name in missing:
            table.hashes[name] = np.concatenate([np.zeros(0, dtype=np.uint64), *parts[name]])
    return [table.hashes[name] for name in columns]


def tells_rows_apart(table: Table, columns: Sequence[str]) -> tuple[int, int, int]:
    """Return how many different rows there are, how many of them are filled in the first of ``columns``, and how many
    of those the columns tell apart. Rows that were copied whole count once."""
    import numpy as np

    rows, *cells = row_hashes(table, [WHOLE_ROW, *columns])
    filled = cells[0] != 0
    together: NDArray[np.uint64] = np.add.reduce(cells)
    return _distinct(rows), _distinct(rows[filled]), _distinct(together[filled])


def _distinct(numbers: NDArray[np.uint64]) -> int:
    import numpy as np

    # Sorting takes 8 bytes a number; numpy.unique would take a hash table.
    ordered = np.sort(numbers)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + (len(ordered) > 0)
