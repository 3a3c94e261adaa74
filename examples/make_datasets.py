"""From pairs to datasets: annotate, select, build in every format, check, and load each with its own library.

python examples/make_datasets.py work pairs.csv [more.csv ...] --restricted include

writes work/<name>/ for every source (what annotate makes of it) and work/dataset-<format>/ for every format.
Loading needs: pip install 'maskwright[hub]' webdataset pycocotools.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import webdataset
from PIL import Image
from pycocotools.coco import COCO

import datasets
import maskwright

Loaded = Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]
"""(H, W, 3) uint8 pictures, and their (H, W) bool masks, all False where a picture is authentic.

Of a dataset of masks only the mask stands in place of the picture.
"""


def pixels(image: Image.Image) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A picture of any kind as RGB, and as a mask."""
    return np.asarray(image.convert("RGB")), np.asarray(image.convert("L")) > 127


def from_hub(picture: str, folder: Path, split: str) -> Loaded:
    """Parquet, ImageFolder and masks only, as Hugging Face datasets loads them by the card."""
    for row in datasets.load_dataset(str(folder), split=split):
        yield pixels(row[picture])[0], pixels(row["mask"])[1]


def from_tars(folder: Path, split: str) -> Loaded:
    shards = [str(path) for path in sorted(folder.glob(f"data/{split}-*.tar"))]
    for row in webdataset.WebDataset(shards, shardshuffle=False).decode("pil"):
        picture = next(row[key] for key in row if key.startswith("picture."))
        yield pixels(picture)[0], pixels(row["mask.png"])[1]


def from_imdlbenco(folder: Path, split: str) -> Loaded:
    """As IMDLBenCo's JsonDataset pairs them."""
    for picture, mask in json.loads((folder / f"{split}.json").read_text()):
        shown = pixels(Image.open(folder / picture))[0]
        empty = np.zeros(shown.shape[:2], bool)
        yield shown, empty if mask == "Negative" else pixels(Image.open(folder / mask))[1]


def from_coco(folder: Path, split: str) -> Loaded:
    coco = COCO(folder / f"{split}.json")
    for image in coco.loadImgs(coco.getImgIds()):
        shown = pixels(Image.open(folder / split / image["file_name"]))[0]
        mask = np.zeros(shown.shape[:2], bool)
        for edit in coco.loadAnns(coco.getAnnIds(image["id"], iscrowd=False)):
            mask |= coco.annToMask(edit) > 0
        yield shown, mask


def from_change_detection(folder: Path, split: str) -> Loaded:
    for label in sorted((folder / split / "label").iterdir()):
        yield pixels(Image.open(folder / split / "B" / label.name))[0], pixels(Image.open(label))[1]


LOADERS: dict[str, Callable[[Path, str], Loaded]] = {
    "parquet": partial(from_hub, "image"),
    "imagefolder": partial(from_hub, "image"),
    "webdataset": from_tars,
    "imdlbenco": from_imdlbenco,
    "coco": from_coco,
    "change-detection": from_change_detection,
    "masks": partial(from_hub, "mask"),
}


def make_datasets(
    work: Path,
    sources: Sequence[str],
    *,
    where: str,
    restricted: str,
    formats: Sequence[str] = tuple(LOADERS),
) -> Iterator[str]:
    """A line a step, as it is done."""
    outs = [work / Path(source).stem for source in sources]
    for source, out in zip(sources, outs, strict=True):
        done = maskwright.annotate(source, out)
        yield f"annotated {source}: a mask for {done.by_status.get('ok', 0)} of {done.rows_done} rows"
    selected = maskwright.select(outs, [where], name="good")
    yield f"selected {selected.rows} rows: {where}"
    for name in formats:
        dataset = work / f"dataset-{name}"
        options = maskwright.BuildOptions(restricted=restricted)
        built = maskwright.build(dataset, outs=outs, selection="good", format=name, options=options)
        defects = maskwright.check(dataset).defects
        splits = [split for split, labels in built.counts.items() if sum(labels.values())]
        masks = [mask for split in splits for _, mask in LOADERS[name](dataset, split)]
        edited = np.mean([mask.mean() for mask in masks])
        yield f"{name}: {len(defects)} defects, {len(masks)} masks loaded, {edited:.2%} of a picture edited"


def main() -> None:
    datasets.disable_progress_bars()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("sources", nargs="+", help="anything that maskwright annotates")
    parser.add_argument("--where", default="qes > 0.5 and area_frac <= 0.6", help="MIML's filter")
    parser.add_argument("--restricted", default="refuse", help="refuse, leave-out or include")
    words = parser.parse_args()
    for line in make_datasets(words.work, words.sources, where=words.where, restricted=words.restricted):
        print(line, flush=True)


if __name__ == "__main__":
    main()
