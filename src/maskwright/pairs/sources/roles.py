"""Which column of a table holds the original, the edited picture, the mask, the region, the instruction.

First by what a column holds (only pictures can be pictures, whatever the name), then by its name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from maskwright.errors import InputError, SettingError, unknown_name
from maskwright.pairs.opening import is_remote
from maskwright.pairs.region import shape_of
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, Chosen, Roles

ALIASES: dict[str, tuple[str, ...]] = {
    role: tuple(names.split())
    for role, names in {
        "original": """
            original_image original original_img source_image source_img source src_img src_image src
            input_image input_img input_images image_file ref_image reference_image before before_image
            image_a a img_a real authentic au local_input_image open_image_input_url input_file_name
            original_file_name source_file_name image_0 img_0
            input 0
        """,
        "edited": """
            edited_image edited edited_img edit_image target_image target_img target tgt_img tgt_image tgt
            output_image output_img output_images edited_file after after_image image_b b img_b fake tampered
            tp manipulated forged result output_file_name edited_file_name target_file_name image_1 img_1
            output 1
        """,
        "mask": """
            mask_img mask_image mask masks gt gt_mask label_image seg segmentation edit_mask mask_file_name
            groundtruth
        """,
        "region": """
            region region_mask edit_region
        """,
        "instruction": """
            edit_prompt instruction edit_instruction editing_instruction augmented_instructions edit prompt
            text edited_prompt_list instruction_vlm_llm instruction_class instruction_ref_dataset input_prompt
            generated_text editing_prompt txt
        """,
    }.items()
}
"""Role -> column names that mean it, best first; how 20 published corpora name them."""

ROLE_WORDS = {
    "original": "originals",
    "edited": "edited pictures",
    "mask": "masks",
    "region": "regions",
    "instruction": "instructions",
}
"""Role -> what a column of it holds."""

_HOLDS = {"instruction": ("text",), "region": ("picture", "shape")}
"""Role -> kinds of the columns that are taken for it by their name; pictures for all others."""
_CAN_HOLD = {"instruction": ("picture", "text", "shape"), "region": ("picture", "text", "shape")}
"""Role -> kinds of the columns that can be named for it; pictures and text for all others."""

PIPE_COLUMNS = {"source_img", "target_img", "object_location"}
"""PIPE (paint-by-inpaint/PIPE) calls the photograph `target_img` and the inpainted picture `source_img`."""


def normal(name: str) -> str:
    """A column name as `ALIASES` has it: any case, `-` and blanks as `_`, no ending of a file of its kind.

    >>> normal("Original.jpg")
    'original'
    """
    name = name.strip().lower().replace("-", "_").replace(" ", "_")
    stem, ending = os.path.splitext(name)
    return stem if ending in PICTURE_SUFFIXES or ending == ".txt" else name


def looks_like_pictures(values: Sequence[str]) -> bool:
    """Whether most texts are paths of picture files, or URLs."""
    hits = sum(_is_picture_path(value) for value in values)
    return hits * 2 > len(values)


def kind_of_texts(values: Sequence[str]) -> str:
    """What a column of texts holds, by some of them: picture, shape or text."""
    if values and looks_like_pictures(values):
        return "picture"
    return "shape" if values and all(shape_of(value) is not None for value in values) else "text"


def holds_shapes(type_: pa.DataType) -> bool:
    """Whether a column of this type may hold boxes or run lengths: lists of numbers, or size and counts."""
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        return bool(pa.types.is_integer(type_.value_type) or pa.types.is_floating(type_.value_type))
    return pa.types.is_struct(type_) and {"size", "counts"} <= {field.name for field in type_}


def find_roles(where: str, kinds: Mapping[str, str], given: Roles) -> Roles:
    """Fill in the roles the user left open.

    Args:
        where: the table, for messages.
        kinds: column -> picture, text, shape, file or other, in the table's order.
        given: what the user said; taken as it is.

    Raises:
        InputError: original or edited is not clear; names the columns and the option to type.
        SettingError: a given column is not in the table.
    """
    chosen = {role: getattr(given, role) for role in ALIASES}
    for role, name in chosen.items():
        if name is not None and name not in kinds:
            raise unknown_name("column", name, kinds)
        # text may be paths without endings, and an instruction may be but a file name
        if name is not None and kinds[name] not in _CAN_HOLD.get(role, ("picture", "text")):
            held = {"instruction": "text", "region": "masks, boxes or run lengths"}.get(role, "pictures")
            raise SettingError(f"{where}: column {name!r} holds no {held}")
    named = {normal(name) for name in kinds}
    if named >= PIPE_COLUMNS and not (given.swap or given.original or given.edited):
        raise InputError(
            f"{where} looks like PIPE, whose source_img is the edited picture and target_img the photograph",
            hint="type --original target_img --edited source_img, or the other way round if it is not PIPE",
        )
    for role, aliases in ALIASES.items():
        if chosen[role] is None:
            fitting = _HOLDS.get(role, ("picture",))
            free = [name for name, kind in kinds.items() if kind in fitting and name not in chosen.values()]
            chosen[role] = _best(where, role, free, aliases)
    missing = [role for role in ("original", "edited") if chosen[role] is None]
    if missing:
        raise _unclear(where, missing, kinds)
    taken = [name for name in chosen.values() if name is not None]
    for name in taken:
        if taken.count(name) > 1:
            raise InputError(f"{where}: column {name!r} cannot be two things at once")
    if given.swap:
        chosen["original"], chosen["edited"] = chosen["edited"], chosen["original"]
    return replace(given, **chosen)


def chosen_roles(given: Roles, found: Roles) -> tuple[Chosen, ...]:
    """Which column has which role, and why.

    Args:
        given: what the user said.
        found: what `find_roles` made of it.
    """
    exchanged = {"original": "edited", "edited": "original"} if given.swap else {}
    chosen = []
    for role in ROLE_WORDS:
        place, before = getattr(found, role), exchanged.get(role, role)
        if place is not None:
            why = "named by you" if getattr(given, before) else f"its name is known for {ROLE_WORDS[before]}"
            chosen.append(
                Chosen(role, place, f"{why}, then the two were exchanged" if exchanged.get(role) else why)
            )
    return tuple(chosen)


def _best(where: str, role: str, free: Sequence[str], aliases: Sequence[str]) -> str | None:
    for alias in aliases:
        named = [name for name in free if normal(name) == alias]
        if len(named) > 1:
            raise InputError(
                f"{where}: the columns {' and '.join(map(repr, named))} could both be the {role}",
                hint=f"say which: --{role} COLUMN",
            )
        if named:
            return named[0]
    return None


def _unclear(where: str, missing: Sequence[str], kinds: Mapping[str, str]) -> InputError:
    pictures = [repr(name) for name, kind in kinds.items() if kind == "picture"]
    others = [repr(name) for name, kind in kinds.items() if kind != "picture"]
    held, rest = ", ".join(pictures[:12]) or "none", ", ".join(others[:12]) or "none"
    seen = f"columns with pictures: {held}; others: {rest}"
    return InputError(
        f"{where}: no column is clearly the {' or the '.join(missing)} picture ({seen})",
        hint="say which: --original COLUMN --edited COLUMN",
    )


def _is_picture_path(value: str) -> bool:
    return is_remote(value) or os.path.splitext(value.strip().lower())[1] in PICTURE_SUFFIXES
