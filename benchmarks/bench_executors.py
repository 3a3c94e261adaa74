"""What a second worker brings, and what Ray costs: whole runs on one machine, as ratios in one round.

    python benchmarks/bench_executors.py [--rows 1600] [--side 512] [--rounds 3] [--json]

A table names the same 50 JPEG pairs over and over. Every round runs one local worker, two local ones,
and two of a Ray cluster that the run starts, one after the other, each in a fresh process. Only the
middle three quarters of the parts count, so starting and the last worker's last part are left out.
"rows/s" is by the clock and wants two free cores; "cpu" is the processor time of all processes of the
run, Ray's own among them, and suffers less where others work too. Without Ray its column is missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench_scale import DISTINCT, make_pictures
from maskwright.corpus.parts import parts_done
from maskwright.corpus.plan import load_plan

RUN = """
import sys
from maskwright.corpus.annotate import Options, annotate
source, out, executor, workers = sys.argv[1:]
annotate(source, out, workers=int(workers), executor=executor, options=Options(files=False))
"""
LOCAL_1, LOCAL_2, RAY_2 = ("local", 1), ("local", 2), ("ray", 2)


@dataclass(frozen=True)
class Cost:
    """Of the middle of a run."""

    rows_per_s: float
    cpu_ms_a_row: float


def cost(source: Path, out: Path, executor: str, workers: int) -> Cost:
    words = [sys.executable, "-c", RUN, str(source), str(out), executor, str(workers)]
    with subprocess.Popen(words) as process:
        while not (out / "plan.parquet").exists():
            time.sleep(0.02)
        rows = {each.part.number: each.rows for each in load_plan(out)}
        seen = []
        for share in (1 / 8, 7 / 8):
            while len(done := parts_done(out)) < share * len(rows):
                if process.poll() not in (None, 0):
                    sys.exit("the run failed")
                time.sleep(0.01)
            seen.append((time.monotonic(), cpu_s(process.pid), sum(rows[number] for number in done)))
    (began_s, before_s, first), (ended_s, after_s, last) = seen
    return Cost((last - first) / (ended_s - began_s), 1000 * (after_s - before_s) / (last - first))


def cpu_s(pid: int) -> float:
    """Processor time of a process and all below it, as far as they live."""
    root = psutil.Process(pid)
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1600)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    contestants = [LOCAL_1, LOCAL_2, *([RAY_2] if importlib.util.find_spec("ray") else [])]
    rounds: list[dict[tuple[str, int], Cost]] = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        make_pictures(place, options.side)
        table = place / "table.csv"
        lines = [f"{row % DISTINCT}a.jpg,{row % DISTINCT}b.jpg" for row in range(options.rows)]
        table.write_text("\n".join(["original,edited", *lines]) + "\n")
        if not options.json:
            print(
                f"{options.rows} pairs, {options.side}x{options.side} JPEG, {os.cpu_count()} cores,", end=" "
            )
            print(f"Python {platform.python_version()}; rows/s, cpu ms/row")
            print("round" + "".join(f"{f'{executor} x{workers}':>16}" for executor, workers in contestants))
        for number in range(options.rounds):
            rounds.append(
                {each: cost(table, place / f"{number}{each[0]}{each[1]}", *each) for each in contestants}
            )
            if not options.json:
                cells = (f"{each.rows_per_s:8.1f}{each.cpu_ms_a_row:8.1f}" for each in rounds[-1].values())
                print(f"{number:5d}" + "".join(cells), flush=True)
    ratios = {
        "rows/s, two local workers over one": [
            each[LOCAL_2].rows_per_s / each[LOCAL_1].rows_per_s for each in rounds
        ]
    }
    if RAY_2 in contestants:
        ratios["time a row, Ray over local"] = [
            each[LOCAL_2].rows_per_s / each[RAY_2].rows_per_s for each in rounds
        ]
        ratios["cpu a row, Ray over local"] = [
            each[RAY_2].cpu_ms_a_row / each[LOCAL_2].cpu_ms_a_row for each in rounds
        ]
    if options.json:
        costs = [{f"{name} x{n}": vars(found) for (name, n), found in each.items()} for each in rounds]
        print(json.dumps({"rows": options.rows, "side": options.side, "rounds": costs, "ratios": ratios}))
        return
    for what, values in ratios.items():
        print(f"{what}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
