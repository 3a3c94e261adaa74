"""Make the pictures of docs/why/detect.md: the proof's plot, and one of its pairs of each kind of edit.

    PYTHONPATH=benchmarks python docs/make_proof.py OUT --autoencoder AE/autoencoder.onnx

OUT is what benchmarks/prove_masks.py wrote. The pairs are regenerated ones of scikit-image's photographs (see
maskwright.bench.demo), for of the proof not all may be shown. The blurred difference is cut at
the threshold of the proof. Of each kind it is the first one drawn, whatever the masks are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from make_failures import small

import proof_edits
from maskwright.bench.baselines import otsu
from maskwright.bench.demo import PHOTOS
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pairs.difference import blurred_difference
from maskwright.pairs.values import Pair
from maskwright.synthesis.roundtrip import load_roundtrip, pass_through
from maskwright.synthesis.steps import begin

PICTURES = Path(__file__).parent / "pictures"
SHOWN = ("astronaut", "cat", "coffee", "rocket")
TILE_PX = 150


def rows(autoencoder: Path, threshold: int) -> Iterator[Row]:
    network, annotator = load_roundtrip(autoencoder), load_annotator("compact")
    names = list(PHOTOS)
    for kind in proof_edits.EDITS:
        photo = SHOWN[list(proof_edits.EDITS).index(kind)]
        donor = small(names[(names.index(photo) + 1) % len(names)])
        for seed in range(1000):
            rng = np.random.default_rng(seed)
            made, drawn = proof_edits.edit(
                begin(small(photo)), None, donor, lambda picture: pass_through(network, picture), rng
            )
            if drawn == kind and made.mask.any():
                break
        edited, done = proof_edits.corrupt(made.edited, lambda picture: pass_through(network, picture), rng)
        found = annotate_pair(Pair(kind, made.original, edited), annotator).mask
        levels = blurred_difference(made.original, edited)
        ours = np.zeros_like(made.mask) if found is None else found
        masks = [made.mask, ours, levels >= threshold, otsu(levels)]
        grey = [np.repeat(np.uint8(255) * mask[..., None], 3, axis=2) for mask in masks]
        yield Row(f"{kind}; then: {', '.join(done)}", (made.original, edited, *grey))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--autoencoder", type=Path, required=True)
    options = parser.parse_args()
    report = json.loads((options.out / "proof.json").read_text())
    (PICTURES / "proof.svg").write_text((options.out / "proof.svg").read_text())
    sheet = contact_sheet(list(rows(options.autoencoder, report["threshold"])), tile_px=TILE_PX)
    coded = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    (PICTURES / "proof-pairs.jpg").write_bytes(coded.tobytes())


if __name__ == "__main__":
    main()
