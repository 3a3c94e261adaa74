"""Cost of a pair and peak memory of `annotate` as the number of pairs grows: both should stay flat.

    python benchmarks/bench_scale.py [--sizes 100 1000 10000] [--side 256] [--workers 1] [--json]

A table names the same 50 JPEG pairs over and over, half of them edited, so that only the number of
rows changes. Every size in a fresh process. "cpu" is the workers' and main process's processor time
without their start (a run over 8 rows is taken off); it does not suffer from a busy machine as the
wall clock does. Memory is the peak resident size of the main process and of the largest worker.
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
from pathlib import Path

import cv2
import numpy as np

DISTINCT = 50


def make_pictures(folder: Path, side: int) -> None:
    """Pairs of JPEG pictures: smooth colours with texture; every other one with an inverted rectangle."""
    for number in range(DISTINCT):
        rng = np.random.default_rng(number)
        rough = rng.integers(0, 256, (12, 12, 3), np.uint8)
        smooth = cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        grain = cv2.GaussianBlur(rng.normal(0, 40, (side, side, 3)).astype(np.float32), (0, 0), 1.2)
        original = np.clip(smooth + grain, 0, 255).astype(np.uint8)
        edited = original.copy()
        if number % 2:
            edited[side // 4 : side // 2, side // 4 : side // 2] ^= 255
        for name, picture, quality in (("a", original, 92), ("b", edited, 85)):
            data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            (folder / f"{number}{name}.jpg").write_bytes(data.tobytes())


def measure(source: str, out: str, workers: int) -> None:
    """One run in this process; prints its cost as JSON."""
    from maskwright.corpus.annotate import Options, annotate

    summary = annotate(source, out, workers=workers, options=Options(files=False))
    mine, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    record = {
        "pairs": summary.rows_done,
        "wall_ms_a_pair": 1000 / (summary.rows_per_s or float("nan")),
        "cpu_s": mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime,
        "main_mb": mine.ru_maxrss / 1024,
        "worker_mb": theirs.ru_maxrss / 1024,
    }
    print(json.dumps(record))


def run(place: Path, pairs: int, workers: int) -> dict[str, float]:
    table = place / f"table{pairs}.csv"
    lines = [f"{row % DISTINCT}a.jpg,{row % DISTINCT}b.jpg" for row in range(pairs)]
    table.write_text("\n".join(["original,edited", *lines]) + "\n")
    command = [sys.executable, __file__, "--measure", str(table), str(place / f"out{pairs}")]
    done = subprocess.run([*command, "--workers", str(workers)], stdout=subprocess.PIPE, check=True)
    record: dict[str, float] = json.loads(done.stdout)
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure, options.workers)
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        make_pictures(place, options.side)
        start = run(place, 8, options.workers)
        rows = []
        for size in options.sizes:
            row = run(place, size, options.workers)
            row["cpu_ms_a_pair"] = 1000 * (row["cpu_s"] - start["cpu_s"]) / (size - 8)
            rows.append(row)
            if not options.json:
                if size == options.sizes[0]:
                    about = f"{options.side}x{options.side} JPEG, {options.workers} worker(s) of one thread"
                    print(f"{about}, {os.cpu_count()} cores, Python {platform.python_version()}")
                    print("  pairs  cpu ms/pair  wall ms/pair  main MB  worker MB")
                print(
                    f"{size:7d} {row['cpu_ms_a_pair']:12.2f} {row['wall_ms_a_pair']:13.2f}"
                    f" {row['main_mb']:8.0f} {row['worker_mb']:10.0f}",
                    flush=True,
                )
        if options.json:
            print(json.dumps({"side": options.side, "workers": options.workers, "rows": rows}))


if __name__ == "__main__":
    main()
