"""Pictures of a dataset by what they are for: to learn from, to calibrate on, to measure on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from maskwright.corpus.atomic import replacing, told
from maskwright.datasets.formats.files import SPLIT_NAMES
from maskwright.datasets.opened import open_dataset
from maskwright.datasets.values import SPLITS, Record
from maskwright.errors import InputError, SettingError
from maskwright.learning.shares import Shares, check_shares
from maskwright.pairs.maskfile import mask_and_ignore
from maskwright.pairs.opening import shown
from maskwright.pairs.picture import encode_png, read_picture
from maskwright.pairs.values import Encoded, Located, Mask, MaskLike, Picture, PictureLike, RuledMask

Answer = TypeVar("Answer")

TENTH = 10
"""One of so many photographs is kept, and one is held where the dataset says of none that it is."""

VAL = ("val", *SPLIT_NAMES[len(SPLITS) :])
"""What the split `val` is called, here and elsewhere."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture to learn from or to be measured on: what training needs of a `Record`.

    Args:
        id: of the record.
        picture, mask, ignore: where they are; files, so that another process can open them. No mask: nothing
            was edited.
        source: the corpus it comes from; empty where nobody says.
        licence: of the picture; empty where not stated.
    """

    id: str
    picture: PictureLike
    mask: MaskLike | None
    ignore: PictureLike | None
    source: str
    licence: str

    @property
    def forged(self) -> bool:
        return self.mask is not None


@dataclass(frozen=True, slots=True)
class Opened:
    """An exhibit in memory.

    Args:
        picture: (H, W, 3) uint8.
        mask: (H, W) bool, True = edited.
        ignore: (H, W) bool, nobody can say.
    """

    picture: Picture
    mask: Mask
    ignore: Mask


def opened(exhibit: Exhibit) -> Opened:
    """Decode an exhibit.

    Raises:
        InputError: a file is damaged, or mask or ignore do not fit the picture.
    """
    picture = read_picture(exhibit.picture).pixels
    height, width = picture.shape[:2]
    try:
        known = mask_and_ignore(exhibit.mask, exhibit.ignore, width, height)
    except InputError as error:
        raise InputError(f"{shown(exhibit.id)}: {error}", hint=error.hint, reason=error.reason) from error
    mask, ignore = (np.zeros((height, width), np.bool_) if each is None else each for each in known)
    return Opened(picture, mask & ~ignore, ignore)


def shared_exhibits(
    data: str | os.PathLike[str], val: str | os.PathLike[str] | None, files: Path
) -> Shares[Exhibit]:
    """The pictures of a dataset, shared out by split and photograph.

    Pictures of split `train`, or of none, are trained on but for those of a tenth of the photographs, which
    are kept; those of split `val` are held. Where there are none, and no `val`, those of another tenth of the
    photographs are held. Which pictures show one photograph says the column `photograph`, or else their
    original; a picture with neither has one of its own. Tenths are by a hash of the photograph. Splits of
    other names are left alone, and so is what shows a photograph of split `val` under another one.

    Args:
        data: what `open_dataset` opens.
        val: a dataset whose pictures are held, all of them; those of split `val` of the other one are
            left alone.
        files: a folder, where pictures are put that lie within tables or archives.

    Raises:
        InputError: as `open_dataset`; there are no pictures, no masks, none that is forged, or too few.
        SettingError: the two datasets are the same.
    """
    if val is not None and os.path.realpath(val) == os.path.realpath(data):
        raise SettingError(
            "DATASET and --val are the same",
            hint="leave out --val: rows of split val, or else a tenth of the photographs, measure",
        )
    groups: dict[str, list[Exhibit]] = {"learnt": [], "kept": [], "held": []}
    rows = list(_rows(data, files))
    of_val = {_photograph(record) for record, _ in rows if record.split in VAL}
    for record, exhibit in rows:
        photograph = _photograph(record)
        if record.split in VAL:
            groups["held"].append(exhibit)
        elif record.split in ("", "train") and photograph not in of_val:
            if not of_val and val is None and _tenth(photograph, "held"):
                groups["held"].append(exhibit)
            else:
                groups["kept" if _tenth(photograph, "kept") else "learnt"].append(exhibit)
    if val is not None:
        groups["held"] = [exhibit for _, exhibit in _rows(val, files)]
    shares = Shares(*(tuple(groups[name]) for name in ("learnt", "kept", "held")))
    check_shares(shown(data), shares, "picture")
    for name, some in groups.items():
        if not any(each.forged for each in some):
            raise InputError(
                f"{shown(data)}: of the {len(some)} pictures that are {name} none is forged",
                hint="train on more pictures: some twenty photographs are needed at the least",
            )
    return shares


def _rows(location: str | os.PathLike[str], files: Path) -> Iterator[tuple[Record, Exhibit]]:
    """Records that can be learned from; the rest is passed over."""
    pictures = masks = 0
    for record in open_dataset(location).records():
        pictures += record.picture is not None
        masks += record.mask is not None
        if record.picture is None or (record.mask is None and record.label != "authentic"):
            continue
        yield record, _exhibit(record, files)
    if not pictures:
        raise InputError(
            f"{shown(location)} holds no pictures",
            hint="a dataset of masks is joined with its pictures first: maskwright build --help",
        )
    if not masks:
        raise InputError(
            f"{shown(location)} holds no masks: there is nothing to learn from",
            hint="masks of pairs: maskwright annotate PAIRS OUT, then maskwright select and maskwright build",
        )


def _exhibit(record: Record, files: Path) -> Exhibit:
    assert record.picture is not None
    authentic = record.label == "authentic"
    return Exhibit(
        record.id,
        _on_disk(record.picture, files),
        None if authentic or record.mask is None else _mask_on_disk(record.mask, files),
        None if record.ignore is None else _on_disk(record.ignore, files),
        str(record.row.get("source") or ""),
        str(record.row.get("licence") or ""),
    )


def _photograph(record: Record) -> str:
    """What is the same for all pictures of one photograph, as far as the dataset says."""
    number = record.row.get("photograph")
    return str(getattr(record.original, "key", None) or record.id if number is None else number)


def _mask_on_disk(mask: MaskLike, files: Path) -> MaskLike:
    if isinstance(mask, RuledMask):
        place = _on_disk(mask.picture, files)
        assert isinstance(place, Located)
        return RuledMask(place, mask.rule, mask.fit)
    return _on_disk(mask, files)


def _on_disk(picture: PictureLike, files: Path) -> PictureLike:
    """Where a picture can be opened again; bytes and arrays are written, once each."""
    if isinstance(picture, np.ndarray):
        picture = Encoded(encode_png(picture), "the mask")
    if not isinstance(picture, Encoded):
        return picture
    name = hashlib.sha256(picture.data).hexdigest()[:32]
    path = files / name[:2] / name
    if not path.exists():
        with told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, durable=False) as temporary:
            temporary.write_bytes(picture.data)
    return Located(str(path), picture.key)


def _tenth(photograph: str, purpose: str) -> bool:
    digest = hashlib.sha256(f"{purpose}/{photograph}".encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8]) % TENTH == 0


def balanced(exhibits: Iterable[Exhibit]) -> list[list[list[Exhibit]]]:
    """By corpus, then forged and authentic: from each of the inner lists one is drawn as often."""
    groups: dict[str, dict[bool, list[Exhibit]]] = {}
    for each in exhibits:
        groups.setdefault(each.source, {}).setdefault(each.forged, []).append(each)
    return [[*kinds.values()] for _, kinds in sorted(groups.items())]


def told_apart(exhibits: Iterable[Exhibit]) -> str:
    """What tells these exhibits from others, wherever their dataset lies: a digest of 16 hex digits.

    Of pictures the size counts, of masks and ignore maps all they hold: datasets often differ in these alone.
    """
    digest = hashlib.sha256()
    for each in exhibits:
        size = _asked(each.picture, os.path.getsize)
        digest.update(f"{each.id}\n{each.source}\n{each.forged}\n{size}\n".encode(errors="replace"))
        for said in (each.mask, each.ignore):
            digest.update(b"none" if said is None else _asked(said, _digest))
    return digest.hexdigest()[:16]


def _digest(path: Any) -> bytes:
    return hashlib.sha256(Path(path).read_bytes()).digest()


def _asked(picture: Any, ask: Callable[[Any], Answer]) -> Answer:
    """What the file of a picture, mask or map answers.

    Raises:
        InputError: it cannot be read.
    """
    place = picture.picture if isinstance(picture, RuledMask) else picture
    path = place.path if isinstance(place, Located) else place
    try:
        return ask(path)
    except OSError as error:
        raise InputError(f"{shown(path)} cannot be read: {error.strerror}") from error
