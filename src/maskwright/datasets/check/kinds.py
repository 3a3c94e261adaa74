"""Every kind of defect: what it is, whether it is certain, what to do about it, and what --fix does."""

from __future__ import annotations

from dataclasses import dataclass

FILES, ORIGINALS, ALL_ROWS = "files and masks", "originals", "all rows"
"""What a kind is seen from."""

REPAIRED, LEFT_OUT, KEPT = "repaired", "left out", "kept"
"""What --fix does with a row that has a defect; `KEPT` rows are listed all the same."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of defect.

    Args:
        name: snake_case, the same for the same defect for ever.
        certain: seen in files, sizes, levels or measurements; else a suspicion, to be looked at.
        seen_from: `FILES`, `ORIGINALS` or `ALL_ROWS`.
        sentence: what is wrong, for people.
        todo: what to do about it.
        fix: `REPAIRED`, `LEFT_OUT` or `KEPT`.
        fixed: what --fix does, in words.
    """

    name: str
    certain: bool
    seen_from: str
    sentence: str
    todo: str
    fix: str
    fixed: str


_OUT = "leaves the row out"
_AGAIN = "fetch these files again"
_WRITE = "writes the mask anew as 0 and 255"

_TABLE = (
    Kind(
        "picture_missing",
        True,
        FILES,
        "A row names a picture that is not there.",
        _AGAIN + ", or take the rows out",
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "picture_unreadable",
        True,
        FILES,
        "A picture cannot be read: cut off, damaged, empty, or no picture.",
        _AGAIN,
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "original_unreadable",
        True,
        FILES,
        "The original of a row is not there or cannot be read.",
        _AGAIN,
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "mask_missing",
        True,
        FILES,
        "A forged picture has no mask.",
        "put the masks where they belong, or take the pictures out",
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "mask_unreadable",
        True,
        FILES,
        "A mask cannot be read as one.",
        _AGAIN,
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "pairing_broken",
        True,
        FILES,
        "Pictures and masks are not paired one to one: loaders that sort both lists pair the wrong ones.",
        "give both folders the same file names, and nothing else",
        REPAIRED,
        "writes pictures and masks under the same names; what has no partner is left out",
    ),
    Kind(
        "stray_file",
        True,
        FILES,
        "A file that is no picture lies among them: loaders that take all files pair the wrong ones.",
        "delete it",
        REPAIRED,
        "does not copy it",
    ),
    Kind(
        "mask_other_size",
        True,
        FILES,
        "A mask has another size than its picture.",
        "resize the mask by nearest neighbour if it is the same frame, else find the right one",
        REPAIRED,
        "resizes the mask (nearest neighbour) where proportions are equal; else leaves the row out",
    ),
    Kind(
        "mask_turned",
        True,
        ORIGINALS,
        "A mask is turned or mirrored against its picture.",
        "turn it back",
        REPAIRED,
        "turns the mask back",
    ),
    Kind(
        "mask_shifted",
        True,
        ORIGINALS,
        "A mask lies beside what was edited.",
        "find out what moved it: a crop, padding, another version of the picture",
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "mask_inverted",
        True,
        ORIGINALS,
        "A mask marks what was not edited.",
        "write 255 - level",
        REPAIRED,
        "inverts the mask",
    ),
    Kind(
        "sides_swapped",
        True,
        ORIGINALS,
        "The picture is the one before the edit, and the original the one after it.",
        "exchange the two",
        REPAIRED,
        "exchanges them",
    ),
    Kind(
        "nothing_edited",
        True,
        ORIGINALS,
        "A forged picture and its original are the same, pixel by pixel.",
        "take the row out, or find the edited picture",
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "mask_empty",
        True,
        FILES,
        "The mask of a forged picture is empty.",
        "find the mask, or take the picture out",
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "mask_full",
        True,
        FILES,
        "The mask of a forged picture marks all of it; some sets write that for 'no mask'.",
        "find the mask, or take the picture out",
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "mask_of_authentic",
        True,
        FILES,
        "A picture that is called authentic has a mask that is not empty.",
        "find out which of the two is wrong",
        LEFT_OUT,
        _OUT,
    ),
    Kind(
        "mask_dark",
        True,
        FILES,
        "A mask's levels are so low (0 and 1, say) that tools with a threshold at half see it all black.",
        "write it as 0 and 255",
        REPAIRED,
        _WRITE,
    ),
    Kind(
        "mask_lossy",
        True,
        FILES,
        "A mask is stored as JPEG or in another lossy format: its levels are blurred.",
        "write it as PNG, 0 and 255",
        REPAIRED,
        _WRITE + ", thresholded at half, in a PNG",
    ),
    Kind(
        "mask_soft",
        True,
        FILES,
        "A mask has levels between, or colours: what is edited depends on who reads it.",
        "write it as 0 and 255, thresholded at half",
        REPAIRED,
        _WRITE + ", thresholded at half",
    ),
    Kind(
        "mask_in_alpha",
        True,
        FILES,
        "A mask is told by transparency, which is lost as soon as it is opened as RGB.",
        "write it as 0 and 255",
        REPAIRED,
        _WRITE,
    ),
    Kind(
        "orientation_tag",
        True,
        FILES,
        "EXIF says the picture is to be turned: some loaders turn it, others do not, and the mask fits one.",
        "save the picture upright, without the tag",
        KEPT,
        "keeps it: turning a JPEG file means saving it again",
    ),
    Kind(
        "duplicate",
        True,
        ALL_ROWS,
        "The same picture is there twice in one split.",
        "take one of them out",
        REPAIRED,
        "keeps the first",
    ),
    Kind(
        "maybe_duplicate",
        False,
        ALL_ROWS,
        "A picture looks like another one of its split, saved anew; two edits that differ little do so, too.",
        "look at both; if they are one, take one of them out",
        KEPT,
        "keeps it",
    ),
    Kind(
        "leak",
        True,
        ALL_ROWS,
        "The same photograph is in two splits: a score on it says nothing.",
        "take it out of the training part",
        REPAIRED,
        "takes the row out of train (out of val where the other is in test)",
    ),
    Kind(
        "mask_maybe_inverted",
        False,
        FILES,
        "A mask marks most of the picture and nearly all of its border: it may be inverted.",
        "look at it; give the originals, then it can be measured",
        KEPT,
        "keeps it",
    ),
    Kind(
        "sides_maybe_swapped",
        False,
        ORIGINALS,
        "The original looks edited where the mask is, and the picture does not: they may be exchanged.",
        "look at the two",
        KEPT,
        "keeps them",
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _TABLE}
"""Name -> kind, in the order in which they are printed: what spoils most comes first."""
