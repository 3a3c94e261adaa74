"""Arrays that must lie on one grid."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from maskwright.errors import GridError


def check_same_grid(**arrays: NDArray[Any] | None) -> None:
    """Refuse arrays whose heights and widths differ; None is passed over.

    Raises:
        GridError: names both arrays and their sizes, width x height.
    """
    first = ""
    size: tuple[int, ...] = ()
    for name, array in arrays.items():
        if array is None:
            continue
        if not first:
            first, size = name, array.shape[:2]
        elif array.shape[:2] != size:
            raise GridError(
                f"{name} is {array.shape[1]}x{array.shape[0]}, {first} is {size[1]}x{size[0]}"
                " (width x height)"
            )
