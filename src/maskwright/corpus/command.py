"""The line that goes on with a run, as a user would type it."""

from __future__ import annotations

import shlex
from pathlib import Path

from maskwright.corpus.plan import Run
from maskwright.pairs.picture import MAX_PIXELS


def resume_command(run: Run, out: Path, *, retry_failed: bool = False) -> str:
    """The `maskwright annotate` line with this run's settings, quoted for a shell."""
    words = ["maskwright", "annotate"]
    if run.annotator != "difference":
        words += ["--annotator", run.annotator]
    for role in ("original", "edited", "mask", "instruction"):
        if (column := getattr(run.roles, role)) is not None:
            words += [f"--{role}", column]
    if run.roles.swap:
        words.append("--swap")
    if run.sample is not None:
        words += ["--sample", str(run.sample), "--seed", str(run.seed)]
    if run.max_pixels != MAX_PIXELS:
        words += ["--max-pixels", str(run.max_pixels)]
    if retry_failed:
        words += ["--retry", "failed"]
    if str(out).startswith("-"):
        words.append("--")
    return shlex.join([*words, run.source, str(out)])
