"""The figures of CAAA as rows of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskwright.bench.caaa import ENDS, LAYER, MASK, Classified, Found, Masked
from maskwright.bench.caaa_asking import CAAA, DASS, KEYPOINTS, ORACLE, PLAIN, SACM
from maskwright.bench.caaa_cases import CROPPED, MADE, REAL, WHOLE
from maskwright.bench.tables import Table, brief, confused, figure, gain, interval

TITLES = {
    MADE: "made pairs",
    WHOLE: "the table of groups",
    CROPPED: "the table of groups, both pictures cropped to a common aspect and size",
    REAL: "pairs with known masks",
}
WITNESSES = {MADE: "hands", WHOLE: "scenes", CROPPED: "scenes"}
"""What intervals draw: photographs of a hand, rows of a scene."""
LAYERS = {MASK: "the mask on the edited picture", LAYER: "the layer donor on the original"}
ABLATION = (
    (DASS, PLAIN, "shared-probe", MASK),
    (DASS, PLAIN, "", MASK),
    (SACM, KEYPOINTS, "shared-donor", MASK),
    (SACM, KEYPOINTS, "shared-donor", LAYER),
    (CAAA, SACM, "shared-donor", MASK),
    (CAAA, KEYPOINTS, "shared-donor", MASK),
)
"""Ours, theirs, group and layer; an empty group is that of pairs of which nobody says it."""
NOWHERE = ("", "")
KIND = {ORACLE: "oracle"}


def caaa_tables(found: Found) -> Iterator[Table]:
    """Everything a person wants to see of a run, in reading order."""
    for series in (MADE, WHOLE, CROPPED):
        for classified in found.classified:
            if classified.series == series:
                yield from _groups(classified, found.cut)
        yield from _of_series(found, series)
        if series == MADE:
            yield from _sliced(found)
    yield from _of_series(found, REAL)
    if found.routed:
        rows = ((group or "(none)", str(n)) for group, n in sorted(found.routed.items()))
        yield Table("routed", f"{TITLES[REAL]}: where {CAAA} sent them", (("group", "n"), *rows))
    yield Table("ablation", "ablation: F1 with 95 % interval, and paired difference", _ablation(found))
    yield Table("ends", "what every pair ended in", _ends(found))
    if found.unmeasured:
        yield Table("unmeasured", "not measured", (("id", "reason", "what was seen"), *found.unmeasured))


def _groups(of: Classified, cut: int) -> Iterator[Table]:
    name = of.confusion.annotator
    title = f"{TITLES[of.series]}: group by {name}; rows: what it is"
    if of.series == CROPPED and cut:
        title += f"; {cut} crops leave less of the object than they should"
    yield Table("confusion", title, confused(of.confusion))
    rows = [
        (group, str(found.n), figure(found.mean), interval(found))
        for group, found in (("all", of.accuracy), *of.of_group.items())
    ]
    head = ("group", "n", "accuracy", f"over {of.accuracy.groups} {WITNESSES[of.series]}")
    yield Table("accuracy", f"{TITLES[of.series]}: share whose group {name} finds", (head, *rows))


def _of_series(found: Found, series: str) -> Iterator[Table]:
    """Masks and layers of a series, a table for each group."""
    places = dict.fromkeys((each.group, each.layer) for each in found.masks if each.series == series)
    for group, layer in places:
        those = [
            each
            for each in found.masks
            if (each.series, each.group, each.layer, each.over) == (series, group, layer, NOWHERE)
        ]
        title = f"{TITLES[series]}{group and f', {group}'}: {LAYERS[layer]}, mean with 95 % interval"
        yield Table("masks", title, _compared(found, those))


def _compared(found: Found, those: Sequence[Masked]) -> tuple[tuple[str, ...], ...]:
    """Each with what the first is better by."""
    head = ("", "n", "F1", "", "IoU", "", f"{those[0].annotator} is better by", "")
    return (head, *((each.annotator, *_figures(each), *_gain(found, those[0], each)) for each in those))


def _figures(of: Masked) -> tuple[str, ...]:
    return (str(of.f1.n), figure(of.f1.mean), interval(of.f1), figure(of.iou.mean), interval(of.iou))


def _gain(found: Found, ours: Masked, theirs: Masked) -> tuple[str, str]:
    """Empty for two that are not compared."""
    for each in found.compared:
        if (each.series, each.group, each.layer, each.over) == (
            theirs.series,
            theirs.group,
            theirs.layer,
            theirs.over,
        ) and (each.ours, each.theirs) == (ours.annotator, theirs.annotator):
            return gain(each.gain), interval(each.gain)
    return "", ""


def _sliced(found: Found) -> Iterator[Table]:
    """F1 of made donor pairs by what was done to the object."""
    for layer, where in LAYERS.items():
        those = [each for each in found.masks if each.layer == layer and each.over != NOWHERE]
        if not those:
            continue
        names = list(dict.fromkeys(each.annotator for each in those))
        head = ("trait", "", "n", *(word for name in names for word in (brief(name, KIND.get(name, "")), "")))
        rows = []
        for over in dict.fromkeys(each.over for each in those):
            inside = {each.annotator: each.f1 for each in those if each.over == over}
            words = (word for f1 in inside.values() for word in (figure(f1.mean), interval(f1)))
            rows.append((*over, str(next(iter(inside.values())).n), *words))
        yield Table("slices", f"{TITLES[MADE]}, shared-donor: F1 of {where}, by trait", (head, *rows))


def _ablation(found: Found) -> tuple[tuple[str, ...], ...]:
    head = ("ours", "theirs", "pairs", "what", "n", "F1 ours", "", "F1 theirs", "", "difference", "")
    rows = []
    for ours, theirs, group, layer in ABLATION:
        for series in (MADE, WHOLE, REAL):
            pair = [
                each
                for name in (ours, theirs)
                for each in found.masks
                if (each.series, each.group, each.layer, each.annotator, each.over)
                == (series, group, layer, name, NOWHERE)
            ]
            if len(pair) == 2:
                told = (word for each in pair for word in (figure(each.f1.mean), interval(each.f1)))
                words = (f"{TITLES[series]}{group and f', {group}'}", layer, str(pair[0].f1.n))
                rows.append((ours, theirs, *words, *told, *_gain(found, *pair)))
    return (head, *rows)


def _ends(found: Found) -> tuple[tuple[str, ...], ...]:
    return (
        ("", "n", *ENDS),
        *(
            (TITLES[series], str(sum(ends.values())), *(str(ends[end]) for end in ENDS))
            for series, ends in found.ends.items()
        ),
    )
