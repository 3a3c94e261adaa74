"""What the parts of mfpt, apsc and vit-lora are worth, at a scale that one core manages in minutes.

    nice python benchmarks/ablate_detectors.py --photos $MASKWRIGHT_DATA/photos/photos.csv --out OUT
    nice python benchmarks/ablate_detectors.py --out OUT --steps 300 --batch 8

Every network is trained as it is and with one part off, for as many steps, on the same samples. The dataset
is one that anyone can remake: maskwright generate, annotate, select and build on photographs; those of split
train teach, those of split val measure. Nothing published is loaded: mfpt and vit-lora stand on a small
DINOv2 that learns here to guess hidden patches of the same training pictures (as SimMIM, arXiv 2111.09886),
apsc on a small ConvNeXt of random weights. So the table says whether a part does something at this size, and
nothing of what the networks reach. F1 is a mean over forged pictures at a chance of 0.5, the area under the
ROC curve of pixels likewise, "marked" the mean share marked of authentic ones; differences to the whole
network have bootstrap intervals over pictures. Same line again: what is done is not done again.

Without --photos it is a toy: noise on soft colours, a box of which was blurred and given less noise, so that
nothing but a trace in high frequencies tells it; every backbone is of random weights. That is learnt within a
minute, where edits of photographs are not.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import transformers
from torch.nn import functional

from maskwright.learning.detector_task import NETWORKS, DetectorTask, Sizes
from maskwright.learning.exhibits import Exhibit, opened, shared_exhibits
from maskwright.learning.held import odds_of, says
from maskwright.learning.loop import Schedule, run
from maskwright.learning.networks.apsc import apsc
from maskwright.learning.networks.mfpt import mfpt
from maskwright.learning.networks.vit_lora import vit_lora
from maskwright.learning.pretrained import quiet
from maskwright.learning.ranks import joined
from maskwright.learning.shares import Shares
from maskwright.learning.stream import Sample
from maskwright.learning.task import tensors_of
from maskwright.measures.metrics import Estimate, auc, count, count_levels, f1_of, paired_difference

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, as every preprocessor_config.json of such networks has them."""
PATCH, WIDTH, LAYERS, HEADS = 8, 96, 6, 3
HIDDEN = 0.5
"""Share of patches that are hidden as the backbone learns."""
SIDES = {"mfpt": 96, "vit-lora": 96, "apsc": 192}
"""Pixels; so that APSC-Net's smallest dilation sees something of its 24 x 24 places."""
RATE = 1e-3
"""Of all runs: higher than for real backbones, since there are few steps."""
WHOLE = "whole"
BUILDERS: dict[str, dict[str, Callable[[str, int], Any]]] = {
    "vit-lora": {
        WHOLE: lambda backbone, side: vit_lora(backbone, side, rank=16),
        "LoRA off": lambda backbone, side: vit_lora(backbone, side, rank=0),
    },
    "mfpt": {
        WHOLE: mfpt,
        "a single frequency": lambda backbone, side: mfpt(backbone, side, edges=()),
        "prompts off": lambda backbone, side: mfpt(backbone, side, prompts=False),
    },
    "apsc": {
        WHOLE: lambda backbone, side: apsc(backbone, side, width=64),
        "without perception": lambda backbone, side: apsc(backbone, side, width=64, perception=False),
        "without calibration": lambda backbone, side: apsc(backbone, side, width=64, rounds=0),
    },
}


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--photos", type=Path, help="a table of photographs with their split; without: a toy")
    asked.add_argument("--out", type=Path, required=True, help="a folder for all that is made")
    asked.add_argument("--pairs", type=int, default=480, help="pairs that teach; a third as many measure")
    asked.add_argument("--steps", type=int, default=300)
    asked.add_argument("--batch", type=int, default=16)
    asked.add_argument("--held", type=int, default=240, help="pictures that measure, half of them authentic")
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    shares = None
    if given.photos is not None:
        learnt, held = dataset(given, "train", given.pairs), dataset(given, "val", max(1, given.pairs // 3))
        shares = shared_exhibits(learnt, held, given.out / "pictures")
    vit = once(given.out / "vit", lambda place: draw_vit(place, shares, given.steps, given.batch, given.seed))
    convnext = once(given.out / "convnext", lambda place: draw_convnext(place, given.seed))
    backbones = {"mfpt": vit, "vit-lora": vit, "apsc": convnext}
    found = {
        name: {part: trained(name, part, backbones[name], shares, given) for part in parts}
        for name, parts in BUILDERS.items()
    }
    print(table(found))


def dataset(given: argparse.Namespace, split: str, pairs: int) -> Path:
    """Generate, annotate, build: what the commands of these names write."""
    place: Path = given.out / split
    if (place / "dataset" / "card.html").exists():  # build's last words
        return place / "dataset"
    shares = "1,0,0" if split == "train" else "0,1,0"
    wanted = ["--split", split, "--seed", given.seed]
    command("generate", given.photos, place / "pairs", "-n", pairs, *wanted, "--workers", 1)
    command("annotate", place / "pairs" / "pairs.csv", place / "masks", "--workers", 1)
    command("select", place / "masks", "--where", "verdict = 'local_edit'", "--name", "edits")
    command(
        *("build", place / "dataset", "--from", place / "masks", "--selection", "edits", "--split", shares),
        *("--format", "imdlbenco", "--authentic", 1, "--originals-are-photographs"),
        *("--restricted", "include", "--workers", 1),
    )
    return place / "dataset"


def command(*words: object) -> None:
    done = subprocess.run([sys.executable, "-m", "maskwright", *map(str, words)], check=False)
    if done.returncode not in (0, 3):  # 3: done, with pairs that failed
        raise SystemExit(f"maskwright {words[0]} gave {done.returncode}")


def once(place: Path, make: Callable[[Path], None]) -> str:
    if not (place / "preprocessor_config.json").exists():
        make(place)
        told = {"image_mean": MEAN, "image_std": STD}
        (place / "preprocessor_config.json").write_text(json.dumps(told))
    return str(place)


def draw_convnext(place: Path, seed: int) -> None:
    torch.manual_seed(seed)
    config = transformers.ConvNextConfig(
        hidden_sizes=[24, 48, 96, 192], depths=[1, 1, 2, 1], layer_scale_init_value=1.0
    )
    with quiet():
        transformers.ConvNextModel(config).save_pretrained(place)


def draw_vit(
    place: Path,
    shares: Shares[Exhibit] | None,
    steps: int,
    batch: int,
    seed: int,
    *,
    side: int = SIDES["mfpt"],
) -> None:
    """A DINOv2 that has learnt to guess hidden patches: mean absolute error of their normal values.

    Where there are no photographs it has learnt nothing.
    """
    began = time.process_time()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = transformers.Dinov2Model(
        transformers.Dinov2Config(
            hidden_size=WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=HEADS,
            image_size=side,
            patch_size=PATCH,
        )
    )
    guess = torch.nn.Linear(WIDTH, 3 * PATCH**2)
    schedule = Schedule(steps=steps)
    optimizer = torch.optim.AdamW([*model.parameters(), *guess.parameters()], weight_decay=0.05)
    mean, std = (torch.tensor(each)[:, None, None] for each in (MEAN, STD))
    pictures = [] if shares is None else [opened(each).picture for each in shares.learnt]
    grid = side // PATCH
    for step in range(steps if pictures else 0):
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step / steps) / 2
        shown = torch.stack(
            [window(pictures[int(rng.integers(len(pictures)))], side, rng) for _ in range(batch)]
        )
        planes = (shown / 255 - mean) / std
        hidden = torch.rand(batch, grid**2) < HIDDEN
        truth = functional.unfold(planes, PATCH, stride=PATCH).transpose(1, 2)
        with torch.autocast("cpu", torch.bfloat16):
            guessed = guess(model(planes, bool_masked_pos=hidden).last_hidden_state[:, 1:])
        loss = (guessed.float() - truth)[hidden].abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0 or step == steps - 1:
            print(f"backbone, step {step}: {float(loss.detach()):.3f}", file=sys.stderr)
    print(f"backbone: {time.process_time() - began:.0f} s of one core", file=sys.stderr)
    with quiet():
        model.save_pretrained(place)


def window(picture: Any, side: int, rng: np.random.Generator) -> torch.Tensor:
    """(3, side, side) uint8 out of a picture that is no smaller."""
    top, left = (int(rng.integers(size - side + 1)) for size in picture.shape[:2])
    cut = picture[top : top + side, left : left + side]
    return torch.from_numpy(np.ascontiguousarray(cut.transpose(2, 0, 1)))


class BoxTask(DetectorTask):
    """Finds boxes; makes its own samples."""

    def __init__(self, name: str, network: torch.nn.Module, given: argparse.Namespace) -> None:
        self.name, self._first = name, network
        self._known, self._loss = NETWORKS[name], loss_of(name)
        self._seed, self._batch = given.seed, given.batch
        self.held = [
            boxed(np.random.default_rng((given.seed, number)), network.side) for number in range(given.held)
        ]

    def close(self) -> None:
        """There are no processes."""

    @property
    def settings(self) -> Mapping[str, Any]:
        return {"batch": self._batch}

    def batch(self, step: int) -> Mapping[str, torch.Tensor]:
        rng = np.random.default_rng((self._seed, step, 1))
        return tensors_of([boxed(rng, self._first.side) for _ in range(self._batch)])


def loss_of(name: str) -> Callable[..., torch.Tensor]:
    module, _, function = NETWORKS[name].loss.partition(":")
    return getattr(importlib.import_module(module), function)


def boxed(rng: np.random.Generator, side: int) -> Sample:
    """Noise of 32 levels on soft colours; in half of the pictures a box is blurred, its noise of one level.

    A box may leave the picture and come in again at the other side, so that no place is likelier than others.
    """
    soft = cv2.resize(rng.uniform(96, 160, (8, 8, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
    picture = soft + rng.normal(0, 32, (side, side, 3))
    mask = np.zeros((side, side), np.uint8)
    if rng.random() < 0.5:
        mask[: 3 * side // 7, : 3 * side // 7] = 255
        mask = np.roll(mask, rng.integers(0, side, 2), (0, 1))
        smooth = cv2.GaussianBlur(picture, (0, 0), 1.2) + rng.normal(0, 1, picture.shape)
        picture = np.where(mask[..., None] > 0, smooth, picture)
    planes = np.clip(picture, 0, 255).astype(np.uint8).transpose(2, 0, 1)
    return Sample(np.ascontiguousarray(planes), mask, np.zeros_like(mask))


def trained(
    name: str, part: str, backbone: str, shares: Shares[Exhibit] | None, given: argparse.Namespace
) -> Mapping[str, Any]:
    """Figures of one run; kept in a file of its own."""
    place = given.out / "runs" / f"{name}-{part.replace(' ', '-')}"
    kept = place.with_suffix(".json")
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    torch.manual_seed(given.seed)
    network = BUILDERS[name][part](backbone, SIDES[name])
    learns = sum(value.numel() for value in network.parameters() if value.requires_grad)
    place.mkdir(parents=True, exist_ok=True)
    task = (
        BoxTask(name, network, given)
        if shares is None
        else DetectorTask(
            name,
            NETWORKS[name],
            network,
            shares,
            told={"part": part},
            seed=given.seed,
            batch=given.batch,
            reuse=8,
            cache=given.out / "cache",
            workers=1,
            sizes=Sizes(samples=128, pictures=given.held),
        )
    )
    with contextlib.closing(task), joined() as ranks:
        task.batch(0)  # so that what other processes make is not waited for below
        began = time.process_time()
        schedule = Schedule(steps=given.steps, rate=RATE, seed=given.seed)
        network = run(task, schedule, place, ranks).network
        seconds = time.process_time() - began
        f1, area, marked = [], [], []
        for odds, seen in zip(odds_of(says(network), task.held), task.held, strict=True):
            mask, ignore = seen.mask >= 128, seen.ignore >= 128
            levels = np.round(255 / (1 + np.exp(-odds.astype(np.float64)))).astype(np.uint8)
            counts = count(odds >= 0, mask, ignore=ignore)
            if mask.any():
                f1.append(f1_of(counts))
                area.append(auc(count_levels(levels, mask, ignore=ignore)))
            else:
                marked.append(counts.fp / max(1, counts.fp + counts.tn))
    found = {"learns": learns, "seconds": seconds, "f1": f1, "auc": area, "marked": float(np.mean(marked))}
    kept.write_text(json.dumps(found))
    told = f"F1 {np.mean(f1):.3f}, AUC {np.mean(area):.3f}, {seconds:.0f} s"
    print(f"{name}, {part}: {told}", file=sys.stderr)
    return found


def table(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """In Markdown; a difference is that of the network with a part off to the whole one."""
    lines = [
        "| network | part | learns | F1 | AUC | marked | F1 lost | AUC lost | s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, parts in found.items():
        for part, one in parts.items():
            lost = [
                "" if part == WHOLE else interval(paired_difference(parts[WHOLE][key], one[key]))
                for key in ("f1", "auc")
            ]
            numbers = f"{np.mean(one['f1']):.3f} | {np.mean(one['auc']):.3f} | {one['marked']:.3f}"
            learns, seconds = f"{one['learns']:,}", f"{one['seconds']:.0f}"
            lines.append(f"| {name} | {part} | {learns} | {numbers} | {' | '.join(lost)} | {seconds} |")
    return "\n".join(lines)


def interval(found: Estimate) -> str:
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


if __name__ == "__main__":
    main()
