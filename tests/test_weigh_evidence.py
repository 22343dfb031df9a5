"""How the engine's numbers are learned: the laws of the learning, and a small run of the whole."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "benchmarks" / "weigh_evidence.py"
sys.path.insert(0, str(ROOT / "benchmarks"))

judging = import_module("weighing.judging")
learning = import_module("weighing.learning")
listening = import_module("weighing.listening")
material = import_module("weighing.material")
writing = import_module("weighing.writing")

SEEDS = st.integers(0, 10_000)


def clips(seed: int, count: int = 30) -> tuple[list[np.ndarray], np.ndarray]:
    """Return evidence for some hypotheses of each clip, and weights."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(int(rng.integers(2, 9)), 3)) for _ in range(count)], rng.normal(size=3)


def shares(scores: np.ndarray) -> np.ndarray:
    odds = np.exp(scores - scores.max())
    chances: np.ndarray = odds / odds.sum()
    return chances


@given(SEEDS)
def test_weights_that_made_the_targets_are_found_again(seed: int) -> None:
    evidence, weights = clips(seed)
    found = learning.fit_choice(evidence, [shares(rows @ weights) for rows in evidence], ridge=1e-9)
    assert found == pytest.approx(weights, abs=1e-3)


@given(SEEDS, st.integers(0, 29))
def test_neither_the_order_of_clips_nor_what_all_hypotheses_share_matters(seed: int, turn: int) -> None:
    evidence, weights = clips(seed)
    targets = [shares(rows @ weights) for rows in evidence]
    found = learning.fit_choice(evidence, targets, ridge=0.5)
    turned = learning.fit_choice(
        evidence[turn:] + evidence[:turn], targets[turn:] + targets[:turn], ridge=0.5
    )
    assert turned == pytest.approx(found, abs=1e-4)
    # The same for every hypothesis of a clip says nothing: a ridge of nothing leaves it out.
    shifted = [rows + k for k, rows in enumerate(evidence)]
    free = learning.fit_choice(evidence, targets, ridge=0.0)
    assert learning.fit_choice(shifted, targets, ridge=0.0) == pytest.approx(free, abs=1e-2)


@given(SEEDS)
def test_a_higher_ridge_gives_smaller_weights(seed: int) -> None:
    evidence, weights = clips(seed)
    targets = [shares(3 * rows @ weights) for rows in evidence]
    spread = np.vstack(evidence).std(axis=0)
    sizes = [
        np.linalg.norm(spread * learning.fit_choice(evidence, targets, ridge=r)) for r in (0.1, 1.0, 10.0)
    ]
    assert sizes == sorted(sizes, reverse=True)


@given(SEEDS)
def test_a_confidence_is_on_average_as_high_as_the_share_that_is_right(seed: int) -> None:
    rng = np.random.default_rng(seed)
    evidence = rng.normal(2.0, 3.0, size=(60, 2))
    right = (rng.random(60) < 0.7).astype(float)
    bias, weights = learning.fit_odds(evidence, right, ridge=1.0)
    sure = 1 / (1 + np.exp(-(bias + evidence @ weights)))
    assert sure.mean() == pytest.approx(right.mean(), abs=1e-4)


@given(SEEDS, st.integers(1, 200))
def test_every_clip_is_judged_once_by_folds_of_like_size(seed: int, count: int) -> None:
    part_of = learning.folds(count, 10, seed=seed)
    sizes = np.bincount(part_of, minlength=10)
    assert sizes.sum() == count
    assert sizes.max() - sizes.min() <= 1


@given(st.floats(130, 240), st.floats(0, 2))
def test_the_truth_is_worth_everything_and_the_off_beat_little(bpm: float, start_s: float) -> None:
    truth = start_s + np.arange(0.0, 40.0, 60 / bpm)
    # An answer may have one beat just before those that are judged.
    assert judging.beats_worth(truth, bpm, truth) == pytest.approx([1, 1, 1, 1], abs=0.02)
    off = judging.beats_worth(truth, bpm, truth + 30 / bpm)
    lock, usable = off[2], off[3]
    assert lock < 0.05
    assert usable == 1
    double = np.interp(np.arange(2 * len(truth) - 1) / 2, np.arange(len(truth)), truth)
    assert judging.beats_worth(truth, bpm, double)[2:] == pytest.approx([1, 1])
    assert judging.beats_worth(truth, bpm, truth[:3]) is None


@given(st.integers(2, 7), st.integers(0, 6), st.integers(2, 7), st.integers(0, 6))
def test_bars_are_right_where_length_and_first_beat_are(m: int, k: int, length: int, first: int) -> None:
    beats = np.arange(0.0, 60.0, 0.5)
    right = judging.bars_right(beats, np.arange(k % m, len(beats), m), beats, length, first % length)
    if length != m:
        assert right <= 0
    else:
        assert right == float(first % m == k % m)


@given(st.integers(1, 6), SEEDS)
def test_pieces_span_the_tempi_of_each_style_and_no_two_are_alike(per_style: int, seed: int) -> None:
    made = material.pieces(per_style=per_style, seconds=20.0, seed=seed)
    assert made == material.pieces(per_style=per_style, seconds=20.0, seed=seed)
    assert len(set(made)) == len(made) == per_style * len(material.STYLES)
    for piece in made:
        low, high = material.STYLES[piece.style].bpm
        assert low - 0.5 <= piece.bpm <= high + 0.5


@given(st.sampled_from(["CC BY", "CC BY-SA", "CC0", "BSD-3-Clause", "MIT"]), st.sampled_from(["NC", "ND"]))
def test_only_licences_that_allow_everything_are_free(licence: str, bar: str) -> None:
    assert material.free(f"{licence} 4.0 (as its page says)")
    assert not material.free(f"{licence}-{bar} 4.0")
    assert not material.free(f"{licence} or GPL-2+")


def test_only_free_recordings_of_known_tempo_are_taken_and_each_once(tmp_path: Path) -> None:
    heads = ("path", "source", "licence", "tempo_bpm", "title")
    rows = [
        ("a.ogg", "s", "CC BY 4.0", "120", "First"),
        ("b.ogg", "s", "CC BY-NC 4.0", "120", "Not for sale"),
        ("c.ogg", "s", "see its page", "120", "Unknown"),
        ("d.ogg", "s", "CC0", "", "Without a tempo"),
        ("long/a.flac", "s", "CC BY 4.0", "120", "The same file name"),
        ("e.ogg", "s", "CC0", "120", "First.mp3"),
        ("f.ogg", "t", "CC0", "120", "First"),
        ("amen_long.ogg", "t", "CC0", "120", "Amen"),
    ]
    manifest = tmp_path / "manifest.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows([heads, *rows])
    taken = material.recordings([manifest, manifest], leave_out=["amen"])
    assert [one.path.name for one in taken] == ["a.ogg", "f.ogg"]


def test_noise_and_talk_are_of_three_kinds_and_never_usable() -> None:
    made = material.noises(6, seed=1)
    assert {noise.kind for noise in made} == {"white", "pink", "talk"}
    for noise in made[:3]:
        clip = noise.clip()
        assert len(clip.samples) == noise.seconds * clip.sample_rate
        assert 0.005 < clip.samples.std() < 0.3
        assert not judging.tempo_usable(clip.truth.bpm, 120.0)


def test_the_engine_hears_a_piece_and_its_true_count_is_worth_most() -> None:
    heard = listening.hear(material.PieceToMake("house", 124.0, 7, 20.0))
    assert heard is not None
    assert heard.evidence.shape[0] == heard.worth.shape[0] == len(heard.counts)
    best = int(np.nanargmax(heard.worth @ judging.UTILITY))
    assert heard.worth[best] == pytest.approx([1, 1, 1, 1], abs=0.05)
    beats_s = heard.beats(best) * heard.strength.frame_s
    assert 60 / np.median(np.diff(beats_s)) == pytest.approx(124.0, rel=0.003)
    barred = listening.weigh_bars(heard, best)
    assert barred is not None
    assert barred.right.max() > 0.9


def test_the_numbers_shipped_are_written_as_the_script_writes_them() -> None:
    weights = import_module("bpmsync.beats.weights")
    learned = writing.Learned(
        command="python x",
        pieces=1,
        styles=1,
        noises=1,
        recordings=1,
        evidence=weights.EVIDENCE_WEIGHTS,
        bars=weights.BAR_WEIGHTS,
        confidence=weights.CONFIDENCE_WEIGHTS,
    )
    shipped = (ROOT / "bpmsync" / "beats" / "weights.py").read_text(encoding="utf-8")
    assert writing.weights_text(learned).partition("__all__")[2] == shipped.partition("__all__")[2]


@pytest.mark.slow
def test_the_same_options_learn_the_same_numbers() -> None:
    command = [sys.executable, str(SCRIPT), "--per-style", "1", "--seconds", "12", "--noises", "6"]
    runs = [
        subprocess.run([*command, "--seed", seed], check=True, capture_output=True, text=True).stdout
        for seed in ("3", "3")
    ]
    assert runs[0] == runs[1]
    text = runs[0].partition("\n| beats")[0]
    told: dict[str, dict[str, float]] = {}
    exec(compile(text, "weights", "exec"), told)  # noqa: S102 - what the script would write
    shipped = import_module("bpmsync.beats.weights")
    for table in ("EVIDENCE_WEIGHTS", "BAR_WEIGHTS", "CONFIDENCE_WEIGHTS"):
        assert list(told[table]) == list(getattr(shipped, table))
    assert (
        "python benchmarks/weigh_evidence.py --per-style 1 --seconds 12 --seed 3 --noises 6 --write" in text
    )
