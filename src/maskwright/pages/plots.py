"""Plots as plain numbers for a template to draw: bars, means with intervals, curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

LABEL_LETTERS = 26
"""Of a name beside its figures in a plot 320 wide; longer ones are cut in the middle."""
CURVE_LETTERS = 18
"""Of a name under the curves, two side by side."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin of a histogram.

    Args:
        low, high: what it holds, [low, high); the last one holds `high` too.
        count: how many.
        link: anchor of the rows behind it; may be empty.
    """

    low: float
    high: float
    count: int
    link: str = ""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars of equal width, whatever their bins hold; the edges are written under them."""

    name: str
    says: str
    bars: Sequence[Bar]

    @property
    def most(self) -> int:
        return max((bar.count for bar in self.bars), default=0) or 1


@dataclass(frozen=True, slots=True)
class Dot:
    """A mean and its interval.

    Args:
        other: drawn less loudly: a baseline.
        link: anchor of the rows behind it; may be empty.
        figures: the numbers in words, where the caller has them; empty = they are written for it.
    """

    name: str
    mean: float
    low: float
    high: float
    other: bool = False
    link: str = ""
    figures: str = ""

    @property
    def label(self) -> str:
        return shortened(self.name, LABEL_LETTERS)


@dataclass(frozen=True, slots=True)
class Dots:
    """Means with intervals, one under the other on one axis.

    Args:
        zero: whether 0 is a line to be left or right of.
        holds: values that the axis holds whatever the dots are, so that plots can be compared.
    """

    name: str
    says: str
    dots: Sequence[Dot]
    zero: bool = False
    holds: Sequence[float] = ()
    ticks: tuple[float, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        shown = [*self.holds, *(each for dot in self.dots for each in (dot.low, dot.high, dot.mean))]
        known = [each for each in shown if math.isfinite(each)]
        low, high = min(known, default=0.0), max(known, default=1.0)
        object.__setattr__(
            self, "ticks", ticks(min(low, 0.0) if self.zero else low, max(high, 0.0) if self.zero else high)
        )

    def x(self, value: float) -> float:
        """Where a value is, 0 to 100 from left to right."""
        return round(100 * (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0]), 2)


@dataclass(frozen=True, slots=True)
class Curve:
    """Points from left to right.

    Args:
        other: drawn less loudly.
        style: 0 to 3: what tells it from the next curve of a plot, dashes and colour.
    """

    name: str
    points: Sequence[tuple[float, float]]
    other: bool = False
    style: int = 0

    @property
    def label(self) -> str:
        return shortened(self.name, CURVE_LETTERS)


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves over one x axis from 0 to 1.

    Args:
        x_ticks: (place from 0 to 1, what is written there), from left to right.
        holds: values that the y axis holds whatever the curves are, so that plots can be compared.
    """

    name: str
    says: str
    x_name: str
    curves: Sequence[Curve]
    x_ticks: Sequence[tuple[float, str]] = ((0.0, "0"), (1.0, "1"))
    holds: Sequence[float] = ()
    ticks: tuple[float, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        shown = [*self.holds, *(y for curve in self.curves for _, y in curve.points)]
        known = [y for y in shown if math.isfinite(y)]
        object.__setattr__(self, "ticks", ticks(min(known, default=0.0), max(known, default=1.0)))

    def line(self, curve: Curve) -> str:
        """The points of an SVG polyline in a box of 100 x 60."""
        low, high = self.ticks[0], self.ticks[-1]
        known = ((x, y) for x, y in curve.points if math.isfinite(y))
        return " ".join(f"{100 * x:.2f},{60 - 60 * (y - low) / (high - low):.2f}" for x, y in known)


@dataclass(frozen=True, slots=True)
class Point:
    """A pair in a scatter plot.

    Args:
        x, y: in 0..1.
        link: anchor of its card or its row.
        marked: drawn as a ring: it has a card.
    """

    name: str
    x: float
    y: float
    link: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Scatter:
    """Two figures of every pair against each other, both in 0..1, with the diagonal.

    Args:
        points: those that lead somewhere, drawn over the others.
        others: (x, y) of those that do not.
    """

    name: str
    says: str
    x_name: str
    y_name: str
    points: Sequence[Point]
    others: Sequence[tuple[float, float]] = ()

    @property
    def cloud(self) -> str:
        """The others as an SVG path of dots in a box of 300 x 300, y upwards; the same place once."""
        places = dict.fromkeys((round(300 * x), round(300 - 300 * y)) for x, y in self.others)
        return "".join(f"M{x} {y}h0" for x, y in places)


def shortened(name: str, letters: int) -> str:
    """A name of at most so many letters, an even number; longer ones are cut in the middle.

    >>> shortened("compact-detector-512.onnx", 10)
    'comp….onnx'
    """
    half = letters // 2
    return name if len(name) <= letters else f"{name[: half - 1]}…{name[-half:]}"


def ticks(low: float, high: float) -> tuple[float, ...]:
    """Three to six round numbers that hold low and high between the first and the last.

    >>> ticks(0.71, 0.88), ticks(0, 0), ticks(-3, 41)
    ((0.7, 0.75, 0.8, 0.85, 0.9), (-1.0, -0.5, 0.0, 0.5, 1.0), (-20.0, 0.0, 20.0, 40.0, 60.0))
    """
    if high - low < 1e-9 * max(1.0, abs(low)):
        low, high = low - (abs(low) / 10 or 1), high + (abs(low) / 10 or 1)
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(number * step, 12) for number in range(first, last + 1))
