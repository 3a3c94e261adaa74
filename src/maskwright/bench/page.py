"""The page of a run of the bench: figures as the tables say them, plots, and the worst pairs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from maskwright.bench.baselines import PER_TABLE
from maskwright.bench.records import VISIBLE_SIGMA
from maskwright.bench.result import BenchResult, Method, Row
from maskwright.bench.robustness import AUTOENCODER
from maskwright.bench.sections import EDGES, LISTED, annotators_of, bar_of, sections, with_interval
from maskwright.bench.tables import Table, figure, gain, label, tables, worst_first
from maskwright.bench.worst import CARDS, Progress, worst_cards
from maskwright.corpus.annotate import versions
from maskwright.masks.annotators import DEFAULT, load_annotator
from maskwright.masks.scores import SCORES
from maskwright.measures.calibration import BINS
from maskwright.measures.metrics import RESAMPLES
from maskwright.pages.bench import BenchView, PairRow, PairRows, bench_page
from maskwright.pages.words import counted
from maskwright.pairs.difference import SIGNED_SIGMA, VISIBLE
from maskwright.pairs.sources import Roles


def html_of(
    result: BenchResult,
    *,
    roles: Roles = Roles(),  # noqa: B008 - frozen
    progress: Progress = lambda what, done, total: None,
) -> str:
    """The page of a run. Its worst pairs are read, annotated and drawn once more.

    Args:
        roles: those of the run.
        progress: called with what is done, how many are done and of how many.

    Raises:
        InputError: the table is no longer there.
        RunError: the page has more than 10 MB.
    """
    return bench_page(_view(result, roles, progress))


def _view(result: BenchResult, roles: Roles, progress: Progress) -> BenchView:
    ours = result.methods[0].name
    head = ["pair", f"{ours} F1", "IoU", f"{label(PER_TABLE, '')} F1", "verdict"]
    cards = worst_cards(result, roles=roles, progress=progress)
    words: dict[str, list[Table]] = {}
    for table in tables(result):
        words.setdefault(table.name, []).append(table)
    unmeasured = words["unmeasured"][0].rows if "unmeasured" in words else ()
    everything = "All pairs, worst first" if result.n <= CARDS else f"The {CARDS} worst pairs"
    return BenchView(
        name=Path(result.table).name,
        sentence=_sentence(result),
        says=list(_says(result)),
        sections=list(sections(result, words)),
        cards=cards,
        cards_title=f"{everything}: truth, {ours}, baseline",
        cards_why=f"By F1 of {ours}. The original is laid on the edited picture as the annotator sees it;"
        f" the line is around what {ours} marked; the baseline is “{label(PER_TABLE, '')}”. Truth may be"
        " coarser than the edit: look before you blame.",
        pairs=_pairs(result),
        pairs_head=[*head, *result.by],
        pairs_left=max(0, result.n - LISTED),
        unmeasured=unmeasured,
        unasked=list(_unasked(result)),
        definitions=_definitions(result),
        limits=list(_limits()),
        facts=_facts(result),
        command=_command(result),
    )


def _best_baseline(result: BenchResult) -> Method:
    return max((m for m in result.methods if m.kind == "baseline"), key=lambda method: method.f1.mean)


def _sentence(result: BenchResult) -> str:
    """The finding: the first annotator against the best baseline."""
    ours, best = result.methods[0], _best_baseline(result)
    over = ours.better_than[best.name]
    pairs = f"{counted(result.n, 'pair')} of {counted(result.originals, 'original')}"
    return (
        f"{ours.name} has F1 {with_interval(figure(ours.f1.mean), ours.f1)} on {pairs},"
        f" {with_interval(gain(over), over)} against the best simple baseline."
    )


def _says(result: BenchResult) -> Iterator[str]:
    ours, best = result.methods[0], _best_baseline(result)
    tuned = (
        "; its threshold is the best for these very pairs, which flatters it"
        if best.threshold is not None
        else ""
    )
    yield f"That baseline is “{label(best.name, best.kind)}”, F1 {figure(best.f1.mean)}{tuned}."
    if result.originals == 1:
        yield "All pairs are of one original: nothing can be said of how far the figures would move."
    for method in annotators_of(result)[1:]:
        over, first = method.better_than[best.name], ours.better_than[method.name]
        yield (
            f"{method.name} has F1 {with_interval(figure(method.f1.mean), method.f1)},"
            f" {with_interval(gain(over), over)} against that baseline;"
            f" {ours.name} has {with_interval(gain(first), first)} against it."
        )
    for method in annotators_of(result):
        over = method.better_than[best.name]
        if result.originals > 1 and over.low <= 0 <= over.high:
            yield f"These pairs do not tell {method.name} from that baseline: the interval holds 0."
    if result.unmeasured:
        yield f"{counted(len(result.unmeasured), 'row')} could not be measured; why stands below."


def _pairs(result: BenchResult) -> list[PairRows]:
    ours = result.methods[0].name
    listed = enumerate(worst_first(result)[:LISTED])
    found = []
    for place, rows in groupby(listed, key=lambda each: bar_of(each[1].f1[ours])):
        lines = [
            PairRow(f"row-{rank}", row.key, _words(row, ours), f"pair-{rank}" if rank < CARDS else "")
            for rank, row in rows
        ]
        title = f"F1 {EDGES[place]:g} to {EDGES[place + 1]:g}: {counted(len(lines), 'pair')}"
        found.append(PairRows(f"f1-{place}", title, lines))
    return found


def _words(row: Row, ours: str) -> list[str]:
    figures = [figure(row.f1[ours]), figure(row.iou[ours]), figure(row.f1[PER_TABLE])]
    verdict = (row.verdict[ours] or row.status[ours]).replace("_", " ")
    return [*figures, verdict, *row.values]


def _unasked(result: BenchResult) -> Iterator[str]:
    if not result.by:
        yield "Figures by a column of the table: none was named (--by)."
    if not result.confusions:
        yield "What happened outside the edits: the table has no column background."
    if result.unedited is None:
        yield "What is marked on photographs that nobody edited: none were given (--unedited)."
    if result.roundtrip is None:
        yield "The same pairs after an autoencoder: none was given (--roundtrip)."
    if not _held_out(result):
        yield "The same pairs after harm that no training sees: that was not asked for (--robust)."
    yield "Speed and memory: these are measured by the benchmarks, not here."


def _limits() -> Iterator[str]:
    yield (
        "How it does on other pairs: means and intervals speak of pairs like these. Intervals draw the"
        " originals anew; they know nothing of editors that are not here."
    )
    yield (
        "Whether the truth is right: masks are often coarser than the edit, or follow another convention"
        " (a shadow, a whole object, the region a generator was given). Visible F1 leaves out truth that"
        " nobody can see, and no more than that."
    )
    yield (
        "What fair baselines would reach: theirs are the best thresholds for these very pairs. Whether an"
        " annotator was made with these pairs in sight, only its maker knows."
    )
    yield "Small groups: a value of a column with a handful of pairs says little, whatever its interval."


def _definitions(result: BenchResult) -> list[tuple[str, str]]:
    return [
        (
            "F1",
            "2TP / (2TP + FP + FN) over the pixels of one picture, TP hits, FP false, FN missed; both masks"
            " empty 1, one empty 0. Figures are means over pairs, each weighs the same.",
        ),
        ("IoU", "TP / (TP + FP + FN), likewise."),
        (
            "visible F1",
            f"F1 without the truth pixels that nobody can see: after alignment they differ by less than"
            f" {VISIBLE} grey levels (blurred, sigma {VISIBLE_SIGMA:g} px).",
        ),
        ("precision, recall", "TP / (TP + FP), TP / (TP + FN)."),
        (
            "[low, high]",
            f"95 % bootstrap interval: {RESAMPLES:,} draws of whole originals with all their pairs.",
        ),
        ("difference", "F1 minus that of another method on the same pair, mean over pairs."),
        ("no mask", "A pair that was rejected or failed counts as an empty mask."),
        (
            "baselines",
            "Differences of the two pictures in grey levels, cut at a threshold; pictures of unequal size"
            " are resized, never registered. The threshold is the one with the best mean F1 on these pairs.",
        ),
        (
            "signed, blurred, filled",
            f"Edited minus original, blurred (sigma {SIGNED_SIGMA:g} px), its largest amount of the three"
            " channels cut at a threshold, closed with 5 x 5, holes filled.",
        ),
        ("oracle", "The same at the best threshold of every single picture."),
        (
            "expected calibration error",
            f"Mean distance of a map's values from the share that is edited in truth, over {BINS} bins of"
            " equal mass; Brier score: mean squared distance of value and truth, pixel by pixel. 0 is best.",
        ),
        *((score, SCORES[score]) for score in dict.fromkeys(trust.score for trust in result.trust)),
    ]


def _facts(result: BenchResult) -> list[tuple[str, str]]:
    cards = [load_annotator(method.name).card for method in annotators_of(result)]
    return [
        ("table", result.table),
        ("condition", result.where or "none: every row"),
        *(("annotator", f"{card.name} {card.version}, digest {card.digest[:12]}") for card in cards),
        ("photographs nobody edited", result.unedited or "none"),
        ("autoencoder", result.roundtrip or "none"),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
    ]


def _held_out(result: BenchResult) -> bool:
    """Whether harm that no training sees was asked for."""
    return any(harmed.after != AUTOENCODER for harmed in result.robust)


def _command(result: BenchResult) -> str:
    words = ["maskwright", "bench", "annotators", result.table]
    names = [method.name for method in annotators_of(result)]
    if names != [DEFAULT]:
        words += [word for name in names for word in ("--annotator", name)]
    words += ["--where", result.where] if result.where else []
    words += [word for column in result.by for word in ("--by", column)]
    words += ["--unedited", result.unedited] if result.unedited else []
    words += ["--roundtrip", result.roundtrip] if result.roundtrip else []
    words += ["--robust"] if _held_out(result) else []
    return shlex.join([*words, "--html", "bench.html"])
