"""What is known of a published corpus, as values: how to read it, how sure that is, what its terms are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

GRADES = {
    "read": "its card or the code that loads it was read",
    "second-hand": "told by others; what it rests on was not read",
    "unknown": "not established; the preset is refused and says what to check",
}
"""How sure a preset is."""

REDISTRIBUTE = {
    "pictures": "pictures made from it may be passed on, under its licence",
    "masks": "masks and keys may be passed on, pictures may not",
    "nothing": "nothing is known to allow passing anything on",
}
"""What may be passed on of what is made from a corpus; a practical reading, no legal advice."""


@dataclass(frozen=True, slots=True)
class When:
    """Holds for rows whose column, as text, is the pattern from end to end, in any case.

    Args:
        column: a column of the corpus; of a corpus of files, a named group of the edited picture's pattern,
            or `path`; of an unfolded one also `session_key` and `session_turn`.
        pattern: a regular expression.
        then: what a flag is where it holds; elsewhere it is False. None: nobody knows.
    """

    column: str
    pattern: str
    then: bool | None = True

    def holds(self, columns: Mapping[str, object]) -> bool:
        """Whether it holds for these values; a column that is not there is empty text."""
        value = columns.get(self.column)
        return re.fullmatch(self.pattern, "" if value is None else str(value), re.IGNORECASE) is not None


Flag: TypeAlias = "bool | When | None"
"""True, False, depends on the row, or nobody knows."""


def flag_of(flag: Flag, columns: Mapping[str, object]) -> bool | None:
    """What a flag is for a row."""
    if isinstance(flag, When):
        return flag.then if flag.holds(columns) else False
    return flag


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows to leave out, and why, in words that end without a full stop."""

    when: When
    why: str


@dataclass(frozen=True, slots=True)
class Table:
    """A corpus of rows with a pair each.

    Args:
        original, edited, mask: columns that hold pictures.
        instruction: columns of text, best first; the first that is not empty is taken, row by row.
        key: columns that together name the photograph or the session.
        turn: column with the number of the edit within a session, from 1 on.
    """

    original: str
    edited: str
    instruction: tuple[str, ...] = ()
    mask: str | None = None
    key: tuple[str, ...] = ()
    turn: str | None = None


@dataclass(frozen=True, slots=True)
class Unfold:
    """A corpus of rows with pictures in lists, or with a session of edits each.

    A path leads into a row: `column`, `column[0]`, `column[-1].name`, `column[id=x].url`. In it, `{n}` is the
    number of the edit, counted from 1, and `{i}` counted from 0; there are as many edits as `edited` leads to
    a picture. Without either, a row is one pair.

    Args:
        original: paths of the picture before the edit, best first; those without a number are the first
            picture of a session, and a later edit starts from the picture before it.
        edited: path of the edited picture.
        last: path of the picture after the numbered ones.
        instruction: path of the text; the token `<image>` is taken out of it.
        key: path of what names the photograph or the session.
        within: where the paths of pictures begin, seen from the table.
    """

    original: tuple[str, ...]
    edited: str
    last: str | None = None
    instruction: str | None = None
    key: str | None = None
    within: str = ""

    @property
    def has_turns(self) -> bool:
        """Whether a row may hold more than one edit."""
        return "{" in self.edited


@dataclass(frozen=True, slots=True)
class Texts:
    """JSON files beside pictures: lists of objects that each name a picture and say its instruction.

    Args:
        files: pattern of the JSON files; its named groups hold for all that is in them.
        name, text: fields of an object.
        named: pattern of what `name` holds. An edit belongs to the text whose named groups, of both
            patterns, are equal to its own.
    """

    files: str
    name: str
    text: str
    named: str


@dataclass(frozen=True, slots=True)
class Files:
    """A corpus of picture files, told by their names.

    A pattern is matched, in any case, against the end of a path relative to the corpus, from the start of
    a name or folder. Files belong together when the named groups that both patterns have are equal.

    Args:
        edited, original, mask: patterns.
        spare: pattern of files that belong to the corpus but to no pair, and why they are left out.
        key: named groups of `edited` that together name the photograph.
        texts: where the instructions are.
    """

    edited: str
    original: str
    mask: str | None = None
    spare: tuple[tuple[str, str], ...] = ()
    key: tuple[str, ...] = ()
    texts: Texts | None = None


@dataclass(frozen=True, slots=True)
class LabelledTable:
    """A labelled set of rows.

    Args:
        picture, mask, label: columns.
        labels: value of the label column, as text -> a key of `values.LABELS`.
        key: column that names the picture.
        without_mask: what a picture is that is labelled forged and has no mask.
    """

    picture: str
    mask: str
    label: str
    labels: Mapping[str, str]
    key: str
    without_mask: str = "forged"


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """A labelled set of picture files; patterns as in `Files`.

    Args:
        forged, authentic: patterns of the pictures.
        mask: pattern of the masks of forged pictures.
        spare: as in `Files`.
        key: named groups of `forged` that together name the photograph.
    """

    forged: str
    mask: str
    authentic: str
    spare: tuple[tuple[str, str], ...] = ()
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledList:
    """A labelled set of picture files that a text table names.

    Args:
        file: the table, relative to the set.
        delimiter: between its fields; the first line has the names of columns.
        picture, mask: columns of paths, relative to the set.
        forged: holds for the rows that are forged.
    """

    file: str
    delimiter: str
    picture: str
    mask: str
    forged: When


Container: TypeAlias = "Table | Unfold | Files | LabelledTable | LabelledFiles | LabelledList"


@dataclass(frozen=True, slots=True)
class Preset:
    """A published corpus.

    Args:
        name: what is typed after `--corpus`.
        title: what people call it.
        home: where it is published; `hf:` before a dataset id of the Hugging Face hub.
        source: what to type for SOURCE, in the page of corpora.
        size: rows and bytes, for people.
        grade: a key of `GRADES`.
        evidence: what was read: `card:` a dataset card, `gh:` a repository's files, `owner/name#n` a thread.
        licence: its terms in short.
        redistribute: a key of `REDISTRIBUTE`.
        container: how it is read; None where the grade is unknown.
        expected: split -> rows (tables) or forged pictures (files) of the whole corpus; of a labelled set
            also label -> pictures.
        authentic: whether the original is a photograph nobody edited.
        whole_frame: whether pixels outside the edit were made anew, too.
        mask_rule, mask_fit: as `values.RuledMask` takes them.
        misfits: files whose masks are known to have another size.
        skip: rows to leave out.
        notes: traps, a sentence each.
        check: what to look at before it is read without a preset; only where the grade is unknown.
    """

    name: str
    title: str
    home: str
    source: str
    size: str
    grade: str
    evidence: tuple[str, ...]
    licence: str
    redistribute: str
    container: Container | None
    expected: Mapping[str, int] = field(default_factory=dict)
    authentic: Flag = None
    whole_frame: Flag = None
    mask_rule: str = ""
    mask_fit: str = "same"
    misfits: tuple[str, ...] = ()
    skip: tuple[Skip, ...] = ()
    notes: tuple[str, ...] = ()
    check: str = ""

    @property
    def is_labelled(self) -> bool:
        """Whether it holds labelled pictures, not pairs."""
        return isinstance(self.container, LabelledTable | LabelledFiles | LabelledList)

    def why_skipped(self, columns: Mapping[str, object]) -> str | None:
        """Why a row of these values is left out; None for one that stays."""
        return next((skip.why for skip in self.skip if skip.when.holds(columns)), None)
