"""What `inspect` gives: how a source is read, what was seen of it, and the silent mistakes it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maskwright.pages.page import save_page
from maskwright.pairs.filefacts import FileFacts
from maskwright.pairs.sources import Reading, Roles
from maskwright.pairs.sources.preset import SplitCount
from maskwright.pairs.values import Mask, Picture

SHOWN_IDS = 10
"""Rows that stand for a finding or a group."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A silent mistake of a source, or a suspicion of one.

    Args:
        code: snake_case, the same for the same mistake for ever.
        certain: visible in files, names, sizes or masks; else a suspicion, to be looked at.
        sentence: what is wrong, for people.
        evidence: what was seen, in short words with numbers.
        type_this: a command, or what to do in words; never empty.
        ids: up to ten rows that show it.
        share: of the rows that could show it, 0..1.
    """

    code: str
    certain: bool
    sentence: str
    evidence: str
    type_this: str
    ids: tuple[str, ...] = ()
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """One picture of a sampled pair.

    Args:
        key: by which the source finds it again.
        width, height: pixels, upright as EXIF says.
        facts: what its file says of itself.
    """

    key: str
    width: int
    height: int
    facts: FileFacts


@dataclass(frozen=True, slots=True)
class KnownMask:
    """The known mask of a sampled pair, as it is stored and as it lies on the measured change.

    Args:
        width, height: pixels, upright.
        mode: Pillow's name of how it is stored: L, 1, P, RGB, RGBA, ...
        top: highest level of its colours, 0..255, as plain RGB.
        levels: how many different levels its strongest channel has.
        area_frac: share of it that is edited, as `read_mask` reads it.
        by_alpha: it is told by transparency, which plain RGB loses.
        seen_plainly: IoU of the mask with what tools see that take mean(RGB) above 127.5 for edited.
        fits: edited, original (only its size), turned (height and width exchanged), shape (same
            proportions), or other.
        agreement: IoU with the measured change of the mask as it is (`as_is`), inverted, and turned or
            mirrored by name; empty where the change or the mask says too little.
        covers: share of the measured change that lies in the mask; NaN as above.
    """

    width: int
    height: int
    mode: str
    top: int
    levels: int
    area_frac: float
    by_alpha: bool
    seen_plainly: float
    fits: str
    agreement: Mapping[str, float] = field(default_factory=dict)
    covers: float = float("nan")


@dataclass(frozen=True, slots=True)
class Looked:
    """One sampled pair, decoded, aligned and annotated; no pixels are kept.

    Args:
        status, reason, detail, verdict: as annotate would give them.
        geometry, background: kinds; empty where unknown.
        area_frac: share of the edited picture that was measured as changed.
        same_pixels: the two are equal after decoding.
        original, edited: None where the picture could not be read.
        mask: None where there is no known mask, or it cannot be read; then `mask_fault` says why.
        direction: evidence by name that the sides are the right way round (above 0) or exchanged (below
            0), in log odds; see `sides` and `words`.
    """

    id: str
    status: str
    reason: str = ""
    detail: str = ""
    verdict: str = ""
    geometry: str = ""
    background: str = ""
    area_frac: float = 0.0
    same_pixels: bool = False
    original: Side | None = None
    edited: Side | None = None
    mask: KnownMask | None = None
    mask_fault: str = ""
    instruction: str | None = None
    direction: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share something, by number, with a few of their ids."""

    rows: int = 0
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """All rows, without decoding a picture.

    Args:
        rows: of the source.
        listed: rows that were read; fewer than `rows` only where pictures lie in very large tables.
        pairs: listed rows that are pairs.
        rejected: reason -> listed rows the source itself rejects.
        missing: original, edited or mask -> pairs whose file is not there.
        instructions, masks: pairs that have one.
        compared: pairs whose files were compared with each other; `unhashed` files of them were too many
            to be read.
        same_twice: the two pictures of a row are the same file.
        duplicates: pairs that are another pair again, byte for byte.
        shared_originals, shared_edits: files with the same bytes as another of that side under another name.
        both_sides: pairs whose original is the edited picture of another row.
    """

    rows: int
    listed: int
    pairs: int
    rejected: Mapping[str, Group]
    missing: Mapping[str, Group]
    instructions: int
    masks: int
    compared: int
    unhashed: int
    same_twice: Group
    duplicates: Group
    shared_originals: Group
    shared_edits: Group
    both_sides: Group


@dataclass(frozen=True, slots=True)
class Offset:
    """How pairs match when originals are taken from other rows.

    Args:
        rows: the edited picture of row i matches the original of row i + `rows`; 0: no offset does.
        matched: of `tried` edited pictures, how many match at that offset.
        elsewhere: of `tried`, how many match some other row's original that was looked at.
        by_chance: of `tried`, how many match at a typical other offset.
        example: ids of an edited picture's row and of the row whose original it matches; may be empty.
    """

    rows: int
    matched: int
    elsewhere: int
    by_chance: int
    tried: int
    example: tuple[str, str] | tuple[()] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the checks may know.

    Args:
        splits: of a published corpus, what is here and what was published; empty for any other source.
    """

    source: str
    roles: Roles
    reading: Reading
    listing: Listing
    looked: tuple[Looked, ...]
    offset: Offset | None = None
    splits: tuple[SplitCount, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetPair:
    """A pair small enough to be drawn.

    Args:
        original, edited: thumbnails (h, w, 3) uint8; None where the picture could not be read.
        mask: (h, w) bool, the known mask on the edited thumbnail's grid; None if there is none.
        change: (h, w) bool, the measured change on that grid; None where none was measured.
        original_size, edited_size: (width, height) in pixels, upright; (0, 0) if unknown.
        verdict: of annotate; empty where it was rejected, then `reason` says why.
    """

    id: str
    original: Picture | None
    edited: Picture | None
    mask: Mask | None
    change: Mask | None
    original_size: tuple[int, int]
    edited_size: tuple[int, int]
    verdict: str
    reason: str
    instruction: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """How many rows annotate will reject for a reason.

    Args:
        rows: of the whole source.
        seen, of: rows that showed it among those looked at; equal to `rows` and `listing.rows` if counted.
        counted: every row was looked at; else it is an estimate from the sample.
    """

    reason: str
    rows: int
    seen: int
    of: int
    counted: bool


@dataclass(frozen=True, slots=True)
class MaskSummary:
    """The known masks of the sample.

    Args:
        seen: how many were read; `unread` could not be.
        area_frac: least, median and largest share that is edited.
        kinds: "mode, how many levels, highest level" -> masks.
    """

    seen: int
    unread: int
    area_frac: tuple[float, float, float]
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Inspection:
    """How a source will be read and which silent mistakes it holds.

    Args:
        source: the location as given.
        reading: how it is read.
        listing: what was counted over all rows.
        looked: the sampled pairs, in the order of the source.
        sizes: "width x height" of the edited pictures -> sampled pairs; `original_sizes` alike.
        relations: equal, larger, smaller, other_shape: the edited picture against the original.
        geometries, backgrounds, verdicts: kinds -> sampled pairs.
        expected: rejections to expect, most first.
        masks: None where the source has none.
        findings: mistakes first, then suspicions.
        sheet: up to twelve pairs, spread over the source, to be drawn.
        next_command: what to type now.
    """

    source: str
    reading: Reading
    listing: Listing
    looked: tuple[Looked, ...]
    sizes: Mapping[str, int]
    original_sizes: Mapping[str, int]
    relations: Mapping[str, int]
    geometries: Mapping[str, int]
    backgrounds: Mapping[str, int]
    verdicts: Mapping[str, int]
    expected: tuple[Expected, ...]
    masks: MaskSummary | None
    findings: tuple[Finding, ...]
    sheet: tuple[SheetPair, ...]
    next_command: str

    @property
    def mistakes(self) -> tuple[Finding, ...]:
        """The findings that are certain."""
        return tuple(finding for finding in self.findings if finding.certain)

    @property
    def suspicions(self) -> tuple[Finding, ...]:
        """The findings that are not."""
        return tuple(finding for finding in self.findings if not finding.certain)

    def to_html(self) -> str:
        """A page about it, one file: findings, how it will be read, twelve pairs, counts."""
        from maskwright.corpus.inspect.page import inspection_page

        return inspection_page(self)

    def save(self, path: Path | str) -> None:
        """Write the page; an older page of ours is replaced.

        Raises:
            RunError: something else is there, or it cannot be written.
        """
        save_page(self.to_html(), Path(path))
