"""Time and memory of `select` beside reading the same columns with pyarrow, as the corpus grows.

    python benchmarks/bench_select.py [--rows 250000 1000000] [--rounds 3] [--keep DIR] [--json]
    python benchmarks/bench_select.py --threshold 0.3 --rows 4000 16000

A corpus of so many rows is made from the real annotations of 50 made pairs: parts of 2,000 rows in row
groups of 100, as `annotate` writes them, scores moved by chance, ids of their own, pictures left out (no
condition can name them). With --threshold the masks and maps of 256 x 256 are there, and `select` decodes
every change map; memory is what to look at then.

Every measurement is a fresh process on one thread (with --threshold, maps are decoded on all), after a round
that warms the file cache. `reading` opens each part with `pyarrow.parquet` and reads the columns that
`select` needs (id, status, qes, confidence, area_frac and those of the conditions), keeping nothing; `select`
does all that the command does: conditions, funnel, spread of the scores, digest of the parts, and the two
files. Times are without imports, peak resident memory is with them. Processor time suffers less from a busy
machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench_scale import make_pictures
from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.parts import part_path
from maskwright.corpus.plan import ANNOTATIONS, Planned, freeze_run, load_run
from maskwright.corpus.reader import open_corpus
from maskwright.pairs.sources import Part

PAIRS, ROWS_IN_PART, ROWS_IN_GROUP = 50, 2000, 100
WHERE = ("qes > 0.5", "area_frac <= 0.6", "background <> 'redrawn'")
COLUMNS = ("id", "status", "qes", "confidence", "area_frac", "background")


def grow(folder: Path, rows: int, out: Path, *, pictures: bool) -> None:
    """A finished run of so many rows, from one real run over every pair."""
    small = folder / "small"
    if not small.exists():
        lines = ["original,edited", *(f"{pair}a.jpg,{pair}b.jpg" for pair in range(PAIRS))]
        (folder / "small.csv").write_text("\n".join(lines) + "\n")
        annotate(folder / "small.csv", small, options=Options(files=False))
    run, corpus = load_run(small), open_corpus(small)
    known = corpus.table(corpus.columns).take(pa.array(np.arange(ROWS_IN_PART) % PAIRS))
    plan = [
        Planned(Part(number, "small.csv", number * ROWS_IN_PART, ROWS_IN_PART, 0, ""))
        for number in range(rows // ROWS_IN_PART)
    ]
    (out / ANNOTATIONS).mkdir(parents=True)
    freeze_run(out, replace(run, source=str(folder / "small.csv")), plan)
    rng = np.random.default_rng(0)
    words = [field.name for field in known.schema if pa.types.is_string(field.type)]
    for planned in plan:
        columns = []
        for field in known.schema:
            column = known[field.name]
            if field.name == "id":
                column = pa.array([f"small.csv#{planned.part.start + row}" for row in range(ROWS_IN_PART)])
            elif field.name in run.frozen.pictures and not pictures:
                column = pa.nulls(ROWS_IN_PART, field.type)
            elif field.type == pa.float64():
                moved = column.to_numpy() * rng.uniform(0.9, 1.1, ROWS_IN_PART)
                moved = np.minimum(moved, 1) if field.name in ("qes", "area_frac", "confidence") else moved
                column = pa.array(moved, from_pandas=True)
            columns.append(column)
        pq.write_table(
            pa.table(columns, schema=known.schema),
            part_path(out, planned.part.number),
            version="2.6",
            compression="zstd",
            use_dictionary=words,
            row_group_size=ROWS_IN_GROUP,
            write_page_checksum=True,
        )


def reading(out: Path, threshold: float | None) -> int:
    """The least that has to be done."""
    columns = [*COLUMNS, *([] if threshold is None else ["change"])]
    rows = 0
    for path in sorted((out / ANNOTATIONS).iterdir()):
        with pq.ParquetFile(path) as part:
            groups = (
                part.read_row_group(group, columns, use_threads=False) for group in range(part.num_row_groups)
            )
            rows += (
                part.read(columns, use_threads=False).num_rows if threshold is None else sum(map(len, groups))
            )
    return rows


def selecting(out: Path, threshold: float | None) -> int:
    from maskwright.datasets.selecting.select import select

    return select(out, WHERE, name="bench", threshold=threshold).funnel[0].left


def measure(what: str, out: str, threshold: float | None) -> None:
    """One round in this process; prints its cost as JSON."""
    pa.set_cpu_count(1)
    from maskwright.datasets.selecting import select  # noqa: F401  (imports are not timed)

    start, used = time.perf_counter(), time.process_time()
    rows = {"reading": reading, "select": selecting}[what](Path(out), threshold)
    record = {
        "rows": rows,
        "wall_s": time.perf_counter() - start,
        "cpu_s": time.process_time() - used,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(record))


def measured(what: str, out: Path, threshold: float | None, rounds: int) -> dict[str, float]:
    """Median and spread of some rounds, each in a process of its own; the first only warms the file cache."""
    at = [] if threshold is None else ["--threshold", str(threshold)]
    records = []
    for _ in range(rounds + 1):
        done = subprocess.run(
            [sys.executable, __file__, "--measure", what, str(out), *at],
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"},
            check=True,
        )
        records.append(json.loads(done.stdout))
    times = [record["wall_s"] for record in records[1:]]
    return {
        "wall_s": statistics.median(times),
        "cpu_s": statistics.median(record["cpu_s"] for record in records[1:]),
        "least_s": min(times),
        "most_s": max(times),
        "peak_mb": max(record["peak_mb"] for record in records),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[250_000, 1_000_000])
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="a folder for the corpora; else they are removed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure, options.threshold)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        make_pictures(folder, 256)
        versions = f"Python {platform.python_version()}, pyarrow {pa.__version__}, one thread"
        if not options.json:
            print(f"select {' '.join(f'--where {json.dumps(each)}' for each in WHERE)}; {versions}")
            print(
                "     rows  what      wall s  (least to most)  times reading   cpu s  times reading  peak MB"
            )
        found = []
        for rows in options.rows:
            pictures = options.threshold is not None
            out = folder / f"out{rows}{'-maps' if pictures else ''}"
            if not out.exists():
                grow(folder, rows, out, pictures=pictures)
            floor: dict[str, float] = {}
            for what in ("reading", "select"):
                row = measured(what, out, options.threshold, options.rounds)
                floor = floor or row
                wall, cpu = (row[name] / floor[name] for name in ("wall_s", "cpu_s"))
                found.append({"rows": rows, "what": what, **row, "wall_ratio": wall, "cpu_ratio": cpu})
                if not options.json:
                    print(
                        f"{rows:9,d}  {what:8s} {row['wall_s']:7.2f}"
                        f"  ({row['least_s']:6.2f} to {row['most_s']:6.2f})  {wall:12.2f}"
                        f"  {row['cpu_s']:6.2f}  {cpu:13.2f}  {row['peak_mb']:7.0f}",
                        flush=True,
                    )
        if options.json:
            print(json.dumps({"versions": versions, "where": WHERE, "found": found}))


if __name__ == "__main__":
    main()
