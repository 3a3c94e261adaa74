"""What is odd about the place maskwright runs in: packages, processors, memory, a folder, weights.

Every check ends in findings and none of them raises: a broken environment is the answer here.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from maskwright import __version__
from maskwright.bench.installed import (
    Probe,
    Requirement,
    changed_files,
    installed_version,
    opencvs,
    probe,
    release,
    requirements,
    same_release,
    within,
)
from maskwright.bench.machine import LARGE_MB, cgroup_cores, memory_left, write_speed
from maskwright.corpus.executors.local import default_workers
from maskwright.errors import MaskwrightError

if TYPE_CHECKING:
    from maskwright.pairs.values import Card

Level: TypeAlias = Literal["fine", "note", "problem"]

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What numpy's and OpenCV's libraries read to learn how many threads to start."""
EXTRAS = {
    "demo": "photographs for `maskwright demo`",
    "heif": "HEIC pictures, as phones make them",
    "torch": "training networks",
}
"""What the extras that are for users add; any other stays unmentioned."""
NETWORKS_NEED = ("maskwright", "numpy", "onnxruntime", "opencv-python-headless")
"""Packages without which annotators and networks are not even tried."""
WORKER_MB = 660
"""Peak of a process that annotates a pair of 12-megapixel pictures (benchmarks/bench_small_edits.py)."""
FREE_MB = 1000
"""Less free space than this is worth a note: a few thousand masks of large pictures, with their parts."""
SLOW_MB_PER_S, SLOW_FILE_MS = 20.0, 25.0
"""A folder worse than either is worth a note. Our choice: a hard disk of one's own gives 100 MB/s and
10 to 20 ms a small file; beyond that, files and not pictures set the pace of a run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        section: what kind of thing: packages, processors, memory, folder, weights.
        about: the thing, in a word or two.
        level: `fine`; `note`, worth knowing; `problem`, will go wrong or has.
        sentence: what was found.
        hint: what to type or do; empty where nothing need be done.
    """

    section: str
    about: str
    level: Level
    sentence: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was looked at, section by section."""

    findings: tuple[Finding, ...]

    def of(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level."""
        return tuple(each for each in self.findings if each.level == level)


def doctor(folder: Path | None = None) -> Diagnosis:
    """Look at everything a run depends on, but for its pictures.

    Args:
        folder: where a run would write; None is the current folder. About 32 MB are written
            into it to see how fast it is, and removed.
    """
    packages = package_findings()
    usable = not any(each.level == "problem" and each.about in NETWORKS_NEED for each in packages)
    return Diagnosis(
        (
            *packages,
            *processor_findings(os.environ, default_workers(), cgroup_cores()),
            memory_finding(memory_left(), default_workers()),
            *folder_findings(Path() if folder is None else folder),
            *weights_findings(Path(__file__).parents[1] / "weights", usable=usable),
        )
    )


def package_findings() -> list[Finding]:
    """Versions against the ranges we ask for, whether each can be imported, OpenCV's clashes, extras."""
    try:
        ours = metadata.distribution("maskwright")
        needs = requirements(ours.metadata.get_all("Requires-Dist") or [])
        python, version = (ours.metadata.get_all("Requires-Python") or [""])[0], ours.version
    except Exception as fault:  # not installed, or its metadata damaged in any way
        hint = "pip install . in the folder you have this from"
        return [_problem("packages", "maskwright", f"how it was installed cannot be read: {fault}", hint)]
    found = [_ourselves(ours, version), _python(python)]
    wanted = [need for need in needs if not need.extra or need.extra in EXTRAS]
    with ThreadPoolExecutor(default_workers()) as pool:
        seen = dict(zip(wanted, pool.map(probe, [need.module for need in wanted]), strict=True))
    for need in wanted:
        if not need.extra:
            found += _needed(need, seen[need])
    found += _clash(opencvs())
    for extra, adds in EXTRAS.items():
        found.append(_extra(extra, adds, {need: each for need, each in seen.items() if need.extra == extra}))
    return found


def processor_findings(settings: Mapping[str, str], workers: int, granted: float | None) -> list[Finding]:
    """Processors, who limits them, and what `annotate` would make of that.

    Args:
        settings: environment variables.
        workers: that `annotate` starts by default.
        granted: cores the control groups grant, None without a limit.
    """
    machine = os.cpu_count() or 1
    limit = "" if granted is None else f", of which {granted:g} by the limit of a container or batch system"
    found = [
        _fine("processors", "processors", f"{workers} of {machine} may be used{limit}"),
        _workers(settings, workers, granted),
    ]
    told = {name: settings[name] for name in THREADS if name in settings}
    many = [name for name, value in told.items() if (release(value) or [0])[0] > workers]
    said = ", ".join(f"{name}={value}" for name, value in told.items()) or f"{', '.join(THREADS)} are not set"
    if many:
        hint = " ".join(["unset", *many])
        found.append(_note("processors", "threads", f"{said}: more than the {workers} processors", hint))
    else:
        found.append(_fine("processors", "threads", f"{said}; workers have one thread each anyway"))
    return found


def memory_finding(left: int | None, workers: int) -> Finding:
    """Whether as many workers as `annotate` starts by default have room for large pictures."""
    if left is None:
        return _fine("memory", "memory", "this system does not say how much is left")
    room = left // (WORKER_MB * 10**6)
    said = f"{left / 1e9:.1f} GB left; a worker takes {WORKER_MB / 1000:g} GB on 12-megapixel pictures"
    if room < workers:
        hint = f"with large pictures: maskwright annotate SOURCE OUT --workers {max(1, room)}"
        return _note("memory", "memory", f"{said}, and there would be {workers}", hint)
    return _fine("memory", "memory", said)


def folder_findings(folder: Path) -> list[Finding]:
    """How fast a folder takes files, and how much more of them."""
    name = str(folder.absolute())
    try:
        free = shutil.disk_usage(folder).free
        space = f"{free / 1e9:.1f} GB free"
        if free < 2 * LARGE_MB * 10**6:
            return [
                _problem(
                    "folder", "space", f"{space} in {name}: too little to write to", "choose another folder"
                )
            ]
        speed = write_speed(folder)
    except OSError as fault:
        words = fault.strerror or str(fault)
        hint = f"mkdir -p {shlex.quote(name)}" if isinstance(fault, FileNotFoundError) else ""
        return [
            _problem(
                "folder", "folder", f"{name} cannot be written: {words}", hint or "choose another folder"
            )
        ]
    said = f"{speed.mb_per_s:.0f} MB/s, {speed.small_file_ms:.1f} ms a small file, in {name}"
    slow = speed.mb_per_s < SLOW_MB_PER_S or speed.small_file_ms > SLOW_FILE_MS
    hint = "let OUT be on a disk of this machine, and copy it when the run is done"
    return [
        _note("folder", "writing", f"slow: {said}", hint) if slow else _fine("folder", "writing", said),
        _note("folder", "space", space, "make room, or choose another folder")
        if free < FREE_MB * 10**6
        else _fine("folder", "space", space),
    ]


def weights_findings(folder: Path, *, usable: bool = True) -> list[Finding]:
    """Whether every annotator with a name can be loaded, and each network of a folder is the one on its card.

    Each network says under which terms its weights are, and those of the photographs it was trained on.

    Args:
        usable: the packages they need can be imported; otherwise nothing is tried.
    """
    if not usable:
        return [_note("weights", "weights", "not looked at: packages they need are at fault, see above")]
    from maskwright.masks.annotators import ANNOTATORS, load_annotator
    from maskwright.weights import card_path, open_network, read_card

    again = "pip install --force-reinstall maskwright"
    found = []
    for name in ANNOTATORS:
        try:
            card = load_annotator(name).card
            found.append(_fine("weights", name, f"version {card.version}, sha256 {card.digest[:12]}..."))
        except Exception as fault:  # its constants may be cut off in any way
            found.append(_problem("weights", name, f"cannot be loaded: {fault}", again))
    networks = sorted(folder.glob("*.onnx"))
    for path in networks:
        try:
            card = read_card(path)
            open_network(path)
            found += _network(path.name, card)
        except MaskwrightError as fault:
            found.append(_problem("weights", path.name, str(fault), again))
    for path in sorted(folder.glob("*.card.json")):
        if path not in map(card_path, networks):
            found.append(_problem("weights", path.name, "there is a card and no network", again))
    if not networks:
        found.append(_fine("weights", "networks", "this version brings none"))
    return found


def _network(name: str, card: Card) -> list[Finding]:
    """What a network that can be used says of itself."""
    version = f"{card.name}, version {card.version}, sha256 {card.digest[:12]}..."
    return [
        _fine("weights", name, version),
        _fine("weights", f"{card.name}, licence", card.licence),
        _fine("weights", f"{card.name}, photographs", card.training_data or "not stated on its card"),
    ]


def _ourselves(ours: metadata.Distribution, version: str) -> Finding:
    place = Path(__file__).parents[1]
    if version != __version__:
        hint = "pip install --force-reinstall . in the folder you have this from"
        return _problem("packages", "maskwright", f"{__version__} in {place}, installed as {version}", hint)
    changed = changed_files(ours)
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        hint = "if that was not you: pip install --force-reinstall maskwright"
        return _note("packages", "maskwright", f"{version}, changed after it was installed: {shown}", hint)
    return _fine("packages", "maskwright", f"{version} in {place}")


def _python(versions: str) -> Finding:
    version = platform.python_version()
    if not within(version, versions):
        return _problem("packages", "Python", f"{version}, {versions} is needed", "install a newer Python")
    return _fine("packages", "Python", f"{version}, {sys.executable}")


def _needed(need: Requirement, seen: Probe) -> list[Finding]:
    """What is to be said about one package we cannot do without."""
    version = installed_version(need.name) or seen.version
    wanted = shlex.quote(need.name + need.versions)
    hint = f"pip install {wanted}"
    again = f"pip install --force-reinstall {wanted}"
    if seen.missing:
        return [_problem("packages", need.name, "is not installed", hint)]
    if seen.error:
        return [_problem("packages", need.name, f"{version} cannot be imported: {seen.error}", again)]
    if not within(version, need.versions):
        return [_problem("packages", need.name, f"{version}, {need.versions} is needed", hint)]
    if not same_release(version, seen.version):
        said = f"{version} is installed, but {seen.version} is imported, from {seen.file}"
        return [_problem("packages", need.name, said, again)]
    if seen.lacks:
        formats = " and ".join(each.upper().replace("WEBP", "WebP") for each in seen.lacks)
        said = f"{version}, built without {formats}: such pictures are rejected"
        return [
            _note("packages", need.name, said, f"pip install --force-reinstall --only-binary :all: {wanted}")
        ]
    return [_fine("packages", need.name, version + (", with WebP and AVIF" if need.name == "pillow" else ""))]


def _clash(found: Mapping[str, str]) -> list[Finding]:
    if len(found) < 2:
        return []
    names = " and ".join(f"{name} {version}" for name, version in sorted(found.items()))
    said = f"{names} overwrite each other's files, and what is imported may be a mixture"
    hint = f"pip uninstall -y {' '.join(sorted(found))}; pip install opencv-python-headless"
    return [_problem("packages", "OpenCV", said, hint)]


def _extra(extra: str, adds: str, seen: Mapping[Requirement, Probe]) -> Finding:
    hint = f"pip install 'maskwright[{extra}]'"
    if any(each.missing for each in seen.values()):
        return _note("packages", f"[{extra}]", f"not installed; adds {adds}", hint)
    bad = [
        finding for need, each in seen.items() for finding in _needed(need, each) if finding.level != "fine"
    ]
    if bad:
        return _problem("packages", f"[{extra}]", f"{bad[0].about}: {bad[0].sentence}", bad[0].hint)
    versions = ", ".join(
        f"{need.name} {installed_version(need.name) or each.version}" for need, each in seen.items()
    )
    return _fine("packages", f"[{extra}]", f"{versions}; adds {adds}")


def _workers(settings: Mapping[str, str], workers: int, granted: float | None) -> Finding:
    """Whether the workers that `annotate` starts by default fit what it was given."""
    limits = [] if granted is None else [("the limit is", max(1, int(granted)))]
    if settings.get("SLURM_CPUS_PER_TASK", "").isdigit():
        limits.append(("SLURM_CPUS_PER_TASK is", max(1, int(settings["SLURM_CPUS_PER_TASK"]))))
    said = f"`annotate` starts {workers} by default, one thread each"
    for whose, most in sorted(limits, key=lambda each: each[1]):
        if most < workers:
            hint = f"maskwright annotate SOURCE OUT --workers {most}"
            return _note("processors", "workers", f"{said}; {whose} {most}", hint)
    return _fine("processors", "workers", said)


def _fine(section: str, about: str, sentence: str) -> Finding:
    return Finding(section, about, "fine", sentence)


def _note(section: str, about: str, sentence: str, hint: str = "") -> Finding:
    return Finding(section, about, "note", sentence, hint)


def _problem(section: str, about: str, sentence: str, hint: str) -> Finding:
    return Finding(section, about, "problem", sentence, hint)
