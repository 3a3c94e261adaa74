"""COCO's run lengths: masks as text, column by column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskwright.errors import InputError
from maskwright.pairs.values import Mask


def encode_rle(mask: Mask) -> str:
    """A mask as `counts` of COCO's compressed RLE.

    Args:
        mask: (H, W) bool.

    Source:
        cocoapi, maskApi.c, rleEncode and rleToString: lengths of runs down the columns, unedited first
        (0 where the first pixel is edited); from the fourth on as the difference to the one two before;
        five bits a character, lowest first, 0x20 where more follow, 48 added.

    >>> encode_rle(np.array([[False, True], [False, True]]))
    '22'
    """
    flat = np.concatenate([[False], mask.ravel(order="F")])
    borders = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(borders, prepend=0, append=mask.size)
    counts[3:] -= counts[1:-2].copy()
    text = bytearray()
    for value in counts.tolist():
        more = True
        while more:
            low, value = value & 0x1F, value >> 5
            more = value != (-1 if low & 0x10 else 0)
            text.append(low + 0x20 * more + 48)
    return text.decode("ascii")


def decode_rle(counts: str | list[int], height: int, width: int) -> Mask:
    """The mask of COCO's RLE, compressed or a list of run lengths.

    Returns:
        (H, W) bool.

    Raises:
        InputError: the runs are no whole numbers, or do not add up to the size.

    >>> decode_rle([1, 2, 1], 2, 2)
    array([[False,  True],
           [ True, False]])
    """
    runs = _numbers(counts) if isinstance(counts, str) else counts
    # whole numbers of Python: a sum of them does not wrap round
    if not all(type(run) is int and run >= 0 for run in runs) or sum(runs) != height * width:
        raise InputError(f"the runs of a mask do not fill its {width}x{height} pixels")
    return _filled(np.array(runs, np.int64)).reshape((height, width), order="F")


def _filled(runs: NDArray[np.int64]) -> Mask:
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs)


def _numbers(text: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for code in (ord(letter) - 48 for letter in text):
        if not 0 <= code < 64:
            raise InputError("the runs of a mask hold a character that is none of COCO's")
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise InputError("the runs of a mask end in the middle of a number")
    return runs
