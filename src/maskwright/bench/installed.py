"""What is installed beside this package, and whether it is what this package asks for.

Every package is imported in a process of its own: one that crashes ends that process only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import operator
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

MODULES = {"opencv-python-headless": "cv2", "pillow": "PIL", "scikit-image": "skimage"}
"""Distribution -> what is imported, where the two names differ by more than dashes."""
OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""Distributions that all write into one folder `cv2`; only one may be installed (opencv-python's README)."""
IMPORT_S = 60.0
"""Seconds an import may take; the slowest takes one on a good disk, and a minute is a network file system."""

_PROBE = """
import importlib, json, sys
sys.path[:] = json.loads(sys.argv[1])
module = importlib.import_module(sys.argv[2])
told = {"version": str(getattr(module, "__version__", "")), "file": str(module.__file__ or "")}
if sys.argv[2] == "PIL":
    from PIL import Image, features  # Image brings the compiled part
    told["lacks"] = [name for name in ("webp", "avif") if not features.check(name)]
print()
print(json.dumps(told))
"""

_COMPARED: dict[str, Callable[[list[int], list[int]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a distribution's needs.

    Args:
        name: of a distribution.
        versions: the range, as `>=2.0,<3`; empty = any.
        extra: the extra it belongs to; empty = always needed.
    """

    name: str
    versions: str
    extra: str

    @property
    def module(self) -> str:
        return MODULES.get(self.name, self.name.replace("-", "_"))


@dataclass(frozen=True, slots=True)
class Probe:
    """What importing a package gave.

    Args:
        version: its `__version__`; empty where it has none.
        file: where it was taken from.
        lacks: of Pillow, formats it was built without.
        error: why it cannot be imported; empty when it can.
        missing: there is no package of that name at all.
    """

    version: str = ""
    file: str = ""
    lacks: tuple[str, ...] = ()
    error: str = ""
    missing: bool = False


def requirements(lines: list[str]) -> list[Requirement]:
    """Needs as in a distribution's metadata (Requires-Dist), of which markers other than extras are not read.

    >>> requirements(["numpy<3,>=2.0", "pillow-heif<2; extra == 'heif'"])[1]
    Requirement(name='pillow-heif', versions='<2', extra='heif')
    """
    found = []
    for line in lines:
        need, _, marker = line.partition(";")
        name = re.match(r"[\w.-]+", need)
        extra = re.search(r"""extra\s*==\s*["']([\w.-]+)""", marker)
        if name:
            versions = re.sub(r"\[.*?\]|[\s()]", "", need[name.end() :])
            found.append(Requirement(name[0].lower(), versions, extra[1] if extra else ""))
    return found


def within(version: str, versions: str) -> bool:
    """Whether a version lies in a range; by its release numbers, so 2.0rc1 counts as 2.0.

    >>> within("5.0.0.93", "<6,>=4.10"), within("3.0", ">=2.0,<3"), within("2", "==2.0")
    (True, False, True)
    """
    for part in filter(None, versions.split(",")):
        found = re.fullmatch(r"(>=|<=|==|!=|>|<)([\d.]+)", part)
        if found:
            have, bound = _padded(release(version), release(found[2]))
            if not _COMPARED[found[1]](have, bound):
                return False
    return True


def same_release(first: str, second: str) -> bool:
    """Whether two versions agree in the numbers both have: OpenCV's 5.0.0 is its wheel's 5.0.0.93."""
    pairs = zip(release(first), release(second), strict=False)
    return all(one == other for one, other in pairs)


def release(version: str) -> list[int]:
    """
    >>> release("2.0.1rc1+cpu")
    [2, 0, 1]
    """
    found = re.match(r"\d+(?:\.\d+)*", version)
    return [int(number) for number in found[0].split(".")] if found else []


def installed_version(name: str) -> str:
    """Of a distribution; empty where it is not installed."""
    try:
        return str(metadata.version(name))
    except (metadata.PackageNotFoundError, KeyError, TypeError):  # the latter: metadata that is cut off
        return ""


def probe(module: str) -> Probe:
    """Import a package in a process of its own and say what came of it."""
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _PROBE, json.dumps(sys.path), module],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=IMPORT_S,
        )
    except subprocess.TimeoutExpired:
        return Probe(error=f"importing it takes more than {IMPORT_S:g} s")
    except OSError as fault:
        return Probe(error=f"no process can be started to import it in: {fault.strerror}")
    if done.returncode < 0:
        return Probe(error=f"importing it crashes Python ({_signal(-done.returncode)})")
    said = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode:
        last = said[-1].strip() if said else f"exit code {done.returncode}"
        return Probe(error=last[:300], missing=last == f"ModuleNotFoundError: No module named {module!r}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Probe(told["version"], told["file"], tuple(told.get("lacks", ())))


def opencvs() -> dict[str, str]:
    """The OpenCV distributions that write into `cv2`, with their versions.

    One that lists its files and none of them in `cv2` does not count: other package managers
    leave such entries so that pip is content.
    """
    found: dict[str, str] = {}
    for each in metadata.distributions():
        name = str(each.metadata["Name"] or "").lower().replace("_", "-")
        files = each.files
        if name in OPENCVS and (files is None or any(file.parts[0] == "cv2" for file in files)):
            found.setdefault(name, each.version)
    return found


def changed_files(distribution: metadata.Distribution) -> list[str]:
    """Files of a distribution that are no longer what was installed; none for one in a source tree."""
    changed = []
    for file in distribution.files or ():
        if file.hash is None or file.hash.mode != "sha256" or file.suffix == ".pyc":
            continue
        try:
            digest = hashlib.sha256(file.read_binary()).digest()
        except OSError:
            changed.append(str(file))
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            changed.append(str(file))
    return changed


def _padded(first: list[int], second: list[int]) -> tuple[list[int], list[int]]:
    length = max(len(first), len(second))
    return first + [0] * (length - len(first)), second + [0] * (length - len(second))


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
