"""Things found by `package.module:Class`: how every seam here is filled from outside."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from maskwright.errors import MissingExtraError, SettingError, unknown_name


def class_named(kind: str, place: str) -> Callable[..., Any]:
    """The class that a `package.module:Class` names, not yet called.

    Args:
        kind: what it is meant to be, for messages: "annotator".

    Raises:
        SettingError: there is no such module or class, or importing it fails; the hint gives the nearest.
        MissingExtraError: the module needs a package that is not installed.
    """
    module_name, _, class_name = place.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise SettingError(
                f"there is no module {error.name!r} to take the {kind} {place!r} from",
                hint="install it, or put its folder on PYTHONPATH",
            ) from error
        ours = module_name.startswith("maskwright.")
        raise MissingExtraError(
            f"the {kind} {place!r} needs the package {error.name!r}",
            hint="pip install 'maskwright[torch]'" if ours else f"pip install {error.name}",
        ) from error
    except (ImportError, ValueError, TypeError, SyntaxError) as error:
        raise SettingError(f"the {kind} {place!r} cannot be imported: {error}") from error
    known = {key: value for key, value in vars(module).items() if isinstance(value, type)}
    if class_name not in known:
        raise unknown_name(f"class in {module_name}", class_name, known)
    return known[class_name]


def options_of(made: Callable[..., Any]) -> frozenset[str]:
    """Names of the arguments that a class can be called with."""
    try:
        return frozenset(inspect.signature(made).parameters)
    except ValueError:  # a class written in C may not say
        return frozenset()
