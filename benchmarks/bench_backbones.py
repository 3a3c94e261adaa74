"""What frozen backbones and groundings cost a pair: time in ratio to the compact annotator, and memory.

    python benchmarks/bench_backbones.py --pairs 4 --threads 2
    python benchmarks/bench_backbones.py --pairs 64 --device cuda --only dinov2-small --only dinov2-base

The networks have the sizes of those on the hub and random weights: neither time nor memory asks what the
numbers are. Pictures are 512x512 JPEG, every other pair edited (see bench_speed.py). Each network runs in a
fresh process, where the compact annotator (one thread, as it always runs) and the network take turns over
the same pairs. The ratio is the median over the rounds: of processor time on a CPU, which suffers less from
a busy machine, of the clock on a GPU. "pair" is two pictures through a backbone, or a concept grounded in
one. "peak" is the resident memory of that process, its network and compact's. On a GPU backbones run in
bfloat16 and in batches; --alone gives them one pair at a time.
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
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import cv2

from bench_speed import make_pairs
from maskwright.masks.annotators import load_annotator
from maskwright.pairs.align import align
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Hint

ROUNDS = 3
GROUNDINGS = ("clipseg", "grounding-dino")


def dinov2(width: int, heads: int) -> Any:
    from transformers import Dinov2Config, Dinov2Model

    return Dinov2Model(
        Dinov2Config(hidden_size=width, num_attention_heads=heads, image_size=518, patch_size=14)
    )


def dinov3() -> Any:
    from transformers import DINOv3ViTConfig, DINOv3ViTModel

    return DINOv3ViTModel(DINOv3ViTConfig(num_register_tokens=4))


def clipseg() -> Any:
    from transformers import CLIPSegConfig, CLIPSegForImageSegmentation

    return CLIPSegForImageSegmentation(CLIPSegConfig(vision_config={"patch_size": 16}))


def grounding_dino() -> Any:
    from transformers import GroundingDinoConfig, GroundingDinoForObjectDetection, SwinConfig

    swin = SwinConfig(window_size=7, out_indices=[2, 3, 4])
    return GroundingDinoForObjectDetection(GroundingDinoConfig(backbone_config=swin))


NETWORKS: dict[str, Callable[[], Any]] = {
    "dinov2-small": lambda: dinov2(384, 6),
    "dinov3-vits16": dinov3,
    "dinov2-base": lambda: dinov2(768, 12),
    "clipseg": clipseg,
    "grounding-dino": grounding_dino,
}


def make(name: str, folder: Path) -> None:
    """A folder in the hub's layout, with a tokenizer of letters where text goes in."""
    from maskwright.learning.pretrained import quiet

    with quiet():
        NETWORKS[name]().save_pretrained(folder)
    told: dict[str, Any] = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    if name == "clipseg":
        told["size"] = {"height": 352, "width": 352}
        words = ["<|startoftext|>", "<|endoftext|>", *(f"{letter}</w>" for letter in ascii_lowercase)]
        words += ascii_lowercase
        (folder / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
        (folder / "merges.txt").write_text("#version: 0.2\n")
    if name == "grounding-dino":
        told["size"] = {"shortest_edge": 800, "longest_edge": 1333}
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *ascii_lowercase]
        words += [f"##{letter}" for letter in ascii_lowercase]
        (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "preprocessor_config.json").write_text(json.dumps(told))


def measure(
    name: str, folder: Path, pictures: Path, device: str, threads: int, alone: bool
) -> dict[str, Any]:
    import torch

    from maskwright.learning.backbones import Dino
    from maskwright.learning.grounding import ClipSeg, GroundingDino

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    names = sorted(file.name for file in (pictures / "original").iterdir())
    pairs = [
        align(*(read_picture(pictures / side / name).pixels for side in ("original", "edited")))
        for name in names
    ]
    compact = load_annotator("compact")
    batch = 1
    if name in GROUNDINGS:
        grounding = (ClipSeg if name == "clipseg" else GroundingDino)(str(folder), device=device)
        edited = [pair.edited for pair in pairs]
        steps = [lambda: grounding.ground(edited, ["a black cat"] * len(edited))]
    else:
        backbone = Dino(str(folder), device=device)
        batch = 1 if alone else max(1, backbone.batch_size // 2)
        parts = [pairs[start : start + batch] for start in range(0, len(pairs), batch)]
        steps = [
            lambda part=part: backbone.features(
                [side for pair in part for side in (pair.original, pair.edited)]
            )
            for part in parts
        ]

    def ours() -> None:
        for pair in pairs:
            compact.annotate([pair], [Hint()])

    def theirs() -> None:
        for step in steps:
            step()

    ours(), theirs()
    rounds = [(timed(ours, len(pairs)), timed(theirs, len(pairs))) for _ in range(ROUNDS)]
    which = 0 if device == "cuda" else 1
    return {
        "network": name,
        "pairs_at_once": batch,
        "ms": statistics.median(mine[0] for _, mine in rounds),
        "cpu_ms": statistics.median(mine[1] for _, mine in rounds),
        "ratio": statistics.median(mine[which] / base[which] for base, mine in rounds),
        "compact_cpu_ms": statistics.median(base[1] for base, _ in rounds),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "gpu_mib": torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else 0,
        "device": torch.cuda.get_device_name() if device == "cuda" else f"CPU, {threads} threads",
    }


def timed(work: Callable[[], None], pairs: int) -> tuple[float, float]:
    """Milliseconds a pair: by the clock, and of processors."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return tuple(
        1000 * (now - then) / pairs
        for now, then in ((time.perf_counter(), began), (time.process_time(), cpu))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--only", action="append", choices=tuple(NETWORKS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        name, folder, pictures = options.inside
        told = measure(name, Path(folder), Path(pictures), options.device, options.threads, options.alone)
        print(json.dumps(told))
        return
    lines = []
    with tempfile.TemporaryDirectory() as place:
        make_pairs(Path(place) / "pictures", options.pairs, 0.0)
        for name in options.only or NETWORKS:
            folder = Path(place) / name
            folder.mkdir()
            make(name, folder)
            line = [
                sys.executable,
                __file__,
                *sys.argv[1:],
                "--inside",
                name,
                folder,
                Path(place) / "pictures",
            ]
            done = subprocess.run(line, stdout=subprocess.PIPE, check=True, env=os.environ)
            lines.append(json.loads(done.stdout))
    about = {package: metadata.version(package) for package in ("torch", "transformers", "onnxruntime")}
    if options.json:
        print(json.dumps({"python": platform.python_version(), **about, "lines": lines}))
        return
    columns = {
        "ms": "ms a pair",
        "cpu_ms": "cpu ms",
        "ratio": "x compact",
        "pairs_at_once": "at once",
        "peak_mib": "peak MiB",
        "gpu_mib": "GPU MiB",
    }
    print(f"{'network':14}", *columns.values(), sep="  ")
    for told in lines:
        print(
            f"{told['network']:14}",
            *(f"{told[key]:{len(head)}.0f}" for key, head in columns.items()),
            sep="  ",
        )
    print(f"{lines[0]['device']}, {options.pairs} pairs of 512 px, {about}")


if __name__ == "__main__":
    main()
