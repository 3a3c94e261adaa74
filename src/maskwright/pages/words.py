"""Words and numbers for people, the same on a terminal and on a page.

Ids, file names and instructions come from strangers. Whatever could act on a terminal or turn
the direction of writing is taken out here before anything is shown.
"""

from __future__ import annotations

import math

NAME_LETTERS = 160
"""An id longer than this is cut on a page; the whole one is in the corpus."""


def cleaned(text: str) -> str:
    r"""Without control characters; line breaks become spaces.

    >>> cleaned("a\x1b[31mb\r\nc\u202ed")
    'a[31mb cd'
    """
    return "".join(
        sign if sign.isprintable() else " " if sign.isspace() else "" for sign in text.replace("\r\n", "\n")
    )


def counted(number: int, thing: str) -> str:
    """
    >>> counted(1, "pair"), counted(2000, "pair")
    ('1 pair', '2,000 pairs')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share in percent with two digits that count.

    >>> percent(0.25), percent(0.0312), percent(0.000042), percent(0.0), percent(0.9999)
    ('25 %', '3.1 %', '0.0042 %', '0 %', 'over 99 %')
    """
    value = 100 * share
    if 99 < value < 100:
        return "over 99 %"
    if value == 0:
        return "0 %"
    digits = max(0, 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f} %"


def figure(value: float | None, digits: int = 3) -> str:
    """A number with so many digits that count, trailing zeros dropped; a dash where there is none.

    >>> figure(0.03569), figure(1234.5), figure(8.0), figure(None), figure(float("nan"))
    ('0.0357', '1,234', '8', '–', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    after = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(after, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def edge(value: float) -> str:
    """The edge of a bin.

    >>> edge(0.001), edge(float("inf")), edge(float("-inf"))
    ('0.001', '∞', '−∞')
    """
    return ("∞" if value > 0 else "−∞") if math.isinf(value) else figure(value)


def short(name: str) -> str:
    """An id or value at a length that fits a page, cut in the middle: both ends tell.

    >>> short("a" * 200 + ".png")[-10:]
    'aaaaaa.png'
    """
    if len(name) <= NAME_LETTERS:
        return name
    return f"{name[: NAME_LETTERS // 2]} … {name[-NAME_LETTERS // 2 :]}"


def size(number: int) -> str:
    """Bytes in the unit that suits.

    >>> size(812), size(48_200), size(3_100_000), size(2_400_000_000_000)
    ('812 bytes', '48 kB', '3.1 MB', '2.4 TB')
    """
    if number < 1000:
        return f"{number} bytes"
    if number < 1_000_000:
        return f"{number / 1000:.0f} kB"
    for unit, bytes_ in (("MB", 1e6), ("GB", 1e9)):
        if number < 1000 * bytes_:
            return f"{number / bytes_:.1f} {unit}"
    return f"{number / 1e12:.1f} TB"


def seconds(length_s: float) -> str:
    """
    >>> seconds(8.4), seconds(190), seconds(3725)
    ('8 s', '3 min 10 s', '1 h 02 min')
    """
    whole = round(length_s)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
