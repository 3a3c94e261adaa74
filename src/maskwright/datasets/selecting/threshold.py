"""Masks at another threshold, from the stored change maps, without annotating again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from maskwright.corpus.schema import COLUMNS, TYPES, fitted
from maskwright.errors import InputError, RunError, SettingError
from maskwright.masks.scores import OF_MASK_AND_PICTURES, OF_SHAPE, Scores, mask_at, shape_scores
from maskwright.pairs.picture import decode_grey

MAP = "change"
"""The column that masks are derived from."""
REFUSED = ("verdict", *OF_MASK_AND_PICTURES)
"""Columns that speak of the mask at 0.5 and cannot be derived for another one."""
_TYPES = {column.name: TYPES[column.type] for column in COLUMNS}


def check_threshold(threshold: float | None) -> None:
    """Refuse what is no threshold; None stands for the masks as they are stored."""
    if threshold is not None and not 0 < threshold < 1:
        raise SettingError(
            f"a threshold is above 0 and below 1, not {threshold}", hint="the stored masks are those of 0.5"
        )


def derived(table: pa.Table, threshold: float, pool: ThreadPoolExecutor) -> pa.Table:
    """The scores `OF_SHAPE` of masks at a threshold, a row each; null where there is no change map.

    Args:
        table: holds id and change, as stored.

    Raises:
        RunError: a stored map cannot be read.
    """

    def scores(pair_id: str, stored: dict[str, Any] | None) -> Scores:
        if stored is None:
            return dict.fromkeys(OF_SHAPE)
        try:
            levels = decode_grey(stored["bytes"])
        except InputError as fault:
            raise RunError(f"the change map of {pair_id!r} is damaged: {fault}") from fault
        return shape_scores(levels, mask_at(levels, threshold))

    rows = list(pool.map(scores, table["id"].to_pylist(), table[MAP].to_pylist()))
    return pa.table(
        {name: pa.array([fitted(_TYPES[name], row[name]) for row in rows], _TYPES[name]) for name in OF_SHAPE}
    )
