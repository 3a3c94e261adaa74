"""Pair in, change map out. One file an annotator, found by name, class or ONNX file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from maskwright.errors import InputError, SettingError, unknown_name
from maskwright.masks.named import class_named, options_of

if TYPE_CHECKING:
    from maskwright.pairs.values import Aligned, Card, Change, Hint

ANNOTATORS: dict[str, str] = {
    "caaa": "maskwright.masks.annotators.caaa:Caaa",
    "compact": "maskwright.masks.annotators.compact:Compact",
    "difference": "maskwright.masks.annotators.difference:Difference",
    "ensemble": "maskwright.masks.annotators.ensemble:Ensemble",
    "sigma": "maskwright.masks.annotators.sigma:Sigma",
    "sigma-compact": "maskwright.masks.annotators.sigma_compact:SigmaCompact",
}
"""Every annotator with a name; strings, so that listing them imports nothing."""
DEFAULT = "difference"
"""The annotator of `compare`, `annotate`, `demo` and `bench` where none is named."""


@runtime_checkable
class Annotator(Protocol):
    """Finds what changed between two aligned pictures.

    `annotate` gives one `Change` a pair, in order, on the edited picture's grid. What it
    gives for a pair does not depend on the batch the pair is in, a second call gives the
    same, and the pictures are not modified. `tests/contracts/annotator.py` checks all of it.

    One that is faster on many pairs at once, as on a GPU, may say how many by an attribute `batch_size`.
    """

    @property
    def card(self) -> Card: ...

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]: ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What an annotator is put together from, where it can be; None leaves it to the annotator.

    An annotator takes those that its class has as arguments of the same name.

    Args:
        backbone: what sees the pictures, see `maskwright.masks.annotators.backbones.load_backbone`.
        grounding: what finds the place the instruction speaks of, see
            `maskwright.masks.grounding.load_grounding`.
        vae: path of an autoencoder as ONNX; a pair is then calibrated by its own round trip.
    """

    backbone: str | None = None
    grounding: str | None = None
    vae: str | None = None


def given(setup: Setup) -> dict[str, str]:
    """The options of a setup that are not None, by name."""
    told = {each.name: getattr(setup, each.name) for each in fields(setup)}
    return {name: value for name, value in told.items() if value is not None}


def anchored(setup: Setup) -> Setup:
    """The setup with its files and folders as absolute paths, so that it means the same everywhere.

    >>> anchored(Setup(backbone="compact"))
    Setup(backbone='compact', grounding=None, vae=None)
    """
    return Setup(**{name: _anchored(value) for name, value in given(setup).items()})


def _anchored(spec: str) -> str:
    if Path(spec).exists():
        return str(Path(spec).resolve())
    name, separator, place = spec.partition(":")
    if separator and "." not in name and Path(place).exists():
        return f"{name}:{Path(place).resolve()}"
    return spec


def load_annotator(name: str, setup: Setup = Setup()) -> Annotator:
    """The annotator a name stands for.

    Args:
        name: a key of `ANNOTATORS`, a `package.module:Class` whose class needs no arguments,
            or the path of an .onnx file that lies beside its card: a network of two pictures, or one
            that `maskwright train` wrote.
        setup: what it is put together from.

    Raises:
        SettingError: nothing has that name, the hint gives the nearest known one; or the annotator takes
            no such option.
        MissingExtraError: the module needs a package, or the file is not there.
        InputError: the class is no annotator, or a file is no network of the kind that is needed.
    """
    make, options = _maker(name)
    refused = [option for option in given(setup) if option not in options]
    if refused:
        takers = ", ".join(each for each in sorted(ANNOTATORS) if refused[0] in _maker(each)[1])
        raise SettingError(
            f"the annotator {name!r} takes no {refused[0]}",
            hint=f"these do: {takers}" if takers else f"leave out --{refused[0]}",
        )
    annotator = make(**given(setup))
    if not isinstance(annotator, Annotator):
        raise InputError(
            f"{ANNOTATORS.get(name, name)} is no annotator:"
            " it needs a `card` and an `annotate(batch, hints)`",
            hint="the protocol is maskwright.masks.annotators.Annotator",
        )
    return annotator


def load_annotators(names: Sequence[str], setup: Setup) -> dict[str, Annotator]:
    """Several annotators by name, each put together from what it takes of one setup.

    Raises:
        SettingError: as `load_annotator`; or none of them takes an option that is given.
    """
    takes = {name: _maker(name)[1] for name in dict.fromkeys(names)}
    for option in given(setup):
        if not any(option in options for options in takes.values()):
            load_annotator(names[0], setup)
    return {
        name: load_annotator(
            name, Setup(**{option: value for option, value in given(setup).items() if option in options})
        )
        for name, options in takes.items()
    }


def _maker(name: str) -> tuple[Callable[..., Any], frozenset[str]]:
    """What makes the annotator, and the options that it takes."""
    if name.lower().endswith(".onnx"):
        from maskwright.masks.annotators.caaa import Caaa
        from maskwright.masks.annotators.compact import Compact, takes
        from maskwright.masks.annotators.onnx import OnnxAnnotator
        from maskwright.masks.annotators.sigma_compact import SigmaCompact, SigmaHead

        inputs = takes(name)
        trained = {("planes",): Compact, ("planes", "prior", "null"): SigmaCompact, ("picture",): Caaa}
        made: Callable[..., Any] = trained.get(tuple(inputs), OnnxAnnotator)
        if inputs[:4] == ["planes", "prior", "null", "original_0"]:
            made = SigmaHead
        return partial(made, name), options_of(made)
    place = ANNOTATORS.get(name, name)
    if ":" not in place:
        raise unknown_name("annotator", name, ANNOTATORS)
    named = class_named("annotator", place)
    return named, options_of(named)
