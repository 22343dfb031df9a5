"""Learn the engine's numbers anew: which evidence says how much of beat, bars and confidence.

usage: python benchmarks/weigh_evidence.py [--per-style N] [--seconds S] [--seed N] [--noises N]
                                           [--music MANIFEST ...] [--leave-out WORD ...] [--write]

The script makes pieces in every style of the fixtures, lets the engine's own stages hear them, and asks
of each way to count the music how right it is. A log-linear model learns to choose the best
(the evidence), another where bars begin, and a logistic one how far the answer can be trusted. The last
learns from noise, talk and the freely licensed rows of the manifests that --music names, too:
CSV files with the columns path, source, licence and tempo_bpm; rows under other licences are left out,
and with --leave-out those that have a word in their path.

Printed are what was learned, what was listened to, and how good it is: the counts in ten folds by piece (each
judged by what the others teach), beside what the tracking alone gives and the best that could be
chosen; the bars likewise; and the calibration of the confidence on what it was fitted to. With --write
the numbers go into bpmsync/beats/weights.py. The same options give the same bytes on the same machine.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

# Before numpy is loaded, here and in the workers: each of them is one of as many as there are cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from beats_confidence import calibration_error
from scipy.special import expit, softmax
from weighing.judging import PARTS, UTILITY
from weighing.learning import fit_choice, fit_odds, folds
from weighing.listening import Bars, Heard, Trust, choose_from, hear, trust_in, weigh_bars
from weighing.material import Recording, noises, pieces, recordings
from weighing.writing import Learned, named, weights_text

from bpmsync.atomic import write_atomically
from bpmsync.beats.bars import BAR_EVIDENCE
from bpmsync.beats.confidence import CONFIDENCE_EVIDENCE
from bpmsync.beats.metre import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from weighing.material import Task

WEIGHTS_FILE = Path(__file__).resolve().parents[1] / "bpmsync" / "beats" / "weights.py"
FOLDS = 10
SHARPNESS = 18.0  # of the targets: a count that is 0.1 better should be six times as probable
EVIDENCE_RIDGE, BARS_RIDGE, CONFIDENCE_RIDGE = 10.0, 3.0, 1.0
RIGHT_BEATS = 0.85  # F from which the bars of some beats can be judged
RIGHT_BARS = 0.8
PARTLY = 0.2  # as good as bars are some of whose lines are right


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--per-style", type=int, default=10, metavar="N", help="pieces of each style")
    parser.add_argument("--seconds", type=float, default=40.0, metavar="S", help="length of each piece")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of everything that is drawn")
    parser.add_argument("--noises", type=int, default=45, metavar="N", help="clips of noise and talk")
    parser.add_argument("--music", type=Path, nargs="+", default=[], metavar="MANIFEST")
    parser.add_argument("--leave-out", nargs="+", default=[], metavar="WORD")
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    return parser.parse_args(arguments)


def heard_all(tasks: Sequence[Task]) -> list[Heard]:
    """Return what the engine hears of each clip, but for those that it would not answer."""
    found: list[Heard] = []
    with ProcessPoolExecutor() as pool:
        for done, heard in enumerate(pool.map(hear, tasks, chunksize=4), start=1):
            found += [heard] if heard is not None else []
            if done % 50 == 0 or done == len(tasks):
                print(f"heard {done} of {len(tasks)}", file=sys.stderr)
    return found


def learn_counts(music: Sequence[Heard]) -> NDArray[np.float64]:
    """Return the weights with which the best way to count each piece is the most probable."""
    judged = [~np.isnan(heard.worth[:, 0]) for heard in music]
    evidence = [heard.evidence[some] for heard, some in zip(music, judged, strict=True)]
    targets = [softmax(SHARPNESS * heard.worth[s] @ UTILITY) for heard, s in zip(music, judged, strict=True)]
    return fit_choice(evidence, targets, ridge=EVIDENCE_RIDGE)


def learn_bars(barred: Sequence[Bars]) -> NDArray[np.float64]:
    """Return the weights with which the right bars are the most probable."""
    marks = [np.where(b.right > RIGHT_BARS, 1.0, np.where(b.right > 0, PARTLY, 0.0)) for b in barred]
    return fit_choice([b.evidence for b in barred], [softmax(SHARPNESS * m) for m in marks], ridge=BARS_RIDGE)


def barred_pieces(music: Sequence[Heard], weights: NDArray[np.float64]) -> list[Bars]:
    """Return the bars of the pieces whose beats are right, where some of the bars can be."""
    chosen = [(heard, choose_from(heard, weights)[0]) for heard in music]
    found = [weigh_bars(heard, best) for heard, best in chosen if heard.worth[best, 0] >= RIGHT_BEATS]
    return [bars for bars in found if bars is not None and bars.right.max() > RIGHT_BARS]


def judge_counts(music: Sequence[Heard], seed: int) -> list[str]:
    """Return the mean worth of the beats as tracked, as chosen in folds, and at the best."""
    part_of = folds(len(music), FOLDS, seed=seed)
    chosen: list[NDArray[np.float64]] = []
    for part in range(FOLDS):
        weights = learn_counts([heard for heard, p in zip(music, part_of, strict=True) if p != part])
        apart = [heard for heard, p in zip(music, part_of, strict=True) if p == part]
        chosen += [heard.worth[choose_from(heard, weights)[0]] for heard in apart]
    tracked = [heard.worth[0] for heard in music]
    best = [heard.worth[int(np.nanargmax(heard.worth @ UTILITY))] for heard in music]
    rows = (("as tracked", tracked), ("chosen, in folds", chosen), ("best possible", best))
    return [f"| beats | {' | '.join(PARTS)} | together |", "| --- " * (len(PARTS) + 2) + "|"] + [
        f"| {name} | " + " | ".join(f"{100 * x:.1f}" for x in (*mean, mean @ UTILITY)) + " |"
        for name, mean in ((name, np.nan_to_num(np.array(rows)).mean(axis=0)) for name, rows in rows)
    ]


def judge_bars(barred: Sequence[Bars], seed: int) -> str:
    """Return how many bars are right in folds, of all and of those that are told."""
    part_of = folds(len(barred), FOLDS, seed=seed)
    right, sure = np.zeros(len(barred)), np.zeros(len(barred))
    for part in range(FOLDS):
        weights = learn_bars([bars for bars, p in zip(barred, part_of, strict=True) if p != part])
        for k in np.flatnonzero(part_of == part).tolist():
            scores = barred[k].evidence @ weights
            best = int(np.argmax(scores))
            right[k], sure[k] = barred[k].right[best] > RIGHT_BARS, softmax(scores)[best]
    told = sure >= 0.5  # noqa: PLR2004 - as the engine has it
    return (
        f"bars, in folds: {100 * right.mean():.1f} % right of {len(barred)}; "
        f"of the {100 * told.mean():.0f} % that are told {100 * right[told].mean():.1f} %"
    )


def learn_confidence(trusts: Sequence[Trust]) -> tuple[dict[str, float], list[str]]:
    """Return the weights of the confidence, and how well they are calibrated."""
    evidence = np.array([trust.evidence for trust in trusts])
    usable = np.array([float(trust.usable) for trust in trusts])
    bias, weights = fit_odds(evidence, usable, ridge=CONFIDENCE_RIDGE)
    told = named(("bias", *CONFIDENCE_EVIDENCE), np.array([bias, *weights]))
    sure = expit(told["bias"] + evidence @ np.array([told[name] for name in CONFIDENCE_EVIDENCE]))
    high = sure >= 0.9  # noqa: PLR2004 - what is called sure
    lines = [
        f"confidence, calibration error on what was fitted: {calibration_error(sure, usable):.3f}",
        f"of the {len(usable)} clips {100 * usable.mean():.1f} % are usable",
        f"of the {100 * high.mean():.1f} % at 0.9 and more {100 * usable[high].mean():.1f} % are usable",
    ]
    for source in dict.fromkeys(trust.source for trust in trusts):
        own = np.array([trust.source == source for trust in trusts])
        lines.append(
            f"  {source}: {own.sum()} clips, mean {sure[own].mean():.2f}, usable {usable[own].mean():.2f}"
        )
    return told, lines


def command_of(options: argparse.Namespace) -> str:
    """Return what repeats this run; where the manifests lie is another matter on every machine."""
    parts = ["python", "benchmarks/weigh_evidence.py"]
    for name, usual in (("per_style", 10), ("seconds", 40.0), ("seed", 0), ("noises", 45)):
        value = getattr(options, name)
        parts += [f"--{name.replace('_', '-')}", f"{value:g}"] if value != usual else []
    parts += ["--music", "MANIFEST.csv ..."] if options.music else []
    parts += ["--leave-out", *options.leave_out] if options.leave_out else []
    return f"{' '.join(parts)} --write"


def main() -> None:
    """Learn, print and write."""
    options = parsed()
    made = pieces(per_style=options.per_style, seconds=options.seconds, seed=options.seed)
    silent = noises(options.noises, seed=options.seed)
    given = recordings(options.music, leave_out=options.leave_out)
    everything = heard_all([*made, *silent, *given])
    music = [heard for heard in everything if len(heard.worth) and not np.isnan(heard.worth).all()]
    evidence = named(EVIDENCE, learn_counts(music))
    weights = np.array(list(evidence.values()))
    barred = barred_pieces(music, weights)
    trusts = [trust for heard in everything if (trust := trust_in(heard, weights)) is not None]
    trusted, trust_lines = learn_confidence(trusts)
    learned = Learned(
        command=command_of(options),
        pieces=len(made),
        styles=len({piece.style for piece in made}),
        noises=len(silent),
        recordings=len(given),
        evidence=evidence,
        bars=named(BAR_EVIDENCE, learn_bars(barred)),
        confidence=trusted,
    )
    text = weights_text(learned)
    print(text)
    print(*judge_counts(music, options.seed), judge_bars(barred, options.seed), *trust_lines, sep="\n")
    print(*used(given), sep="\n")
    if options.write:
        write_atomically(WEIGHTS_FILE, text)


def used(given: Sequence[Recording]) -> list[str]:
    """Return how many recordings of each source and licence were listened to."""
    counts = Counter((one.source, one.licence) for one in given)
    return [f"{count:4d} recordings of {source}, {licence}" for (source, licence), count in counts.items()]


if __name__ == "__main__":
    main()
