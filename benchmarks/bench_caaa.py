"""What CAAA costs a pair, in ratio to the compact annotator, and how much memory it holds.

    python benchmarks/bench_caaa.py                       # the networks in the wheel
    python benchmarks/bench_caaa.py --caaa trained/caaa/caaa.onnx --json

Pictures are 512x512 (see bench_speed.py); all is done on one thread. "aligned" are pairs of one photograph,
every other one edited: caaa routes them to compact, so that what it costs beyond compact is the routing;
"routing" is the look that says so, by itself. "donor" are pairs of which the edited picture holds an object
of the original, turned, scaled and every other time mirrored; "unrelated" are pairs of two photographs.
Alignment is left out: every annotator has it.

Each kind of pairs and each annotator has a fresh process, which first annotates all pairs with it alone:
"peak" is the resident memory until then (Linux). Then it and compact take turns over the same pairs. "x
compact" is the median over the rounds, by the clock; "x cpu" of processor time, which suffers less from a
busy machine. The ensemble asks caaa first, too; `sacm` and `keypoints` are caaa with one kind of matches
alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from bench_sigma import peak_mib, table
from bench_speed import SIDE, photographs
from maskwright.masks.annotators import Annotator
from maskwright.pairs.align import align
from maskwright.pairs.values import Aligned, Hint, Picture
from maskwright.synthesis.objects import paste
from maskwright.synthesis.steps import begin

RIVALS = {
    "aligned": ("compact", "caaa", "ensemble", "routing"),
    "donor": ("compact", "caaa", "ensemble", "sacm", "keypoints"),
    "unrelated": ("compact", "caaa", "ensemble", "sacm", "keypoints"),
}
"""By kind of pairs."""


def pairs_of(kind: str, count: int) -> list[Aligned]:
    """Pairs of a kind, aligned."""
    pictures = photographs(2 * count)
    rng, found = np.random.default_rng(1), []
    for number in range(count):
        original, other = pictures[number], pictures[(number + count) % len(pictures)]
        if kind == "aligned":
            edited = paste(other)(begin(original), rng).edited if number % 2 else original
            edited = saved(edited)
        elif kind == "donor":
            edited = saved(with_object(original, other, mirrored=bool(number % 2)))
        else:
            edited = saved(other)
        found.append(align(original, edited))
    return found


def saved(picture: Picture) -> Picture:
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def with_object(donor: Picture, scene: Picture, *, mirrored: bool) -> Picture:
    """The middle of one picture, an ellipse of a fifth of it, turned by 15 degrees and larger, in another."""
    middle, axes = (SIDE // 2, SIDE // 2), (round(0.3 * SIDE), round(0.21 * SIDE))
    shape = cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), middle, axes, 0, 0, 360, 255, -1)
    turn = cv2.getRotationMatrix2D(middle, 15, 1.2)
    laid, where = (cv2.warpAffine(each, turn, (SIDE, SIDE)) for each in (donor, shape))
    if mirrored:
        laid, where = laid[:, ::-1], where[:, ::-1]
    return np.where(where[..., None] > 127, laid, scene)


def rival(name: str, file: Path | None) -> Annotator | Callable[[Aligned], Any]:
    """An annotator, or the look that routes a pair."""
    from maskwright.masks.annotators.caaa import Caaa, agrees_everywhere
    from maskwright.masks.annotators.compact import Compact
    from maskwright.masks.annotators.ensemble import Ensemble

    if name == "compact":
        return Compact(threads=1)
    if name == "ensemble":
        return Ensemble(threads=1)
    if name == "routing":
        return agrees_everywhere
    made = Caaa(None if file is None else str(file), threads=1)
    return made if name == "caaa" else made.alone()[name]


def measured(name: str, kind: str, count: int, rounds: int, file: Path | None) -> dict[str, Any]:
    """Milliseconds a pair, ratios and memory; for a process of its own."""
    cv2.setNumThreads(1)
    pairs = pairs_of(kind, count)
    before = peak_mib()
    theirs = rival(name, file)
    taken_by(theirs, pairs)
    peak = peak_mib()
    ours = rival("compact", None)
    taken_by(ours, pairs)
    taken = [(taken_by(ours, pairs), taken_by(theirs, pairs)) for _ in range(rounds)]
    told: dict[str, Any] = {
        "ms": 1000 * statistics.median(mine[0] for _, mine in taken),
        "ratio": statistics.median(mine[0] / base[0] for base, mine in taken),
        "cpu_ratio": statistics.median(mine[1] / base[1] for base, mine in taken),
        "peak_mib": peak,
        "above_mib": peak - before,
    }
    if not callable(theirs):
        changes = [theirs.annotate([pair], [Hint()])[0] for pair in pairs]
        told["groups"] = ", ".join(
            f"{group} {n}"
            for group in dict.fromkeys(change.group or "no group" for change in changes)
            for n in (sum((change.group or "no group") == group for change in changes),)
        )
    return told


def taken_by(one: Annotator | Callable[[Aligned], Any], pairs: Sequence[Aligned]) -> tuple[float, float]:
    """Seconds a pair, by the clock and of the processor."""
    clock, cpu = time.perf_counter(), time.process_time()
    for pair in pairs:
        if callable(one):
            one(pair)
        else:
            one.annotate([pair], [Hint()])
    return (time.perf_counter() - clock) / len(pairs), (time.process_time() - cpu) / len(pairs)


def lines(options: argparse.Namespace, count: int, rounds: int) -> list[dict[str, Any]]:
    """One for each kind of pairs and each annotator, measured in a process of its own."""
    found = []
    for kind in RIVALS:
        for name in RIVALS[kind]:
            if name == "sacm" and not there(options.caaa):
                continue
            inside = ["--inside", name, kind, str(count), str(rounds)]
            line = [sys.executable, __file__, *sys.argv[1:], *inside]
            done = subprocess.run(line, stdout=subprocess.PIPE, check=True)
            found.append({"pairs": kind, "annotator": name, **json.loads(done.stdout)})
    return found


def there(file: Path | None) -> bool:
    """Whether there are trained descriptors."""
    from maskwright.weights import shipped

    return (shipped("caaa") if file is None else file).exists()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--caaa", type=Path, help="what `train caaa` wrote")
    parser.add_argument("--quick", action="store_true", help="two pairs, one round: to see that it runs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        name, kind, count, rounds = options.inside
        print(json.dumps(measured(name, kind, int(count), int(rounds), options.caaa)))
        return
    load = os.getloadavg()[0]
    found = lines(options, 2 if options.quick else options.pairs, 1 if options.quick else 3)
    about = {
        "on": f"{os.cpu_count()} CPUs",
        "load_before": load,
        "python": platform.python_version(),
        **{module.__name__: str(module.__version__) for module in (onnxruntime, cv2, np)},
    }
    if options.json:
        print(json.dumps({**about, "lines": found}))
        return
    heads = {"pairs": "pairs", "annotator": "annotator", "ms": "ms a pair", "ratio": "x compact"}
    heads |= {"cpu_ratio": "x cpu", "peak_mib": "peak MiB", "above_mib": "above pictures", "groups": "groups"}
    table(heads, found)
    print()
    print(", ".join(f"{name} {value}" for name, value in about.items()))


if __name__ == "__main__":
    main()
