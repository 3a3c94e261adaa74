"""The rarer settings of a build, and the line that gives them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskwright.datasets.formats import Format
from maskwright.datasets.shortcuts.containers import Encoding
from maskwright.datasets.values import REGENERATIONS, RESTRICTED, SPLITS
from maskwright.errors import SettingError, unknown_name

PNG = Encoding("png")
"""How pictures are stored unless said otherwise; why, stands in docs/how-to/build.md."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """The rarer settings of a build.

    Args:
        split: shares of train, val and test; together 1.
        seed: of all chance: which photograph goes where, which authentic pictures are taken, and the order.
        authentic: authentic pictures for each forged one; there may be fewer.
        originals_are_photographs: says so of corpora where nobody knows; a published corpus that knows
            better is believed.
        exclude: sources whose pictures must not be in the dataset, like public test sets.
        regeneration: a key of `values.REGENERATIONS`.
        encoding: how all pictures are stored.
        restricted: a key of `values.RESTRICTED`.
        licence: of the dataset as a whole; empty: every row keeps its own, and that is all.
        name: of the dataset; empty: its folder's.
        sources: where the corpora of a dataset of masks are, in the order its build.json has them.
    """

    split: tuple[float, float, float] = (0.8, 0.1, 0.1)
    seed: int = 0
    authentic: float = 0.0
    originals_are_photographs: bool = False
    exclude: tuple[str, ...] = ()
    regeneration: str = "keep"
    encoding: Encoding = PNG
    restricted: str = "refuse"
    licence: str = ""
    name: str = ""
    sources: tuple[str, ...] = ()


DEFAULTS = BuildOptions()


def check_options(options: BuildOptions, format: Format) -> None:
    """Refuse what no dataset can be built with.

    Raises:
        SettingError: an option is out of range, or the format cannot do what is asked.
    """
    shares = options.split
    if len(shares) != len(SPLITS) or not all(0 <= share <= 1 for share in shares):
        raise SettingError(
            f"the shares of {', '.join(SPLITS)} are three numbers from 0 to 1, not {_shares(shares)}",
            hint="like --split 0.8,0.1,0.1",
        )
    if not math.isclose(sum(shares), 1, abs_tol=1e-9):
        raise SettingError(
            f"the shares of {', '.join(SPLITS)} are {_shares(shares)}: together {sum(shares):g}, not 1",
            hint="like --split 0.8,0.1,0.1",
        )
    if options.seed < 0:
        raise SettingError(f"a seed is a whole number from 0 on, not {options.seed}")
    if not (math.isfinite(options.authentic) and options.authentic >= 0):
        raise SettingError(
            f"authentic pictures for each forged one: {options.authentic} is no ratio",
            hint="like --authentic 1",
        )
    if options.authentic and not format.authentic:
        raise SettingError(
            f"the format {format.name} has no authentic pictures", hint="leave --authentic out"
        )
    if options.regeneration not in REGENERATIONS:
        raise unknown_name("regeneration", options.regeneration, REGENERATIONS)
    if options.restricted not in RESTRICTED:
        raise unknown_name("way with restricted rows", options.restricted, RESTRICTED)
    if options.encoding != PNG and "picture" not in format.roles:
        raise SettingError(
            f"the format {format.name} has no pictures, so there is no way to store them",
            hint="leave --pictures out here, and give it when masks are joined to their corpus again",
        )
    if options.regeneration != "keep" and "picture" not in format.roles:
        raise SettingError(
            f"the format {format.name} has no pictures, so nothing can be pasted back",
            hint="leave --regeneration out here, and give it when masks are joined to their corpus again",
        )


def needs_original(format: Format, options: BuildOptions) -> bool:
    """Whether a forged picture is of no use without its original on the same grid.

    A format that has authentic pictures has pictures without an original, and can do without one.
    """
    return options.regeneration == "paste-back" or ("original" in format.roles and not format.authentic)


def build_command(
    dataset: Path, *, outs: Sequence[Path | str], selection: str, format: str, options: BuildOptions
) -> str:
    """The `maskwright build` line with these settings, quoted for a shell."""
    words = ["maskwright", "build"]
    words += [word for out in outs for word in ("--from", str(out))]
    words += ["--selection", selection] if selection else []
    words += ["--format", format]
    if options.split != DEFAULTS.split:
        words += ["--split", _shares(options.split)]
    plain = (
        ("--seed", "seed"),
        ("--authentic", "authentic"),
        ("--regeneration", "regeneration"),
        ("--restricted", "restricted"),
        ("--licence", "licence"),
        ("--dataset-name", "name"),
    )
    for option, name in plain:
        if (value := getattr(options, name)) != getattr(DEFAULTS, name):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    words += ["--originals-are-photographs"] if options.originals_are_photographs else []
    words += [word for source in options.exclude for word in ("--exclude", source)]
    words += [word for source in options.sources for word in ("--source", source)]
    if options.encoding != DEFAULTS.encoding:
        words += ["--pictures", options.encoding.kind]
        words += ["--quality", str(options.encoding.quality)] if options.encoding.quality is not None else []
    place = str(dataset)
    return shlex.join([*words, "--", place] if place.startswith("-") else [*words[:2], place, *words[2:]])


def check_command(dataset: Path | str, *words: str) -> str:
    """The `maskwright check` line for a dataset, with these words of options, quoted for a shell."""
    place = str(dataset)
    given = [*words, "--", place] if place.startswith("-") else [place, *words]
    return shlex.join(["maskwright", "check", *given])


def _shares(shares: Sequence[float]) -> str:
    return ",".join(f"{share:g}" for share in shares)
