"""Before/after picture pairs in, edit masks out.

>>> import maskwright
>>> comparison = maskwright.compare("before.jpg", "after.jpg")  # doctest: +SKIP
>>> comparison.verdict, comparison.mask.mean()  # doctest: +SKIP
('local_edit', 0.043)

Everything public is named here and loaded when first used, so importing this costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maskwright.corpus.annotate import Options, RowsDone, annotate
    from maskwright.corpus.estimate import Estimate, Share, estimate
    from maskwright.corpus.generate import Generated, generate
    from maskwright.corpus.inspect import Finding, Inspection, inspect
    from maskwright.corpus.inspect.labelled import LabelledInspection, inspect_labelled
    from maskwright.corpus.reader import Corpus, open_corpus
    from maskwright.corpus.report import report
    from maskwright.corpus.status import RunSummary, status
    from maskwright.corpus.view import unpack
    from maskwright.datasets.building.build import Announced, BuildOptions, BuildSummary, build
    from maskwright.datasets.check.checking import check
    from maskwright.datasets.check.values import Checked, Defect
    from maskwright.datasets.selecting.select import Selected, select
    from maskwright.detectors.folder import DetectedFolder, detect_folder
    from maskwright.detectors.single import Detected, detect
    from maskwright.errors import (
        GridError,
        InputError,
        MaskwrightError,
        MissingExtraError,
        RunError,
        SettingError,
    )
    from maskwright.masks.annotators import Setup
    from maskwright.masks.compare import Comparison, compare
    from maskwright.masks.pipeline import annotate_pair, annotate_pairs
    from maskwright.pages.report import Report
    from maskwright.pairs.align import align
    from maskwright.pairs.labelled import open_labelled
    from maskwright.pairs.maskfile import fitted_mask
    from maskwright.pairs.picture import read_mask, read_picture
    from maskwright.pairs.sources import Roles, open_source
    from maskwright.pairs.values import (
        Aligned,
        Annotation,
        Card,
        Change,
        Geometry,
        Hint,
        Labelled,
        Pair,
        Rejection,
        RuledMask,
        Tone,
    )

__version__ = "0.8.0"

_PLACES = {
    "Aligned": "pairs.values",
    "Annotation": "pairs.values",
    "Announced": "datasets.building.build",
    "BuildOptions": "datasets.building.build",
    "BuildSummary": "datasets.building.build",
    "Card": "pairs.values",
    "Change": "pairs.values",
    "Checked": "datasets.check.values",
    "Comparison": "masks.compare",
    "Corpus": "corpus.reader",
    "Defect": "datasets.check.values",
    "Detected": "detectors.single",
    "DetectedFolder": "detectors.folder",
    "Estimate": "corpus.estimate",
    "Finding": "corpus.inspect",
    "Generated": "corpus.generate",
    "Geometry": "pairs.values",
    "GridError": "errors",
    "Hint": "pairs.values",
    "InputError": "errors",
    "Inspection": "corpus.inspect",
    "Labelled": "pairs.values",
    "LabelledInspection": "corpus.inspect.labelled",
    "MaskwrightError": "errors",
    "MissingExtraError": "errors",
    "Options": "corpus.annotate",
    "Pair": "pairs.values",
    "Rejection": "pairs.values",
    "Report": "pages.report",
    "Roles": "pairs.sources",
    "RowsDone": "corpus.annotate",
    "RuledMask": "pairs.values",
    "RunError": "errors",
    "RunSummary": "corpus.status",
    "Selected": "datasets.selecting.select",
    "SettingError": "errors",
    "Setup": "masks.annotators",
    "Share": "corpus.estimate",
    "Tone": "pairs.values",
    "align": "pairs.align",
    "annotate": "corpus.annotate",
    "annotate_pair": "masks.pipeline",
    "annotate_pairs": "masks.pipeline",
    "build": "datasets.building.build",
    "check": "datasets.check.checking",
    "compare": "masks.compare",
    "detect": "detectors.single",
    "detect_folder": "detectors.folder",
    "estimate": "corpus.estimate",
    "fitted_mask": "pairs.maskfile",
    "generate": "corpus.generate",
    "inspect": "corpus.inspect",
    "inspect_labelled": "corpus.inspect.labelled",
    "open_corpus": "corpus.reader",
    "open_labelled": "pairs.labelled",
    "open_source": "pairs.sources",
    "read_mask": "pairs.picture",
    "read_picture": "pairs.picture",
    "report": "corpus.report",
    "select": "datasets.selecting.select",
    "status": "corpus.status",
    "unpack": "corpus.view",
}

__all__ = [
    "Aligned",
    "Annotation",
    "Announced",
    "BuildOptions",
    "BuildSummary",
    "Card",
    "Change",
    "Checked",
    "Comparison",
    "Corpus",
    "Defect",
    "Detected",
    "DetectedFolder",
    "Estimate",
    "Finding",
    "Generated",
    "Geometry",
    "GridError",
    "Hint",
    "InputError",
    "Inspection",
    "Labelled",
    "LabelledInspection",
    "MaskwrightError",
    "MissingExtraError",
    "Options",
    "Pair",
    "Rejection",
    "Report",
    "Roles",
    "RowsDone",
    "RuledMask",
    "RunError",
    "RunSummary",
    "Selected",
    "SettingError",
    "Setup",
    "Share",
    "Tone",
    "__version__",
    "align",
    "annotate",
    "annotate_pair",
    "annotate_pairs",
    "build",
    "check",
    "compare",
    "detect",
    "detect_folder",
    "estimate",
    "fitted_mask",
    "generate",
    "inspect",
    "inspect_labelled",
    "open_corpus",
    "open_labelled",
    "open_source",
    "read_mask",
    "read_picture",
    "report",
    "select",
    "status",
    "unpack",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'maskwright' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"maskwright.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
