"""What may be passed on of a row, and whether a licence for the whole fits the rows. No legal advice."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from maskwright.errors import SettingError
from maskwright.pairs.presets.preset import Preset

LEVELS = ("nothing", "masks", "pictures")
"""Keys of `presets.preset.REDISTRIBUTE`, the strictest first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A well-known licence, in what a dataset can do wrong with it.

    Args:
        name: in short.
        passes: a key of `REDISTRIBUTE`; a picture pasted, cut or saved anew is a derivative.
        attribution: whoever passes it on names the author.
        non_commercial: only for use that earns nothing.
        share_alike: what is made of it stays under this very licence.
    """

    name: str
    passes: str = "pictures"
    attribution: bool = True
    non_commercial: bool = False
    share_alike: bool = False


KNOWN: dict[str, Terms] = {
    "cc0": Terms("CC0", attribution=False),
    "public domain": Terms("public domain", attribution=False),
    "public domain mark": Terms("public domain", attribution=False),
    "unlicense": Terms("Unlicense", attribution=False),
    "cc by": Terms("CC BY"),
    "cc by sa": Terms("CC BY-SA", share_alike=True),
    "cc by nc": Terms("CC BY-NC", non_commercial=True),
    "cc by nc sa": Terms("CC BY-NC-SA", non_commercial=True, share_alike=True),
    "cc by nd": Terms("CC BY-ND", "masks"),
    "cc by nc nd": Terms("CC BY-NC-ND", "masks", non_commercial=True),
    "mit": Terms("MIT"),
    "apache": Terms("Apache"),
    "bsd": Terms("BSD"),
    "odc by": Terms("ODC-BY"),
    "gfdl": Terms("GFDL", share_alike=True),
}
"""Licences by the words `_key` makes of how people write them. Read off the deeds at creativecommons.org, the
texts at opensource.org and opendatacommons.org. A text that says more than such a name is not known."""

_SAME = {
    "attribution": "by",
    "noncommercial": "nc",
    "sharealike": "sa",
    "noderivatives": "nd",
    "noderivs": "nd",
    "zero": "cc0",
}
_EMPTY = frozenset(
    {"license", "licence", "the", "version", "clause", "dedication"}
    | {"international", "universal", "generic", "unported"}
)

# as the Creative Commons give them: .../licenses/by-nc/4.0/, .../publicdomain/zero/1.0/
_DEED = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)(?:/[\d.]+)?(?:/\S*)?",
    re.IGNORECASE,
)


@functools.lru_cache(maxsize=4096)
def terms_of(text: str) -> tuple[Terms, ...]:
    """The well-known licences a text names, all of which hold; none where it says anything else.

    >>> [terms.name for terms in terms_of("CC-BY-4.0; MIT License")]
    ['CC BY', 'MIT']
    >>> terms_of("MIT (repository); photos from the web")
    ()
    """
    found = [KNOWN.get(_key(piece)) for piece in text.split(";")]
    known = [terms for terms in found if terms is not None]
    return tuple(known) if len(known) == len(found) else ()


def _key(text: str) -> str:
    """The words of a licence's name as `KNOWN` has them, without its version.

    >>> _key("Creative Commons Attribution-NonCommercial 4.0 International"), _key("Apache License, v2.0")
    ('cc by nc', 'apache')
    """
    deed = _DEED.fullmatch(text.strip())
    if deed is not None:
        text = f"cc {deed[1]}"
    text = text.lower().replace("creative commons", "cc").replace("non-commercial", "noncommercial")
    if re.search(r"[()/]", text):
        return ""
    words = [_SAME.get(word, word) for word in re.findall(r"[a-z]+\d*|[^\sa-z\d.,-]+", text)]
    words = [word for word in words if word not in _EMPTY and not re.fullmatch(r"v\d*", word)]
    if words[:1] == ["by"]:  # as Flickr and COCO write them: Attribution License
        words = ["cc", *words]
    return " ".join(words[1:] if words[:2] == ["cc", "cc0"] else words)


def allowed(preset: Preset | None, licence: str) -> str:
    """What may be passed on of a row, a key of `REDISTRIBUTE`: the stricter where two things speak.

    Args:
        preset: what is known of its corpus; None where it is no published one.
        licence: the row's own text, empty for none.

    >>> allowed(None, "CC BY-NC 4.0"), allowed(None, "CC BY-ND 4.0"), allowed(None, "none stated")
    ('pictures', 'masks', 'nothing')
    """
    said = [preset.redistribute] if preset is not None else []
    if licence.strip() or preset is None:
        said += [terms.passes for terms in terms_of(licence)] or ["nothing"]
    return min(said, key=LEVELS.index)


def is_enough(level: str, needed: str) -> bool:
    """Whether what is allowed covers what a format stores; both are keys of `REDISTRIBUTE`."""
    return LEVELS.index(level) >= LEVELS.index(needed)


def check_licence(licence: str, rows: Iterable[str]) -> None:
    """Refuse a licence for the whole that the rows contradict.

    What is not well known cannot be compared, and passes: who types it answers for it.

    Args:
        licence: what its maker says of the dataset; empty for nothing.
        rows: the texts of all rows' licences.

    Raises:
        SettingError: a row asks for more than the licence does, or rows must stay under two licences.
    """
    if not licence.strip():
        return
    held = {terms.name: terms for text in rows for terms in _parts_known(text)}
    kinds = sorted(name for name, terms in held.items() if terms.share_alike)
    if len(kinds) > 1:
        raise SettingError(
            f"--licence {licence!r} for all: rows under {' and '.join(kinds)} must each stay under their own",
            hint="leave --licence out: every row keeps its own licence",
        )
    given = terms_of(licence)
    for name, terms in sorted(held.items()):
        if given and (why := _more_permissive(given, terms)):
            raise SettingError(
                f"--licence {licence!r} allows more than {name} rows do: {why}",
                hint=f"--licence {name!r}, or leave --licence out: every row keeps its own licence",
            )


def _parts_known(text: str) -> tuple[Terms, ...]:
    """The well-known licences among all that a text says."""
    return tuple(terms for piece in text.split(";") for terms in terms_of(piece))


def _more_permissive(given: Iterable[Terms], row: Terms) -> str:
    """What a row asks for and the licence of the whole does not; empty for nothing."""
    names = {each.name for each in given}
    if row.share_alike and row.name not in names:
        return "what is made of them stays under that licence"
    if row.non_commercial and not any(each.non_commercial for each in given):
        return "they are not for commercial use"
    if row.passes != "pictures" and not any(each.passes != "pictures" for each in given):
        return "what is made of them may not be passed on"
    if row.attribution and not any(each.attribution for each in given):
        return "their authors must be named"
    return ""
