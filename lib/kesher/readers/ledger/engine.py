"""DuckDB behind a guard: in memory, on the named files only, without extensions, network or settings to change."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kesher.readers.findings import Findings
from kesher.readers.opening import DataRoot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MIN_MEMORY, MAX_MEMORY = 700 << 20, 5 << 30
TIMES = 10  # memory over the size of the input; what needs more is spilled
THREADS = 4
SMALL = 256 << 20  # below this one thread adds in one order, so that sums agree to the last digit


class Engine:
    """A locked in-memory database that may read ``files`` and spill into a private folder, and nothing else.

    ``size`` is that of the frames it will be given, bytes. The folder goes when the engine is closed or
    forgotten.
    """

    connection: DuckDBPyConnection

    def __init__(self, files: Sequence[Path] = (), size: int = 0) -> None:
        import duckdb

        scratch = tempfile.mkdtemp(prefix="kesher-")  # for its owner only
        size += sum(file.stat().st_size for file in files)
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "temp_directory": scratch,
            "memory_limit": f"{_memory(size) >> 20}MB",
            "threads": 1 if size < SMALL else min(THREADS, os.cpu_count() or 1),
            "preserve_insertion_order": False,
        }
        self.connection = duckdb.connect(":memory:", config=settings)
        self._close = weakref.finalize(self, _discard, self.connection, scratch)
        if files:
            self.run(f"SET allowed_paths = [{', '.join(literal(file) for file in files)}]")
        self.run("SET TimeZone = 'UTC'")
        self.run("SET enable_external_access = false")
        self.run("SET lock_configuration = true")

    def run(self, statement: str) -> None:
        """Run a statement that gives nothing back."""
        self.connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query: DuckDB 2 keeps a connection busy until they are fetched."""
        return list(self.connection.execute(query).fetchall())

    def one(self, query: str) -> tuple[Any, ...]:
        """The first row of a query."""
        return self.rows(query)[0]

    def table(self, name: str, frame: pd.DataFrame, columns: str = "*") -> None:
        """Copy a frame into a table."""
        self.connection.register("given", frame)
        self.run(f"CREATE TABLE {name} AS SELECT {columns} FROM given")
        self.connection.unregister("given")

    def close(self) -> None:
        """Forget everything, the spilled files too."""
        self._close()


def _discard(connection: DuckDBPyConnection, scratch: str) -> None:
    connection.close()
    shutil.rmtree(scratch, ignore_errors=True)


def _memory(size: int) -> int:
    """Ten times the input, yet at most half of the machine's memory and ``MAX_MEMORY``; bytes."""
    try:
        half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):  # Windows
        half = MAX_MEMORY // 2
    return min(max(TIMES * size, MIN_MEMORY), half, MAX_MEMORY)


@contextmanager
def refusals(findings: Findings) -> Iterator[None]:
    """Within: an error of DuckDB is told as a fault of the file; its text could quote a cell."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException:
        what = "The file needs more memory than there is."
        raise findings.refused("too_large", what, "Keep only the columns that are needed.") from None
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
        raise  # a fault of ours: these name columns, never cells
    except duckdb.Error:
        raise findings.refused("damaged", "The Parquet file can not be read.", "Export it again.") from None


def quote(name: str) -> str:
    """A column's name as SQL writes it, in quotes, its own quotes doubled."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A text as SQL writes it."""
    return "'" + str(text).replace("'", "''") + "'"


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file below the root as it was when it was hashed; DuckDB reads it from its path."""

    findings: Findings
    path: Path
    sha256: str
    state: tuple[int, int, int]

    @property
    def source(self) -> str:
        """The file as SQL reads it, with ``file_row_number``, 0 for the first row."""
        return f"read_parquet({literal(self.path)}, file_row_number = true, hive_partitioning = false)"

    def columns(self, engine: Engine) -> dict[str, str]:
        """The columns and their DuckDB types, in order."""
        with refusals(self.findings):
            rows = engine.rows(f"DESCRIBE SELECT * FROM read_parquet({literal(self.path)}, hive_partitioning = false)")
            spelt = {str(row[0]) for row in engine.rows(f"SELECT name FROM parquet_schema({literal(self.path)})")}
        found = {str(row[0]): str(row[1]) for row in rows}
        if "file_row_number" in map(str.lower, found):
            raise self.findings.refused("strange_name", "A column is called file_row_number.", "Rename it.")
        if found.keys() - spelt:  # DuckDB gave the second another name
            what = "Two columns have one name, or differ only by case."
            raise self.findings.refused("ambiguous_column", what, "Rename all but one, or take them out.")
        return found

    def check(self) -> None:
        """Raise DataRefused where the file is no longer the one that was hashed."""
        if _state(self.path) != self.state:
            raise self.findings.refused("changed", "The file changed while it was read.", "Run again.")


def open_parquet(root: DataRoot, name: str) -> ParquetFile:
    """Hash a Parquet file below the root; raises DataRefused."""
    state = _state(root.file(name))
    return ParquetFile(Findings(name), *root.parquet(name), state)


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def parquet_rows(path: Path) -> int:
    """Rows of a Parquet file, from its footer alone."""
    with closing(Engine([path])) as engine:
        return int(engine.one(f"SELECT sum(num_rows) FROM parquet_file_metadata({literal(path)})")[0] or 0)
