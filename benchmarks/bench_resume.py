"""Kill a run at random moments, resume it, compare the parts byte for byte with an undisturbed run.

    python benchmarks/bench_resume.py [--moments 50] [--seed 0] [--json]

A moment counts when some but not all parts were done. Every other time only the main process is
killed (SIGKILL), else its workers at the same instant too. Exits 1 when any part differs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import psutil

from maskwright.corpus.annotate import annotate
from maskwright.corpus.parts import parts_done

PAIRS, SIDE, WORKERS = 200, 96, 2
RUN = f"""
import sys
from maskwright.corpus.annotate import annotate
annotate(*sys.argv[1:3], workers={WORKERS})
"""


def make_source(folder: Path) -> Path:
    """Pairs of smooth random pictures, a rectangle of each inverted, saved as JPEG."""
    for number in range(PAIRS):
        rng = np.random.default_rng(number)
        rough = rng.integers(0, 256, (8, 8, 3), np.uint8)
        original = np.asarray(cv2.resize(rough, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC))
        x, y = rng.integers(0, SIDE - 30, 2)
        edited = original.copy()
        edited[y : y + 30, x : x + 24] = 255 - edited[y : y + 30, x : x + 24]
        for name, picture in (("original", original), ("edited", edited)):
            path = folder / name / f"{number:04d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    return folder


def parts_of(out: Path) -> dict[str, bytes]:
    folders = (out, out / "annotations", out / "masks", out / "change")
    files = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    kept = [path for path in files if not path.name.startswith(".tmp-")]
    return {str(path.relative_to(out)): path.read_bytes() for path in kept}


def killed(source: Path, out: Path, after_s: float, everything: bool) -> int:
    """Parts done when a run was killed `after_s` seconds after its first part."""
    process = subprocess.Popen([sys.executable, "-c", RUN, str(source), str(out)], stderr=subprocess.DEVNULL)
    while not parts_done(out) and process.poll() is None:
        time.sleep(0.002)
    time.sleep(after_s)
    workers = psutil.Process(process.pid).children(recursive=True) if everything else []
    process.kill()
    for worker in workers:
        worker.kill()
    process.wait()
    return len(parts_done(out))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        source = make_source(Path(place) / "source")
        began = time.monotonic()
        summary = annotate(source, Path(place) / "undisturbed", workers=WORKERS)
        length_s = PAIRS / (summary.rows_per_s or PAIRS)
        undisturbed = parts_of(Path(place) / "undisturbed")
        total = summary.parts_planned
        attempt = 0
        while len(rows) < options.moments:
            out = Path(place) / f"out{attempt}"
            everything = attempt % 2 == 1
            after_s = float(rng.uniform(0, length_s))
            attempt += 1
            done = killed(source, out, after_s, everything)
            if not 0 < done < total:
                continue
            annotate(source, out, workers=WORKERS)
            same = parts_of(out) == undisturbed
            left = [path.name for path in out.rglob(".tmp-*")] if everything else []
            rows.append({"parts_done": done, "everything": everything, "same_bytes": same, "left": len(left)})
            if not options.json:
                whom, found = "all" if everything else "main", "same bytes" if same else "DIFFERENT"
                print(f"{len(rows):3d}  killed {whom} after {done:2d} of {total} parts: {found}", flush=True)
        good = sum(row["same_bytes"] for row in rows)
        if options.json:
            print(json.dumps({"moments": rows, "parts": total, "pairs": PAIRS, "seed": options.seed}))
        else:
            print(f"{good} of {len(rows)} resumed to the same bytes ({time.monotonic() - began:.0f} s)")
    return 0 if good == len(rows) and not any(row["left"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
