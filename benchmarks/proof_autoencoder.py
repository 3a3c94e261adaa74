"""Train the autoencoder that the proof's pictures pass through: one of a shape `compact` never saw.

    python benchmarks/proof_autoencoder.py --photos ../shared/data/photos/photos.csv -o OUT [--steps 1500]

The annotator was trained with the eightfold autoencoder of `maskwright train autoencoder`; what it has
learned of that one's marks must not help it here. This one shrinks four times each way, to four channels: a
twelfth of the numbers, as FLUX's does. Its photographs and its loss are those of the other, its seed is not.
Writes OUT/autoencoder.onnx, for `--autoencoder` of prove_masks.py. Needs the torch extra.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from maskwright.learning.autoencoder import RATE, AutoencoderTask
from maskwright.learning.export import check, export
from maskwright.learning.loop import Lap, Schedule, run
from maskwright.learning.networks.autoencoder import LATENT
from maskwright.learning.ranks import joined
from maskwright.learning.shares import shared

DATA = Path(os.environ.get("MASKWRIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
WIDTHS = (24, 48)
"""Channels at a half and a quarter of the size: small, for what it must do is not hard."""
SEED = 2


class Fourfold(nn.Module):
    """A picture in, the picture as it remembers it out; sides are multiples of 4."""

    def __init__(self) -> None:
        super().__init__()
        one, two = WIDTHS
        self.layers = nn.Sequential(
            nn.Conv2d(3, one, 3, stride=2, padding=1),  # (N, 24, H/2, W/2)
            nn.GELU(),
            nn.Conv2d(one, two, 3, stride=2, padding=1),  # (N, 48, H/4, W/4)
            nn.GELU(),
            nn.Conv2d(two, LATENT, 3, padding=1),  # (N, 4, H/4, W/4)
            nn.Conv2d(LATENT, two, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(two, 4 * one, 3, padding=1),
            nn.PixelShuffle(2),  # (N, 24, H/2, W/2)
            nn.GELU(),
            nn.Conv2d(one, 4 * 3, 3, padding=1),
            nn.PixelShuffle(2),  # (N, 3, H, W)
        )

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, H, W) float in 0..1, to the same."""
        again = cast("Tensor", self.layers(picture * 2 - 1)).float() * 0.5 + 0.5
        return again if self.training else again.clamp(0, 1)


class FourfoldTask(AutoencoderTask):
    """As `maskwright train autoencoder`, with the other network."""

    name = "fourfold"

    def network(self) -> nn.Module:
        return Fourfold()


def told(lap: Lap) -> None:
    if lap.step % 100 == 0:
        print(f"step {lap.step}, loss {lap.loss:.4f}, {lap.elapsed_s:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=Path, default=DATA / "photos" / "photos.csv")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    shares = shared(options.photos)
    task = FourfoldTask(shares.learnt, shares.held, seed=SEED, batch=options.batch)
    schedule = Schedule(steps=options.steps, seed=SEED, rate=2 * RATE)
    with joined() as ranks:
        trained = run(task, schedule, options.out, ranks, progress=told)
    examples = [{"picture": planes} for planes in task.middles[:4]]
    path = export(
        trained.network,
        options.out / "autoencoder.onnx",
        examples[0],
        outputs=["again"],
        moving=dict.fromkeys(("picture", "again"), (0, 2, 3)),
    )
    check(trained.network, path, examples, as_chance=False)
    print(f"{path}: {trained.figures['psnr']:.1f} dB after {trained.steps} steps, {trained.elapsed_s:.0f} s")


if __name__ == "__main__":
    main()
