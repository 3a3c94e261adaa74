"""Pair in, change map out. One file an annotator, found by name, class or ONNX file."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from maskwright.errors import InputError, MissingExtraError, SettingError, unknown_name

if TYPE_CHECKING:
    from maskwright.pairs.values import Aligned, Card, Change, Hint

ANNOTATORS: dict[str, str] = {
    "compact": "maskwright.masks.annotators.compact:Compact",
    "difference": "maskwright.masks.annotators.difference:Difference",
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


def load_annotator(name: str) -> Annotator:
    """The annotator a name stands for.

    Args:
        name: a key of `ANNOTATORS`, a `package.module:Class` whose class needs no arguments,
            or the path of an .onnx file that lies beside its card: a network of two pictures, or one
            that `maskwright train compact` wrote.

    Raises:
        SettingError: nothing has that name; the hint gives the nearest known one.
        MissingExtraError: the module needs a package, or the file is not there.
        InputError: the class is no annotator, or the file is no network of one.
    """
    if name.lower().endswith(".onnx"):
        from maskwright.masks.annotators.compact import Compact, takes_planes
        from maskwright.masks.annotators.onnx import OnnxAnnotator

        return Compact(name) if takes_planes(name) else OnnxAnnotator(name)
    place = ANNOTATORS.get(name, name)
    if ":" not in place:
        raise unknown_name("annotator", name, ANNOTATORS)
    annotator = _made(place)
    if not isinstance(annotator, Annotator):
        raise InputError(
            f"{place} is no annotator: it needs a `card` and an `annotate(batch, hints)`",
            hint="the protocol is maskwright.masks.annotators.Annotator",
        )
    return annotator


def _made(place: str) -> object:
    module_name, _, class_name = place.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise SettingError(
                f"there is no module {error.name!r} to take the annotator {place!r} from",
                hint="install it, or put its folder on PYTHONPATH",
            ) from error
        raise MissingExtraError(
            f"the annotator {place!r} needs the package {error.name!r}",
            hint=f"pip install {error.name}",
        ) from error
    except (ImportError, ValueError, TypeError, SyntaxError) as error:
        raise SettingError(f"the annotator {place!r} cannot be imported: {error}") from error
    known = {key for key, value in vars(module).items() if isinstance(value, type)}
    if class_name not in known:
        raise unknown_name(f"class in {module_name}", class_name, known)
    return cast("object", vars(module)[class_name]())
