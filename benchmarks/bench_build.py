"""Memory and time of `build` as rows grow, beside decoding and encoding the same pictures; and resumed.

    python benchmarks/bench_build.py [--rows 500 4000] [--side 128] [--format imagefolder] [--json]

Every row is a pair of made pictures of its own (no photograph twice, so nothing is grouped), annotated by
`difference` and selected. Each measurement is a fresh process; one worker, one thread. `floor` opens the two
pictures of every row with Pillow and stores them as PNG as `build` does, without alignment, checksums, fsync
or card. `again` is the same line once more on the finished dataset: what resuming costs before anything is
written. `killed` ends the build with SIGKILL when half of the pictures are there, types the line again, and
compares every byte with the undisturbed dataset. Peak memory is that of the parent and of its largest worker.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from maskwright.corpus.annotate import Options, annotate
from maskwright.datasets.selecting.select import select
from maskwright.datasets.shortcuts.containers import Encoding, encode

PNG = Encoding("png")


def make_source(place: Path, rows: int, side: int) -> Path:
    """Pairs of noise at three scales with an inverted square, as PNG, and their table."""
    place.mkdir(parents=True)
    lines = []
    for number in range(rows):
        rng = np.random.default_rng(number)
        picture = np.zeros((side, side, 3), np.float32)
        for cells in (4, 16, side):
            rough = rng.integers(0, 256, (cells, cells, 3), np.uint8)
            picture += np.asarray(Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)) / 3
        original = picture.astype(np.uint8)
        edited = original.copy()
        at = int(rng.integers(0, side // 2))
        edited[at : at + side // 4, at : at + side // 3] ^= 255
        for name, pixels in (("a", original), ("b", edited)):
            Image.fromarray(pixels).save(place / f"{number}{name}.png", compress_level=1)
        lines.append((f"{number}a.png", f"{number}b.png", "CC BY 4.0"))
    with (place / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("original", "edited", "licence"), *lines])
    return place / "pairs.csv"


def build_once(out: str, dataset: str, format: str) -> None:
    from maskwright.datasets.building.build import build

    build(dataset, outs=[out], selection="bench", format=format, workers=1)


def floor(source: str) -> None:
    for path in sorted(Path(source).parent.glob("*.png")):
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            encode(np.asarray(picture.convert("RGB")), PNG)


def measure(words: list[str]) -> None:
    """One run in this process; prints its cost as JSON."""
    import maskwright.datasets.building.build  # noqa: F401  (imports are not timed)

    workers, done = [0.0], threading.Event()
    watch = threading.Thread(target=watch_workers, args=(workers, done))
    watch.start()
    start = time.perf_counter()
    {"build": build_once, "floor": floor}[words[0]](*words[1:])
    wall_s = time.perf_counter() - start
    done.set()
    watch.join()
    print(json.dumps({"wall_s": wall_s, "parent_mb": peak_mb(os.getpid()), "worker_mb": workers[0]}))


def watch_workers(largest: list[float], done: threading.Event) -> None:
    """Keep the peak of the largest child in `largest`, until `done`."""
    while not done.wait(0.1):
        for child in psutil.Process().children(recursive=True):
            largest[0] = max(largest[0], peak_mb(child.pid))


def peak_mb(pid: int) -> float:
    """Peak memory since the process's program began; `ru_maxrss` begins with that of whoever started it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def measured(*words: object) -> dict[str, float]:
    done = subprocess.run(command(*words), stdout=subprocess.PIPE, check=True, env=one_thread())
    found: dict[str, float] = json.loads(done.stdout)
    return found


def command(*words: object) -> list[str]:
    return [sys.executable, __file__, "--measure", *map(str, words)]


def one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def killed_at_half(out: Path, dataset: Path, format: str, rows: int) -> dict[str, float]:
    """The cost of the second sitting."""
    process = subprocess.Popen(
        command("build", out, dataset, format), stdout=subprocess.DEVNULL, env=one_thread()
    )
    while sum(1 for _ in dataset.rglob("images/*.png")) < rows / 2:
        if process.poll() is not None:
            raise SystemExit("it ended before half of the pictures were there; give more rows")
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return measured("build", out, dataset, format)


def run(place: Path, rows: int, side: int, format: str) -> dict[str, object]:
    source, out = make_source(place / "source", rows, side), place / "out"
    annotate(source, out, options=Options(files=False))
    select([out], ["true"], name="bench")
    record: dict[str, object] = {"rows": rows}
    record["floor"] = measured("floor", source)
    record["build"] = measured("build", out, place / "one" / "dataset", format)
    record["again"] = measured("build", out, place / "one" / "dataset", format)
    if format == "imagefolder":
        record["killed"] = killed_at_half(out, place / "two" / "dataset", format, rows)
        record["same_bytes"] = digests(place / "one" / "dataset") == digests(place / "two" / "dataset")
    return record


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 4000])
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--format", default="imagefolder")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
        return
    records = []
    for rows in given.rows:
        place = Path(tempfile.mkdtemp(prefix="bench-build-"))
        try:
            records.append(run(place, rows, given.side, given.format))
        finally:
            shutil.rmtree(place)
    machine = {"cpu": platform.processor() or platform.machine(), "processors": os.cpu_count()}
    if given.json:
        print(json.dumps({"machine": machine, "side": given.side, "format": given.format, "runs": records}))
        return
    print(f"{given.format}, pictures of {given.side}x{given.side}, one worker; {machine}")
    print(f"{'rows':>6} {'':<8} {'rows/s':>8} {'x floor':>8} {'parent MB':>10} {'worker MB':>10}")
    for record in records:
        for what in ("floor", "build", "again", "killed"):
            if what in record:
                cost = record[what]
                assert isinstance(cost, dict)
                times = cost["wall_s"] / record["floor"]["wall_s"]  # type: ignore[index]
                rate = record["rows"] / cost["wall_s"]  # type: ignore[operator]
                print(
                    f"{record['rows']:>6} {what:<8} {rate:>8.1f} {times:>8.1f}"
                    f" {cost['parent_mb']:>10.0f} {cost['worker_mb']:>10.0f}"
                )
        if "same_bytes" in record:
            same = "the same bytes" if record["same_bytes"] else "OTHER BYTES"
            print(f"       killed at half and typed again: {same}")


if __name__ == "__main__":
    main()
