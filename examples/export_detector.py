"""Write a detector of IMDLBenCo, or one called as those are, as an ONNX file beside its card.

    python export_detector.py IMDLBenCo.model_zoo:Mesorch checkpoint.pth mesorch.onnx --side 512
    maskwright detect photo.jpg --detector mesorch.onnx

Runs where the detector was trained: it needs torch and what the model is made of, and not maskwright. A model
of IMDLBenCo is called with a picture and with the truth about it, and gives losses beside its map. Here it
is asked about the picture alone, and what belongs to the losses does not get into the file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
"""What IMDLBenCo's transforms make of colours in 0..1."""


class OnePicture(nn.Module):
    """A model of IMDLBenCo that is told of no truth.

    Args:
        model: takes `image` and, by name, `mask`, `edge_mask` and `label`; gives a dict with `pred_mask`,
            (N, 1, H, W) in 0..1, and perhaps `pred_label`.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) float to the map, and to the picture's score where the model has one."""
        empty = torch.zeros_like(image[:, :1])
        told = self.model(image=image, mask=empty, edge_mask=empty, label=empty[:, 0, 0, 0])
        return (
            (told["pred_mask"],)
            if told.get("pred_label") is None
            else (told["pred_mask"], told["pred_label"])
        )


def export(
    model: nn.Module, path: Path, *, side: int, whole: bool = True, licence: str = "none stated"
) -> None:
    """Write the model and its card.

    Args:
        side: of the square that it takes, in pixels: `--image_size` of its training.
        whole: it was trained with `--if_resizing`; False: with `--if_padding`.
    """
    asked, example = OnePicture(model).eval(), torch.zeros(1, 3, side, side)
    with torch.no_grad():
        names = ["mask", "score"][: len(asked(example))]
    # torch's newer exporter needs a package more
    old = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(
        asked, (example,), str(path), input_names=["image"], output_names=names, opset_version=17, **old
    )
    detector: dict[str, Any] = {"input": "image", "output": "mask", "gives": "chance"}
    detector |= {"side": side, "whole": whole, "mean": MEAN, "std": STD}
    card = {
        "name": path.stem,
        "version": "1",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "licence": licence,
        "detector": detector | ({"score": "score"} if len(names) == 2 else {}),
    }
    path.with_suffix(".card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="package.module:Class")
    parser.add_argument("checkpoint", type=Path, help="what its training saved")
    parser.add_argument("out", type=Path, help="the .onnx file to write")
    parser.add_argument("--side", type=int, default=512, help="--image_size of its training")
    parser.add_argument("--padded", action="store_true", help="it was trained with --if_padding")
    parser.add_argument("--given", type=json.loads, default={}, help="arguments of the class, as JSON")
    parser.add_argument("--licence", default="none stated", help="of the weights")
    options = parser.parse_args()
    module, _, name = options.model.partition(":")
    model = getattr(importlib.import_module(module), name)(**options.given)
    with torch.serialization.safe_globals([argparse.Namespace]):  # IMDLBenCo saves its options, too
        saved = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
    model.load_state_dict(saved.get("model", saved))
    export(model, options.out, side=options.side, whole=not options.padded, licence=options.licence)
    print(f"{options.out} and its card; next: maskwright detect photo.jpg --detector {options.out}")


if __name__ == "__main__":
    main()
