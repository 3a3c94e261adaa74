"""Time, memory and size of `report` as the corpus grows.

    python benchmarks/bench_report.py [--rows 100 10000 100000] [--keep DIR] [--json]

A corpus of so many rows is written from the real annotations of 50 made pairs (half of them edited),
their scores moved by chance, so that only the number of rows changes. `report` with --by and --pair-on
then runs in a fresh process: wall time and peak resident memory are of that process, imports included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench_scale import DISTINCT, make_pictures
from maskwright.corpus.annotate import Options, annotate, run_of
from maskwright.corpus.names import file_name
from maskwright.corpus.parts import write_part
from maskwright.corpus.plan import ANNOTATIONS, drawn, freeze_run, load_run
from maskwright.corpus.reader import open_corpus
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.pairs.sources import open_source

MODELS = ("paint", "swap", "restyle")


def table_of(folder: Path, name: str, rows: int) -> Path:
    """A table of so many rows over the same pairs; each original is edited once by every model."""
    lines = [
        f"{row // len(MODELS) % DISTINCT}a.jpg,{row // len(MODELS) % DISTINCT}b.jpg,"
        f"{MODELS[row % len(MODELS)]},scene {row // len(MODELS)}"
        for row in range(rows)
    ]
    path = folder / name
    path.write_text("\n".join(["original,edited,model,scene", *lines]) + "\n")
    return path


def grow(folder: Path, rows: int, out: Path) -> None:
    """A finished run of so many rows, from one real run over every pair."""
    small = folder / "small"
    if not small.exists():
        annotate(table_of(folder, "small.csv", DISTINCT * len(MODELS)), small, options=Options(files=False))
    corpus = open_corpus(small)
    known: list[dict[str, Any]] = corpus.table(corpus.columns).to_pylist()
    source = open_source(table_of(folder, f"table{rows}.csv", rows))
    plan = drawn(source.plan(), None, 0)
    (out / ANNOTATIONS).mkdir(parents=True)
    freeze_run(out, run_of(source, DEFAULT, load_annotator(DEFAULT).card, Options()), plan)
    run = load_run(out)
    moved = [
        field.name for field in run.frozen.arrow if field.type == pa.float64() and field.name != "area_frac"
    ]
    rng = np.random.default_rng(0)
    for planned in plan:
        part = []
        for place in range(planned.part.start, planned.part.start + planned.part.rows):
            row = dict(known[place % len(known)])
            row["id"] = f"{planned.part.file}#{place}"
            row["file"], row["scene"] = file_name(row["id"]), f"scene {place // len(MODELS)}"
            by = float(rng.uniform(0.9, 1.1))
            row |= {
                name: min(row[name] * by, 1.0) if name == "qes" else row[name] * by
                for name in moved
                if row[name]
            }
            part.append(row)
        write_part(out, run, planned.part.number, part)


def measure(out: str, page: str) -> None:
    """One report in this process; prints its cost as JSON."""
    start = time.perf_counter()
    from maskwright.corpus.report import report

    report(out, by="model", pair_on="scene").save(page)
    record = {
        "wall_s": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "page_mb": os.path.getsize(page) / 1e6,
    }
    print(json.dumps(record))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 10_000, 100_000])
    parser.add_argument("--keep", type=Path, help="a folder for the corpora and pages; else they are removed")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        make_pictures(folder, 256)
        found = []
        if not options.json:
            print(
                f"report --by model --pair-on scene, {os.cpu_count()} cores,"
                f" Python {platform.python_version()}"
            )
            print("   rows  wall s  peak MB  page MB")
        for rows in options.rows:
            out, page = folder / f"out{rows}", folder / f"report{rows}.html"
            if not out.exists():
                grow(folder, rows, out)
            command = [sys.executable, __file__, "--measure", str(out), str(page)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            row = {"rows": rows, **json.loads(done.stdout)}
            found.append(row)
            if not options.json:
                print(
                    f"{rows:7d} {row['wall_s']:7.1f} {row['peak_mb']:8.0f} {row['page_mb']:8.2f}", flush=True
                )
        if options.json:
            print(json.dumps({"python": platform.python_version(), "rows": found}))


if __name__ == "__main__":
    main()
