"""What SIGMA costs a pair: time in ratio to the compact annotator, and memory.

    python benchmarks/bench_sigma.py                         # annotators, on one thread and on two
    python benchmarks/bench_sigma.py --sam-cd sam-cd.onnx --head sigma-compact.onnx
    python benchmarks/bench_sigma.py --device cuda           # networks in torch, random weights, batches

Annotators: pictures are 512x512 JPEG, every other pair edited (see bench_speed.py); all differ, by their
JPEGs at least. Each annotator runs in a fresh process, which first annotates all pairs with it alone: "peak"
is the resident memory until then (Linux). Then it and the compact annotator, on as many threads, take turns
over the same pairs. "x compact" is the median over the rounds, by the clock; "x cpu" of processor time,
which suffers less from a busy machine. "+ prior" is a region that the source gives. "network" is one call of
the annotator's ONNX file on the planes of an edited pair, and its ratio to the same of compact's. Every
annotator has one thread where maskwright runs it: workers share out the cores.

Networks: those that are trained, on planes of 256x256 that stand for pictures of 512x512, as many pairs at
once as "batch" says, in inference mode. fp32 leaves torch as it is set up (convolutions may take TF32); bf16
is autocast, as in training. On the CPU a batch of one in fp32 is timed, so that one sees that it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from maskwright.masks.annotators import Annotator
from maskwright.pairs.values import Aligned, Hint
from maskwright.weights import card_path, open_network, shipped

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
SIDE = 512
BATCHES = (1, 16, 64)
LEAST_S = 0.2
"""Seconds that a network is called for, at least, before the clock is read."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """An annotator, made for a number of threads.

    Args:
        prior: whether it is told a region.
        network: the .onnx file that sees the planes of a pair, where there is one.
    """

    make: Callable[[int], Annotator]
    prior: bool = False
    network: Path | None = None


def contestants(head: Path | None, sam_cd: Path | None) -> dict[str, Contestant]:
    """All that can run here, by name."""
    found = {"compact": Contestant(lambda threads: compact(None, threads), network=shipped("compact"))}
    for prior in (False, True):
        found["sigma, compact" + " + prior" * prior] = Contestant(lambda threads: sigma(None, threads), prior)
    for file in sorted((DATA / "weights").glob("*mobilenetv2*.onnx")):
        found[f"sigma, {file.stem}"] = Contestant(lambda threads, file=file: sigma(file, threads))
    if head is not None:
        for prior in (False, True):
            name = "sigma-compact" + " + prior" * prior
            found[name] = Contestant(lambda threads: sigma_compact(head, threads), prior, head)
    if sam_cd is not None:
        found["sam-cd"] = Contestant(lambda threads: compact(sam_cd, threads), network=sam_cd)
    return found


def compact(file: Path | None, threads: int) -> Annotator:
    from maskwright.masks.annotators.compact import Compact

    return Compact(None if file is None else str(file), threads=threads)


def sigma(file: Path | None, threads: int) -> Annotator:
    """The untrained one; its backbone runs on one thread unless another is put in its place."""
    from maskwright.masks.annotators.encoders import CompactEncoder, OnnxEncoder
    from maskwright.masks.annotators.sigma import Sigma

    made = Sigma()
    made._backbone = CompactEncoder(threads=threads) if file is None else OnnxEncoder(file, threads=threads)
    return made


def sigma_compact(file: Path, threads: int) -> Annotator:
    from maskwright.masks.annotators.sigma_compact import SigmaCompact

    return SigmaCompact(str(file), threads=threads)


def measured(rival: Contestant, threads: int, pictures: Path, rounds: int) -> dict[str, float]:
    """Milliseconds a pair, ratios and memory of one annotator; for a process of its own."""
    from maskwright.pairs.align import align
    from maskwright.pairs.picture import read_picture

    cv2.setNumThreads(threads)
    names = sorted(file.name for file in (pictures / "original").iterdir())
    pairs = [
        align(*(read_picture(pictures / side / name).pixels for side in ("original", "edited")))
        for name in names
    ]
    region = np.zeros((SIDE, SIDE), np.bool_)
    region[SIDE // 4 : 3 * SIDE // 4, SIDE // 4 : 3 * SIDE // 4] = True
    hint = Hint(region=region) if rival.prior else Hint()
    theirs = rival.make(threads)

    def annotated(annotator: Annotator, hint: Hint) -> tuple[float, float]:
        clock, cpu = time.perf_counter(), time.process_time()
        for pair in pairs:
            annotator.annotate([pair], [hint])
        return (time.perf_counter() - clock) / len(pairs), (time.process_time() - cpu) / len(pairs)

    annotated(theirs, hint)
    peak = peak_mib()
    ours = compact(None, threads)
    annotated(ours, Hint())
    taken = [(annotated(ours, Hint()), annotated(theirs, hint)) for _ in range(rounds)]
    told = {
        "ms": 1000 * statistics.median(mine[0] for _, mine in taken),
        "ratio": statistics.median(mine[0] / base[0] for base, mine in taken),
        "cpu_ratio": statistics.median(mine[1] / base[1] for base, mine in taken),
        "peak_mib": peak,
    }
    if rival.network is not None:
        told |= called(rival.network, threads, pairs[1], rounds)
    return told


def called(file: Path, threads: int, pair: Aligned, rounds: int) -> dict[str, float]:
    """What one call of a network costs on the planes of a pair, and in ratio to compact's."""
    from maskwright.masks.annotators.evidence import evidence
    from maskwright.masks.annotators.planes import planes
    from maskwright.masks.annotators.rule import log_odds, shipped_rule

    seen = evidence(pair)
    plain = planes(seen, log_odds(seen, shipped_rule()))[None]

    def work(path: Path) -> Callable[[], Any]:
        network = open_network(path, threads=threads)
        given: dict[str, Any] = {"planes": plain}
        for entry in network.get_inputs()[1:]:
            of_null = entry.name == "null"
            given[entry.name] = (
                np.zeros((1, *entry.shape[1:]), np.float32) if of_null else np.zeros_like(plain[:, :1])
            )
        return lambda: network.run(["odds"], given)

    ours, theirs = work(shipped("compact")), work(file)
    taken = [(seconds_of(ours), seconds_of(theirs)) for _ in range(rounds)]
    return {
        "network_ms": 1000 * statistics.median(mine for _, mine in taken),
        "network_ratio": statistics.median(mine / base for base, mine in taken),
    }


def seconds_of(work: Callable[[], Any], wait: Callable[[], Any] = lambda: None) -> float:
    """Seconds a call, of as many as fill `LEAST_S`; `wait` returns when all that was asked for is done."""
    work(), wait()
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < LEAST_S:
        work(), wait()
        calls += 1
    return (time.perf_counter() - began) / calls


def peak_mib() -> float:
    """The most resident memory of this process; not `ru_maxrss`, which a child inherits from its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def of_networks(device: str, batches: tuple[int, ...], rounds: int) -> Iterator[dict[str, Any]]:
    """Milliseconds a pair of the networks in torch, and their ratio to compact's on the same device."""
    import torch

    from maskwright.learning.networks.compact import Compact
    from maskwright.learning.networks.sam_cd import SamCd
    from maskwright.learning.networks.sigma import Sigma
    from maskwright.masks.annotators.planes import CHANNELS

    torch.manual_seed(0)
    made = {name: build(Compact().settled()) for name, build in (("sigma", Sigma), ("sam-cd", SamCd))}
    made = {"compact": Compact().settled(), **made}
    for network in made.values():
        network.eval().to(device, memory_format=torch.channels_last)
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    for batch in batches:
        size = (batch, len(CHANNELS), SIDE // 2, SIDE // 2)
        seen = torch.randint(0, 256, size, dtype=torch.uint8, device=device)
        null = torch.zeros(batch, len(made["sigma"].feature_widths), 2, device=device)
        given = {name: (seen, seen[:, :1], null) if name == "sigma" else (seen,) for name in made}
        for kind in ("fp32", "bf16") if device == "cuda" else ("fp32",):

            def once(name: str, given: Any = given, kind: str = kind) -> None:
                with (
                    torch.inference_mode(),
                    torch.autocast(device, torch.bfloat16, enabled=kind == "bf16"),
                ):
                    made[name](*given[name])

            taken: dict[str, list[float]] = {name: [] for name in made}
            held = dict.fromkeys(made, 0.0)
            for _ in range(rounds):
                for name in made:
                    if device == "cuda":
                        torch.cuda.reset_peak_memory_stats()
                    taken[name].append(seconds_of(lambda name=name: once(name), wait))
                    if device == "cuda":
                        held[name] = torch.cuda.max_memory_allocated() / 2**20
            for name, seconds in taken.items():
                turns = zip(seconds, taken["compact"], strict=True)
                yield {
                    "network": name,
                    "batch": batch,
                    "kind": kind,
                    "ms": 1000 * statistics.median(seconds) / batch,
                    "ratio": statistics.median(mine / base for mine, base in turns),
                    "gpu_mib": held[name],
                }


def of_annotators(options: argparse.Namespace, rounds: int) -> Iterator[dict[str, Any]]:
    """A line an annotator and number of threads, each measured in a process of its own."""
    from bench_speed import make_pairs

    with tempfile.TemporaryDirectory() as place:
        make_pairs(Path(place) / "pictures", 2 if options.quick else options.pairs, 0.0)
        for threads in (1, 2):
            for name in contestants(options.head, options.sam_cd):
                inside = ["--inside", name, str(threads), str(Path(place) / "pictures"), str(rounds)]
                line = [sys.executable, __file__, *sys.argv[1:], *inside]
                done = subprocess.run(line, stdout=subprocess.PIPE, check=True)
                yield {"annotator": name, "threads": threads, **json.loads(done.stdout)}


def shipped_head() -> Path | None:
    """The trained head in the wheel; None where there is none yet."""
    file = shipped("sigma-compact")
    return file if file.exists() and card_path(file).exists() else None


def table(heads: dict[str, str], lines: list[dict[str, Any]]) -> None:
    """Lines under the names of their columns; what a line does not have is left empty."""
    widths = {key: max(len(head), *(len(told(line, key)) for line in lines)) for key, head in heads.items()}
    for row in (heads, *lines):
        cells = (
            f"{told(row, key):<{width}}" if i == 0 else f"{told(row, key):>{width}}"
            for i, (key, width) in enumerate(widths.items())
        )
        print("  ".join(cells).rstrip())


def told(line: dict[str, Any], key: str) -> str:
    value = line.get(key, "")
    return f"{value:.{2 if value < 10 else 1}f}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--head", type=Path, default=shipped_head(), help="what `train sigma` wrote")
    parser.add_argument("--sam-cd", type=Path, help="what `train sam-cd` wrote")
    parser.add_argument("--quick", action="store_true", help="two pairs, one round: to see that it runs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    rounds = 1 if options.quick else 5
    if options.inside:
        name, threads, pictures, turns = options.inside
        rival = contestants(options.head, options.sam_cd)[name]
        print(json.dumps(measured(rival, int(threads), Path(pictures), int(turns))))
        return
    load = os.getloadavg()[0]
    annotators = [] if options.device == "cuda" else list(of_annotators(options, rounds))
    batches = (1,) if options.device == "cpu" else BATCHES[:2] if options.quick else BATCHES
    networks = list(of_networks(options.device, batches, rounds))
    import torch

    on = torch.cuda.get_device_name() if options.device == "cuda" else f"{os.cpu_count()} CPUs"
    about = {
        "device": on,
        "load_before": load,
        "python": platform.python_version(),
        **{module.__name__: str(module.__version__) for module in (torch, onnxruntime, cv2, np)},
    }
    if options.json:
        print(json.dumps({**about, "annotators": annotators, "networks": networks}))
        return
    if annotators:
        heads = {"annotator": "annotator", "threads": "threads", "ms": "ms a pair", "ratio": "x compact"}
        heads |= {"cpu_ratio": "x cpu", "peak_mib": "peak MiB"}
        heads |= {"network_ms": "network ms", "network_ratio": "x compact's"}
        table(heads, annotators)
        print()
    heads = {"network": "network in torch", "batch": "batch", "kind": "kind", "ms": "ms a pair"}
    heads |= {"ratio": "x compact"} | ({"gpu_mib": "GPU MiB"} if options.device == "cuda" else {})
    table(heads, networks)
    print()
    print(", ".join(f"{name} {value}" for name, value in about.items()))


if __name__ == "__main__":
    main()
