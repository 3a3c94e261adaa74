"""The lines a user would type next, quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.corpus.plan import Run
from maskwright.masks.annotators import DEFAULT, given
from maskwright.pairs.picture import MAX_PIXELS


def resume_command(run: Run, out: Path, *, retry_failed: bool = False) -> str:
    """The `maskwright annotate` line with this run's settings, quoted for a shell."""
    words = ["maskwright", "annotate"]
    if run.annotator != DEFAULT:
        words += ["--annotator", run.annotator]
    for option, value in given(run.setup).items():
        words += [f"--{option}", value]
    words += run.roles.words()
    if run.sample is not None:
        words += ["--sample", str(run.sample), "--seed", str(run.seed)]
    if run.max_pixels != MAX_PIXELS:
        words += ["--max-pixels", str(run.max_pixels)]
    if retry_failed:
        words += ["--retry", "failed"]
    if str(out).startswith("-"):
        words.append("--")
    return shlex.join([*words, run.source, str(out)])


def report_command(out: Path | str, *, by: str | None = None, pair_on: str | None = None) -> str:
    """The `maskwright report` line that writes a page about a run."""
    words = ["maskwright", "report"]
    words += ["--by", by] if by is not None else []
    words += ["--pair-on", pair_on] if pair_on is not None else []
    words += ["-o", "report.html"]
    place = str(out)
    return shlex.join([*words, "--", place] if place.startswith("-") else [*words[:2], place, *words[2:]])


def generate_command(settings: Mapping[str, Any], out: Path) -> str:
    """The `maskwright generate` line with these settings, quoted for a shell."""
    words = ["maskwright", "generate", "-n", str(settings["n"]), "--seed", str(settings["seed"])]
    if settings["split"] is not None:
        words += ["--split", settings["split"]]
    if settings["autoencoder"]:
        words += ["--autoencoder", settings["autoencoder"]]
    if str(out).startswith("-"):
        words.append("--")
    return shlex.join([*words, settings["photos"], str(out)])
