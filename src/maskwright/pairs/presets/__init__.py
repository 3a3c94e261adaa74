"""Published corpora by name: how to read each, on what evidence, under which terms. Values only.

How a preset is applied stands in `sources.preset` (pairs) and `labelled` (labelled pictures).
"""

from __future__ import annotations

from maskwright.errors import InputError, SettingError, unknown_name
from maskwright.pairs.presets.folders import FOLDERS
from maskwright.pairs.presets.labelled import LABELLED
from maskwright.pairs.presets.lists import LISTS
from maskwright.pairs.presets.preset import Preset
from maskwright.pairs.presets.tables import TABLES
from maskwright.pairs.presets.unknown import UNKNOWN

PRESETS: dict[str, Preset] = {
    preset.name: preset for preset in (*TABLES, *LISTS, *FOLDERS, *LABELLED, *UNKNOWN)
}
"""Name -> preset."""


def find_preset(name: str) -> Preset:
    """The preset of this name.

    Raises:
        SettingError: there is none; names the nearest.
        InputError: it is known by name only; says what to check and how to go on without it.
    """
    if name not in PRESETS:
        raise unknown_name("corpus", name, PRESETS)
    preset = PRESETS[name]
    if preset.container is None:
        raise InputError(
            f"how {preset.title} is laid out is not established, so no preset reads it",
            hint=f"check {preset.check}; then say which columns hold what: --original COL --edited COL",
        )
    return preset


def find_labelled(name: str) -> Preset:
    """The preset of a set of labelled pictures.

    Raises:
        SettingError: as `find_preset`, or it holds pairs.
        InputError: as `find_preset`.
    """
    preset = find_preset(name)
    if not preset.is_labelled:
        raise SettingError(
            f"{preset.title} is a corpus of pairs, not of labelled pictures",
            hint=f"its masks can be made: maskwright annotate {preset.source} OUT --corpus {name}",
        )
    return preset


def find_pairs(name: str) -> Preset:
    """The preset of a corpus of pairs.

    Raises:
        SettingError: as `find_preset`, or it holds labelled pictures.
        InputError: as `find_preset`.
    """
    preset = find_preset(name)
    if preset.is_labelled:
        raise SettingError(
            f"{preset.title} is a set of labelled pictures, not of pairs: there is nothing to compare",
            hint=f"to see what it holds: maskwright inspect {preset.source} --corpus {name}",
        )
    return preset
