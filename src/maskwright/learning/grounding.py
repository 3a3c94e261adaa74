"""Where in a picture is what a few words name: CLIPSeg and Grounding DINO, as transformers has them.

CLIPSeg: Lueddecke and Ecker, "Image Segmentation Using Text and Image Prompts", arXiv 2112.10003. Grounding
DINO: Liu et al., arXiv 2303.05499. Both run in float32: a prior is asked for once a picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError, SettingError
from maskwright.learning.pretrained import Pretrained, best_device, load, preparation, pretrained, tokenizer
from maskwright.pairs.values import Picture

Plane = NDArray[np.float32]

FOUND = 0.5
"""A map that reaches this nowhere has not found its words: what is at least as much is the grounded region
(`maskwright.masks.side_effects`), and an empty region would make every change a side effect."""
SIDE_PX = 352
"""Side of the square that CLIPSeg sees where its folder does not say: that of the paper."""
EDGES_PX = (800, 1333)
"""Shorter and longest side of a picture as Grounding DINO sees it, where its folder does not say."""
BOX_SCORE = 0.25
"""Boxes of a lower score are dropped: the threshold of transformers' own post-processing."""
MARGIN = 0.1
"""Of a box's longer side: so far outside, its map has fallen from one half to 0. Ours, unmeasured."""
AT_ONCE = 16
"""Pictures a GPU gets at once; a CPU takes them one by one, so that none depends on the others."""


class ClipSeg:
    """Grounds by CLIPSeg: a heat map for the words, on a square of the whole picture.

    Args:
        spec: a folder in the hub's layout, or a hub id whose files are in the hub's cache.
        device: as torch names it; None is a GPU where there is one.

    Attributes:
        name, digest: "clipseg"; sha256 of the weights.

    Raises:
        SettingError: `spec` is empty.
        MissingExtraError: torch or transformers is not installed, or the files are not on this machine.
        InputError: they are no CLIPSeg, or damaged; see `maskwright.learning.pretrained`.
    """

    name = "clipseg"

    def __init__(self, spec: str = "", *, device: str | None = None) -> None:
        found = _found(spec, self.name, "clipseg", example="CIDAS/clipseg-rd64-refined")
        self.digest = found.digest
        self._device = best_device() if device is None else device
        self._preparation = preparation(found.folder)
        self._model = load(found, "CLIPSegForImageSegmentation", device=self._device)
        config = self._model.config
        self._side = self._preparation.size.get("height", SIDE_PX)
        if self._side != self._preparation.size.get("width", self._side) or self._side < 1:
            raise InputError(f"{spec} wants pictures of {dict(self._preparation.size)}, expected a square")
        if self._side % config.vision_config.patch_size:
            raise InputError(
                f"{spec} wants pictures of {self._side} pixels, "
                f"and its patches of {config.vision_config.patch_size} do not fit in"
            )
        self._tokenizer = tokenizer(
            found, "CLIPTokenizer", ("vocab.json", "merges.txt"), words=config.text_config.vocab_size
        )
        self._length = config.text_config.max_position_embeddings

    def ground(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> list[Plane | None]:
        """Where each concept is in its picture: (H, W) float32 in 0..1, or None.

        None where the concept is empty, or no place of the map reaches `FOUND`. Words beyond what the
        network can read are left out.
        """
        maps: list[Plane | None] = [None] * len(pictures)
        asked = [place for place, text in _asked(pictures, concepts)]
        at_once = 1 if self._device == "cpu" else AT_ONCE
        for start in range(0, len(asked), at_once):
            some = asked[start : start + at_once]
            heats = self._heats([pictures[place] for place in some], [concepts[place] for place in some])
            for place, heat in zip(some, heats, strict=True):
                if heat.max() >= FOUND:
                    height, width = pictures[place].shape[:2]
                    grown = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
                    maps[place] = np.asarray(grown, np.float32).clip(0, 1)
        return maps

    def _heats(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> Plane:
        """(B, side, side) in 0..1."""
        import torch

        planes = [self._preparation.planes(each, height=self._side, width=self._side) for each in pictures]
        # always as long as can be, so that a text does not depend on those beside it
        text = self._tokenizer(
            list(concepts),
            padding="max_length",
            truncation=True,
            max_length=self._length,
            return_tensors="pt",
        )
        with torch.inference_mode():
            told = self._model(
                input_ids=text["input_ids"].to(self._device),
                attention_mask=text["attention_mask"].to(self._device),
                pixel_values=torch.from_numpy(np.stack(planes)).to(self._device),
            )
            heats: NDArray[np.float32] = told.logits.sigmoid().float().cpu().numpy()
        return heats.reshape(len(planes), self._side, self._side)


class GroundingDino:
    """Grounds by the boxes of Grounding DINO, drawn as a map; see `box_map`.

    Args:
        spec: a folder in the hub's layout, or a hub id whose files are in the hub's cache.
        device: as torch names it; None is a GPU where there is one.

    Attributes:
        name, digest: "grounding-dino"; sha256 of the weights.

    Raises:
        SettingError: `spec` is empty.
        MissingExtraError: torch or transformers is not installed, or the files are not on this machine.
        InputError: they are no Grounding DINO, or damaged, or its backbone is one of timm's; see
            `maskwright.learning.pretrained`.
    """

    name = "grounding-dino"

    def __init__(self, spec: str = "", *, device: str | None = None) -> None:
        found = _found(spec, self.name, "grounding-dino", example="IDEA-Research/grounding-dino-tiny")
        self.digest = found.digest
        self._device = best_device() if device is None else device
        self._preparation = preparation(found.folder)
        self._model = load(found, "GroundingDinoForObjectDetection", device=self._device)
        config = self._model.config
        self._tokenizer = tokenizer(
            found, "BertTokenizer", ("vocab.txt",), words=config.text_config.vocab_size
        )
        self._length = min(config.max_text_len, config.text_config.max_position_embeddings)

    def ground(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> list[Plane | None]:
        """Where each concept is in its picture: (H, W) float32 in 0..1, or None.

        None where the concept is empty, or no box scores `BOX_SCORE`. Pictures are taken one by one.
        """
        maps: list[Plane | None] = [None] * len(pictures)
        for place, text in _asked(pictures, concepts):
            height, width = pictures[place].shape[:2]
            boxes, scores = self._boxes(pictures[place], text)
            maps[place] = box_map(boxes, scores, height=height, width=width)
        return maps

    def _boxes(self, picture: Picture, text: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N, 4) centre x, centre y, width, height in 0..1; (N,) the score of the best token of each."""
        import torch

        height, width = self._size(picture)
        planes = self._preparation.planes(picture, height=height, width=width)
        tokens = self._tokenizer(text, truncation=True, max_length=self._length, return_tensors="pt")
        with torch.inference_mode():
            told = self._model(
                pixel_values=torch.from_numpy(planes[None]).to(self._device),
                **{name: values.to(self._device) for name, values in tokens.items()},
            )
            scores = told.logits[0].sigmoid().amax(dim=-1).float().cpu().numpy()
            boxes = told.pred_boxes[0].float().cpu().numpy()
        return boxes, scores

    def _size(self, picture: Picture) -> tuple[int, int]:
        """Height and width the network meets: as large as its two limits allow."""
        shortest = self._preparation.size.get("shortest_edge", EDGES_PX[0])
        longest = self._preparation.size.get("longest_edge", EDGES_PX[1])
        sides = picture.shape[:2]
        scale = min(shortest / min(sides), longest / max(sides))
        return max(1, round(sides[0] * scale)), max(1, round(sides[1] * scale))


def box_map(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], *, height: int, width: int
) -> Plane | None:
    """Boxes as a map of where they say that something is.

    Inside a box: 0.5 at a score of `BOX_SCORE`, rising to 1 at a score of 1. Outside it falls from 0.5 to 0
    over `MARGIN`, since the borders of boxes are rough. Where boxes overlap the highest value stands.

    Args:
        boxes: (N, 4) centre x, centre y, width, height, as shares of the picture.
        scores: (N,) in 0..1.

    Returns:
        (height, width) float32 in 0..1, at least 0.5 exactly where the centre of a pixel is in a box that is
        kept; None where none is.
    """
    drawn = np.zeros((height, width), np.float32)
    kept = (scores >= BOX_SCORE) & np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
    for (x, y, across, down), score in zip(boxes[kept].tolist(), scores[kept].tolist(), strict=True):
        margin = MARGIN * max(across * width, down * height)
        rows, above = _outside(height, y, down, margin)
        columns, beside = _outside(width, x, across, margin)
        away = np.maximum(above[:, None], beside[None])
        inside = 0.5 + 0.5 * (score - BOX_SCORE) / (1 - BOX_SCORE)
        place = drawn[rows, columns]
        np.maximum(place, np.where(away > 0, 0.5 * (1 - away), np.float32(inside)), out=place)
    return drawn if drawn.max() >= FOUND else None


def _outside(length: int, centre: float, size: float, margin: float) -> tuple[slice, Plane]:
    """How far pixels lie outside an interval given in shares, as shares of a margin: those nearer than 1."""
    distance = np.abs(np.arange(length) + 0.5 - centre * length) - size * length / 2
    shares = np.maximum(distance / margin, 0)
    near = np.flatnonzero(shares < 1)
    within = slice(int(near[0]), int(near[-1]) + 1) if near.size else slice(0, 0)
    return within, shares[within].astype(np.float32)


def _found(spec: str, name: str, kind: str, *, example: str) -> Pretrained:
    if not spec:
        raise SettingError(
            f"the grounding {name} needs weights: a folder or a hub id", hint=f"--grounding {name}:{example}"
        )
    return pretrained(spec, [kind])


def _asked(pictures: Sequence[Picture], concepts: Sequence[str]) -> list[tuple[int, str]]:
    """Where something is asked for, and as Grounding DINO reads it: small letters, a full stop at the end."""
    if len(pictures) != len(concepts):
        raise SettingError(f"{len(pictures)} pictures and {len(concepts)} concepts: each needs its own")
    texts = [" ".join(concept.lower().replace(".", " ").split()) for concept in concepts]
    return [(place, f"{text}.") for place, text in enumerate(texts) if text]
