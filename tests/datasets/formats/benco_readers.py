"""How IMDLBenCo 0.1.45 reads datasets, in numpy: its package pins numpy<2 and does not install beside ours.

Written from what its readers do, not from their text: pairing by place in the sorted folder, lists relative
to the working directory, mean of the colours above 127.5, padding to the top left, the order in which
train.py tries its readers. Where it goes wrong, so do these.

Source: github.com/scu-zjz/IMDLBenCo of 7 July 2026, datasets/{abstract,iml,balanced}_dataset.py, transforms,
training_scripts/{train,test}.py.
"""

from __future__ import annotations

import json
import os
import random
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


class Reader:
    """A list of pictures and masks, read one by one.

    Args:
        is_padding, is_resizing: exactly one is True, as there.
        output_size: height and width of the canvas.
    """

    def __init__(
        self,
        path: str,
        is_padding: bool = False,
        is_resizing: bool = False,
        output_size: tuple[int, int] = (1024, 1024),
    ) -> None:
        if is_padding == is_resizing:
            raise AttributeError("exactly one of is_padding and is_resizing")
        self.tp_path, self.gt_path = self.paths(path)
        self.is_padding, self.output_size = is_padding, output_size

    def paths(self, path: str) -> tuple[list[str], list[str]]:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.tp_path)

    def __getitem__(self, index: int) -> dict[str, Any]:
        picture = rgb(self.tp_path[index])
        if self.gt_path[index] == "Negative":
            mask, label = np.zeros(picture.shape), 0
        else:
            mask, label = rgb(self.gt_path[index]).astype(float), 1
        assert picture.shape == mask.shape, (self.tp_path[index], self.gt_path[index])
        edited = (mask.mean(axis=2) > 127.5) * 1.0
        size = picture.shape[:2]
        fit = padded if self.is_padding else resized
        image, placed = fit(picture, self.output_size, True), fit(edited, self.output_size, False)
        height, width = self.output_size
        item = {
            # the two are exchanged there as well, which nobody sees on a square canvas
            "image": ((image / 255 - MEAN) / STD)[:width, :height].transpose(2, 0, 1),
            "mask": placed[None, :width, :height],
            "label": label,
            "origin_shape": size,
            "shape": size if self.is_padding else self.output_size,
            "name": os.path.basename(self.tp_path[index]),
        }
        if self.is_padding:
            item["shape_mask"] = np.zeros_like(item["mask"])
            item["shape_mask"][:, : size[0], : size[1]] = 1
        return item


class ManiDataset(Reader):
    """A folder with `Tp` and `Gt`."""

    def paths(self, path: str) -> tuple[list[str], list[str]]:
        places = [os.path.join(path, name) for name in ("Tp", "Gt")]
        assert all(os.path.isdir(place) for place in places)
        tp, gt = (sorted(os.listdir(place)) for place in places)
        return [os.path.join(places[0], name) for name in tp], [os.path.join(places[1], name) for name in gt]


class JsonDataset(Reader):
    """A list of [picture, mask] or [picture, "Negative"]; only the first picture has to be there."""

    def paths(self, path: str) -> tuple[list[str], list[str]]:
        with open(path) as file:
            rows = json.load(file)
        if not rows:
            raise TypeError("the list is empty")
        if not os.path.isfile(rows[0][0]) or rows[0][0].endswith(".json"):
            raise NameError("record")  # what its message about that names is not defined
        return [row[0] for row in rows], [row[1] for row in rows]


class BalancedDataset:
    """A list of [reader, path]; as many draws, with replacement, of each."""

    def __init__(self, path: str, sample_number: int = 1840, **settings: Any) -> None:
        with open(path) as file:
            children = [(place, READERS[name]) for name, place in json.load(file)]
        self.sample_number = sample_number
        self.children = [reader(place, **settings) for place, reader in children]

    def __len__(self) -> int:
        return self.sample_number * len(self.children)

    def __getitem__(self, index: int) -> dict[str, Any]:
        child = self.children[index // self.sample_number]
        return child[random.randint(0, len(child) - 1)]


READERS: dict[str, type[Reader]] = {"ManiDataset": ManiDataset, "JsonDataset": JsonDataset}


def open_training(path: str, **settings: Any) -> Reader | BalancedDataset:
    """What `train.py --data_path` opens: a folder, else a list, else, whatever was wrong, a balanced one."""
    if os.path.isdir(path):
        return ManiDataset(path, **settings)
    try:
        return JsonDataset(path, **settings)
    except Exception:
        return BalancedDataset(path, **settings)


def open_tests(path: str, **settings: Any) -> dict[str, Reader]:
    """What `test.py --test_data_json` opens."""
    with open(path) as file:
        named = json.load(file)
    return {
        name: (ManiDataset if os.path.isdir(place) else JsonDataset)(place, **settings)
        for name, place in named.items()
    }


def rgb(path: str) -> NDArray[np.uint8]:
    """As Pillow converts it: no EXIF, no alpha, palettes as colours."""
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def padded(array: NDArray[Any], size: tuple[int, int], is_picture: bool) -> NDArray[Any]:
    """Zeros to the right and below; what is larger stays so, and is cut by the crop that follows."""
    below, right = (max(0, wanted - has) for wanted, has in zip(size, array.shape, strict=False))
    return np.pad(array, [(0, below), (0, right)] + [(0, 0)] * (array.ndim - 2))


def resized(array: NDArray[Any], size: tuple[int, int], is_picture: bool) -> NDArray[Any]:
    """Bilinear for pictures, nearest for masks: albumentations' defaults."""
    how = cv2.INTER_LINEAR if is_picture else cv2.INTER_NEAREST
    return cv2.resize(array, size[::-1], interpolation=how)
