"""What `annotate` adds to its pairs, and what it holds in memory while it goes on.

    python benchmarks/bench_annotate.py overhead --pairs 5000
    python benchmarks/bench_annotate.py memory --rows 200000 --svg memory.svg

overhead: `annotate --no-files` with one worker, against a plain loop of `annotate_pair` over the same bytes
held in memory, one thread each, start-up left out of both. In every round the loop goes over the first half
of the pairs, `annotate` over all, the loop over the second half, each in a fresh process. "cpu" is processor
time, main process and worker together, which suffers less from a busy machine; "wall" is the time from the
first row to the last.
Pictures are 512x512 JPEG, every other pair edited (see bench_speed.py), inside Parquet.

memory: one run over a folder of tars of 64x64 JPEG pairs. Twice a second the resident size of the main
process and of the largest worker is taken. "growth" is the slope of a line through the second half.
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
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from bench_speed import make_pairs
from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.executors.local import KEEP_MEMORY, ONE_THREAD
from maskwright.corpus.parts import parts_done
from maskwright.corpus.status import status
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.values import Encoded, Pair

WARM = 8
"""Pairs that are worked on before anything is timed; also the rows of the run that is start-up alone."""

# ---- overhead --------------------------------------------------------------------------------------------


def pack(pictures: Path, numbers: range, place: Path) -> Path:
    """A Parquet file of these pairs."""
    sides = {
        side: [(pictures / side / f"{number:05d}.jpg").read_bytes() for number in numbers]
        for side in ("original", "edited")
    }
    pq.write_table(pa.table(sides), place, compression="none", row_group_size=100)
    return place


def loop(table: Path, annotator: str) -> dict[str, float]:
    """Seconds of a plain loop over the pairs of a table."""
    cv2.setNumThreads(1)
    rows = pq.read_table(table).to_pylist()
    pairs = [
        Pair(f"{i}", Encoded(row["original"], f"{i}a"), Encoded(row["edited"], f"{i}b"))
        for i, row in enumerate(rows)
    ]
    loaded = load_annotator(annotator)
    for pair in pairs[:WARM]:
        annotate_pair(pair, loaded)
    began, cpu = time.perf_counter(), time.process_time()
    for pair in pairs:
        cv2.setRNGSeed(0)
        annotate_pair(pair, loaded)
    return {"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu}


def whole(table: Path, annotator: str) -> dict[str, float]:
    """Seconds of `annotate` over a table, start-up included in "cpu"."""
    with tempfile.TemporaryDirectory() as out:
        options = Options(files=False)
        summary = annotate(table, Path(out) / "out", annotator=annotator, workers=1, options=options)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "wall": summary.rows_done / (summary.rows_per_s or float("nan")),
        "cpu": sum(each.ru_utime + each.ru_stime for each in used),
    }


def in_a_process(what: str, table: Path, annotator: str) -> dict[str, float]:
    line = [sys.executable, __file__, what, str(table), "--annotator", annotator]
    done = subprocess.run(
        line, stdout=subprocess.PIPE, check=True, env={**os.environ, **ONE_THREAD, **KEEP_MEMORY}
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def overhead(pairs: int, rounds: int, annotator: str, as_json: bool) -> None:
    lines = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        make_pairs(place / "pictures", pairs, 0.0)
        few, first, second, every = (
            pack(place / "pictures", numbers, place / f"{numbers.start}-{numbers.stop}.parquet")
            for numbers in (range(WARM), range(pairs // 2), range(pairs // 2, pairs), range(pairs))
        )
        for _ in range(rounds):
            start = statistics.median(in_a_process("whole", few, annotator)["cpu"] for _ in range(3))
            halves = [in_a_process("loop", first, annotator)]
            found = in_a_process("whole", every, annotator)
            halves.append(in_a_process("loop", second, annotator))
            alone = {kind: sum(half[kind] for half in halves) for kind in found}
            # the short run, too, did its rows
            found["cpu"] -= start - alone["cpu"] * WARM / pairs
            lines.append({"loop": alone, "annotate": found})
    over = {
        kind: [100 * (line["annotate"][kind] / line["loop"][kind] - 1) for line in lines]
        for kind in ("cpu", "wall")
    }
    if as_json:
        print(json.dumps({"annotator": annotator, "pairs": pairs, "rounds": lines, "percent": over}))
        return
    print("ms a pair   loop: cpu    wall   annotate: cpu    wall   overhead %: cpu    wall")
    for number, line in enumerate(lines):
        times = [1000 * line[what][kind] / pairs for what in ("loop", "annotate") for kind in ("cpu", "wall")]
        print(
            f"{number + 1:9d} {times[0]:11.2f} {times[1]:7.2f} {times[2]:15.2f} {times[3]:7.2f}"
            f" {over['cpu'][number]:17.1f} {over['wall'][number]:7.1f}"
        )
    middle = {kind: statistics.median(values) for kind, values in over.items()}
    print(f"overhead {middle['cpu']:.1f} % of processor time, {middle['wall']:.1f} % of wall clock")
    print(f"{annotator}, {pairs} pairs, 512x512 JPEG in Parquet, one worker; {about()}")


# ---- memory ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """Resident megabytes `seconds` after the start."""

    seconds: float
    rows: int
    main_mb: float
    worker_mb: float


def write_tars(folder: Path, rows: int, side: int, distinct: int = 500, each: int = 10_000) -> None:
    """Tars of `each` pairs, of which `distinct` differ: smooth pictures, half of them edited."""
    files = []
    for number in range(distinct):
        rng = np.random.default_rng(number)
        rough = rng.integers(0, 256, (8, 8, 3), np.uint8)
        original = np.asarray(cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC))
        edited = original.copy()
        if number % 2:
            edited[side // 4 : side // 2, side // 4 : side // 2] ^= 255
        files.append([cv2.imencode(".jpg", picture)[1].tobytes() for picture in (original, edited)])
    for first in range(0, rows, each):
        with tarfile.open(folder / f"{first:08d}.tar", "w") as tar:
            for number in range(first, min(first + each, rows)):
                for name, data in zip(("original", "edited"), files[number % distinct], strict=True):
                    member = tarfile.TarInfo(f"{number:08d}.{name}.jpg")
                    member.size = len(data)
                    tar.addfile(member, BytesIO(data))


def watched(process: psutil.Popen, out: Path, rows_a_part: int) -> Iterator[Moment]:
    """Moments of a run until it ends."""
    began = time.monotonic()
    while process.poll() is None:
        time.sleep(0.5)
        try:
            main = process.memory_info().rss
            workers = [child.memory_info().rss for child in process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        if workers:
            rows = len(parts_done(out)) * rows_a_part
            yield Moment(time.monotonic() - began, rows, main / 1e6, max(workers) / 1e6)


def memory(rows: int, side: int, workers: int, svg: Path | None, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name) / "source", Path(name) / "out"
        source.mkdir()
        write_tars(source, rows, side)
        options = ["--no-files", "--workers", str(workers)]
        line = [sys.executable, "-m", "maskwright", "annotate", str(source), str(out), *options]
        began = time.monotonic()
        with (Path(name) / "said").open("w+") as said:
            process = psutil.Popen(line, stdout=subprocess.DEVNULL, stderr=said)
            moments = list(watched(process, out, 2000 if rows >= 128_000 else -(-rows // 64)))
            seconds = time.monotonic() - began
            said.seek(0)
            if process.returncode:
                sys.exit(said.read())
        if (done := status(out).rows_done) != rows:
            sys.exit(f"the run ended after {done} of {rows} rows")
    growth = {kind: slope(moments, kind, rows) for kind in ("main_mb", "worker_mb")}
    if svg is not None:
        svg.write_text(curve(moments, rows, side), encoding="utf-8")
    if as_json:
        print(json.dumps({"rows": rows, "seconds": seconds, "moments": [*map(asdict, moments)], **growth}))
        return
    print("   s      rows  main MB  worker MB")
    for moment in moments[:: max(1, len(moments) // 16)]:
        print(f"{moment.seconds:4.0f} {moment.rows:9,d} {moment.main_mb:8.0f} {moment.worker_mb:10.0f}")
    print(
        f"growth over the second half: main {growth['main_mb']:+.1f} MB, worker {growth['worker_mb']:+.1f} MB"
    )
    print(f"{rows:,} rows of {side}x{side}, {rows / seconds:.0f} rows a second, {workers} workers; {about()}")


def slope(moments: list[Moment], kind: str, rows: int) -> float:
    """Megabytes gained from half-time to the end, by a line through what was measured then."""
    half = [each for each in moments if each.seconds >= moments[-1].seconds / 2]
    seconds = np.array([each.seconds for each in half])
    per_second = np.polyfit(seconds, [getattr(each, kind) for each in half], 1)[0]
    return float(per_second * (seconds[-1] - seconds[0]))


def curve(moments: list[Moment], rows: int, side: int) -> str:
    """Both sizes over time as an SVG of 640x240."""
    last, top = moments[-1].seconds, 1.15 * max(max(each.main_mb, each.worker_mb) for each in moments)

    def line(kind: str) -> str:
        return " ".join(
            f"{40 + 590 * each.seconds / last:.1f},{210 - 190 * getattr(each, kind) / top:.1f}"
            for each in moments
        )

    grid = "".join(
        f'<path d="M40 {210 - 190 * mb / top:.1f}H630" stroke="#ddd"/>'
        f'<text x="36" y="{214 - 190 * mb / top:.1f}" text-anchor="end">{mb}</text>'
        for mb in range(0, int(top) + 1, 50)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 240" font-family="sans-serif"'
        ' font-size="11" fill="#333"><rect width="640" height="240" fill="#fff"/>'
        f"{grid}"
        f'<polyline points="{line("worker_mb")}" fill="none" stroke="#b3541e" stroke-width="1.5"/>'
        f'<polyline points="{line("main_mb")}" fill="none" stroke="#1e5fb3" stroke-width="1.5"/>'
        f'<text x="40" y="12">resident MB: largest worker (brown), main process (blue);'
        f" {rows:,} rows of {side}x{side}</text>"
        f'<text x="40" y="230">0 s</text><text x="630" y="230" text-anchor="end">{last:.0f} s</text></svg>\n'
    )


def about() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", default="both", choices=["both", "overhead", "memory"])
    parser.add_argument("--pairs", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--annotator", default=DEFAULT)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--svg", type=Path, help="where the curve of the memory goes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.what != "memory":
        overhead(options.pairs, options.rounds, options.annotator, options.json)
    if options.what != "overhead":
        memory(options.rows, options.side, options.workers, options.svg, options.json)


def one_process(words: list[str]) -> bool:
    """Whether this process is one of a round: `loop TABLE` or `whole TABLE`."""
    measured: dict[str, Any] = {"loop": loop, "whole": whole}
    if len(words) != 4 or words[0] not in measured:
        return False
    print(json.dumps(measured[words[0]](Path(words[1]), words[3])))
    return True


if __name__ == "__main__" and not one_process(sys.argv[1:]):
    main()
