"""Where a dataset may be built: nowhere that its own files would change what it is made of."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from maskwright.corpus import atomic
from maskwright.datasets.building.built import BUILD
from maskwright.errors import SettingError


def check_place(dataset: Path, others: Iterable[tuple[str, str]]) -> None:
    """Refuse a folder that cannot hold a dataset, or that another build has not begun.

    Args:
        others: (what it is, where) of all that is read; places that are no folders of this machine pass.

    Raises:
        SettingError: it is a file, is not empty, or lies in what is read, or that in it.
    """
    if "\0" in str(dataset):
        raise SettingError(f"a folder cannot be named {str(dataset)!r}")
    if dataset.exists() and not dataset.is_dir():
        raise SettingError(f"{dataset} is a file; a dataset is a folder", hint="give another name")
    here = Path(os.path.realpath(dataset))
    for what, location in others:
        there = Path(os.path.realpath(location))
        if there.is_dir() and there in (here, *here.parents):
            raise SettingError(
                f"the dataset {dataset} lies inside {what}, {location}", hint="choose a folder beside it"
            )
        if there.exists() and here in there.parents:
            raise SettingError(
                f"{what}, {location}, lies inside the dataset {dataset}", hint="choose a folder beside it"
            )
    if not dataset.is_dir() or (dataset / BUILD).exists():
        return
    with atomic.told(dataset):
        others_there = [entry.name for entry in dataset.iterdir()]
    if any(not name.startswith(atomic.TEMPORARY) for name in others_there):
        raise SettingError(
            f"{dataset} is not empty and holds no dataset of maskwright",
            hint="give a new folder; nothing there was touched",
        )


def tidy(dataset: Path) -> None:
    """Remove what dead processes have left half-written."""
    for place, _, _ in os.walk(dataset):
        atomic.remove_temporaries(Path(place), of_pid=os.getpid())
        atomic.remove_stale(Path(place))
