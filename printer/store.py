"""What outlives a print: one SQLite file with a row for each job and each spool, and a folder for each job.

    data folder/history.db
    data folder/jobs/000017/     the job's folder: see `record`

Several processes may use it at once. A row is written when its job begins, so that also a killed one is found again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from printer.errors import NoSuchEntry, StoreError
from printer.spools import Spool, checked

VERSION = 1
SCHEMA = """
create table jobs (
    id integer primary key autoincrement,
    began text not null,
    printer text not null,
    file text not null,
    sha256 text not null,
    state text not null,
    reason text not null default '',
    predicted_s real not null default 0,
    elapsed_s real not null default 0,
    printing_s real not null default 0,
    layers integer not null default 0,
    filament_mm real not null default 0,
    filament_g real not null default 0,
    resends integer not null default 0,
    underruns integer not null default 0
);
create index jobs_by_file on jobs (sha256);
create table spools (
    id integer primary key autoincrement,
    name text not null,
    material text not null,
    colour text not null,
    diameter real not null,
    density real not null,
    full real not null,
    left real not null
);
create table loaded (
    printer text not null,
    tool integer not null,
    spool integer not null references spools (id) on delete cascade,
    primary key (printer, tool)
);
create table used (
    job integer not null references jobs (id),
    tool integer not null,
    spool integer references spools (id) on delete set null,
    mm real not null,
    grams real not null,
    primary key (job, tool)
);
"""
PATIENCE_S = 10.0
"""Seconds to wait for another process that writes."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job: what it was, and what became of it; s, mm, g. `began` is a date in UTC (ISO 8601)."""

    began: str
    printer: str
    file: str
    sha256: str
    state: str
    reason: str = ""
    predicted_s: float = 0.0
    elapsed_s: float = 0.0
    printing_s: float = 0.0
    layers: int = 0
    filament_mm: float = 0.0
    filament_g: float = 0.0
    resends: int = 0
    underruns: int = 0
    id: int = 0


class Store:
    """The history and the spools in a folder, which is made where it is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with _mapped(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / "history.db", timeout=PATIENCE_S, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ jobs

    def begin(self, row: JobRow) -> tuple[int, Path]:
        """Write the row of a job that begins; return its number and its new folder."""
        with self._change() as db:
            values = {name: value for name, value in asdict(row).items() if name != "id"}
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            made = number = int(db.execute(f"insert into jobs ({names}) values ({marks})", values).lastrowid or 0)
            while self.job_folder(number).exists():  # of a history that was lost, or could not be written
                number += 1
            db.execute("update jobs set id = ? where id = ?", (number, made))
            self.job_folder(number).mkdir(parents=True)
        return number, self.job_folder(number)

    def finish(self, number: int, facts: Mapping[str, Any], used: Mapping[int, float]) -> dict[int, float]:
        """Write what became of a job, and take mm by tool from the spools that are loaded; return grams by tool."""
        with self._change() as db:
            printer = self.job(number).printer
            loaded = self.loaded(printer)
            grams = {tool: mm * (loaded.get(tool) or Spool(0, "any")).grams_per_mm for tool, mm in used.items()}
            for tool, mm in used.items():
                spool = loaded[tool].id if tool in loaded else None
                db.execute("insert or replace into used values (?, ?, ?, ?, ?)", (number, tool, spool, mm, grams[tool]))
                db.execute("update spools set left = left - ? where id = ?", (grams[tool], spool))
            values = {**facts, "filament_mm": sum(used.values()), "filament_g": sum(grams.values())}
            db.execute(f"update jobs set {', '.join(f'{name} = :{name}' for name in values)} where id = :id",
                       {**values, "id": number})  # fmt: skip
        return grams

    def jobs(self, most: int = 100, state: str = "") -> list[JobRow]:
        """Return the latest jobs, the newest first."""
        with _mapped(self.folder):
            wanted, values = ("where state = ?", [state]) if state else ("", [])
            found = self._db.execute(f"select * from jobs {wanted} order by id desc limit ?", [*values, most])
            return [JobRow(**row) for row in found]

    def job(self, number: int) -> JobRow:
        """Return one job. Raises `NoSuchEntry` where there is none."""
        with _mapped(self.folder):
            row = self._db.execute("select * from jobs where id = ?", [number]).fetchone()
        if row is None:
            raise NoSuchEntry(f"there is no job {number}; `fabthread history` lists them")
        return JobRow(**row)

    def job_folder(self, number: int) -> Path:
        """Return the folder of a job."""
        return self.folder / "jobs" / f"{number:06d}"

    # ------------------------------------------------------------ spools

    def add(self, spool: Spool) -> Spool:
        """Add a spool; return it with its number."""
        checked(spool)
        values = {k: v for k, v in asdict(spool).items() if k not in ("id", "loaded")}
        with self._change() as db:
            made = db.execute(
                "insert into spools (name, material, colour, diameter, density, full, left)"
                " values (:name, :material, :colour, :diameter, :density, :full, :left)",
                values,
            )
            return self.spool(int(made.lastrowid or 0))

    def spools(self) -> list[Spool]:
        """Return all spools."""
        with _mapped(self.folder):
            places: dict[int, list[str]] = {}
            for row in self._db.execute("select * from loaded order by printer, tool"):
                places.setdefault(row["spool"], []).append(f"{row['printer']}/{row['tool']}")
            found = self._db.execute("select * from spools order by id")
            return [Spool(**row, loaded=tuple(places.get(row["id"], ()))) for row in found]

    def spool(self, which: int | str) -> Spool:
        """Return a spool by its number or its name. Raises `NoSuchEntry` where there is none, or more than one."""
        text = str(which)
        all_ = self.spools()
        found = [s for s in all_ if str(s.id) == text] or [s for s in all_ if s.name == text]
        if len(found) != 1:
            what = "several spools are" if found else "no spool is"
            raise NoSuchEntry(f"{what} called {text!r}; `fabthread spools list` shows their numbers")
        return found[0]

    def use(self, which: int | str, printer: str, tool: int = 0) -> Spool:
        """Say that a spool is in a printer now; a printer's tool holds one, and a spool is in one place."""
        spool = self.spool(which)
        with self._change() as db:
            db.execute("delete from loaded where spool = ?", [spool.id])
            db.execute("insert or replace into loaded values (?, ?, ?)", (printer, tool, spool.id))
        return self.spool(spool.id)

    def adjust(self, which: int | str, left: float) -> Spool:
        """Set the grams that are left."""
        spool = self.spool(which)
        if not 0 <= left <= 1e5:
            raise NoSuchEntry(f"a spool cannot have {left:g} g left: 0 to 100000")
        with self._change() as db:
            db.execute("update spools set left = ? where id = ?", (left, spool.id))
        return self.spool(spool.id)

    def remove(self, which: int | str) -> Spool:
        """Forget a spool; the jobs that were printed from it stay."""
        spool = self.spool(which)
        with self._change() as db:
            db.execute("delete from spools where id = ?", [spool.id])
        return spool

    def loaded(self, printer: str) -> dict[int, Spool]:
        """Return the spools in a printer, by tool."""
        spools = {spool.id: spool for spool in self.spools()}
        with _mapped(self.folder):
            found = self._db.execute("select tool, spool from loaded where printer = ?", [printer])
            return {row["tool"]: spools[row["spool"]] for row in found}

    # ------------------------------------------------------------ the file

    def _open(self) -> None:
        """Prepare the connection, and the tables where they are not there."""
        self._db.row_factory = lambda cursor, row: {c[0]: v for c, v in zip(cursor.description, row, strict=True)}
        self._db.execute("pragma foreign_keys = on")
        self._db.execute("pragma journal_mode = wal")
        with self._change() as db:
            version = db.execute("pragma user_version").fetchone()["user_version"]
            if version > VERSION:
                raise StoreError(f"{self.folder} was written by a newer fabthread: use that one, or another folder")
            if version == 0:
                for statement in SCHEMA.split(";"):
                    db.execute(statement)
                db.execute(f"pragma user_version = {VERSION}")

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """Do all of it or nothing."""
        with _mapped(self.folder):
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")


@contextmanager
def _mapped(folder: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the disk into ours."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        what = f"cannot use the history in {folder}: {reason}"
        raise StoreError(f"{what} (FABTHREAD_DATA names another folder)") from None
