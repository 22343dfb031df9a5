"""How often, how exactly and at what cost the engines find the beat of real music.

usage: python benchmarks/beats.py [--engine NAME ...] [--out FOLDER] [--only N]

The music is the corpus that BPMSYNC_TEST_CORPUS names (default: ../shared/corpus beside the
repository): a manifest.csv with path, tempo_bpm and beats_file. For each engine it writes
FOLDER/NAME.jsonl, one object a line (path as in the manifest, tempo, beats, confidence, cpu_s,
duration_s), and prints, as means over all tracks (a failure counts as wrong):

    Acc2   tempo within 4 % of 1, 2, 3, 1/2 or 1/3 times the truth, per cent
    Run1   tempo within 1 % of 1, 2 or 1/2 times the truth, per cent
    F      beat F-measure of mir_eval (70 ms, first 5 s left out), where it is installed
    CPU    seconds per minute of audio, decoding not counted; and of the decoding
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bpmsync.audio.decode import read_audio
from bpmsync.beats.engines import ENGINES, find_tracker, warm_up
from bpmsync.errors import DecodeError

LEVELS = (1.0, 2.0, 1 / 2, 3.0, 1 / 3)


def default_corpus() -> Path:
    """Return the folder of the corpus."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    return Path(os.environ.get("BPMSYNC_TEST_CORPUS") or beside)


def estimate(corpus: Path, row: dict[str, str], engine: str) -> dict[str, Any]:
    """Return one track's line of the estimates."""
    started = time.process_time()
    try:
        audio = read_audio(corpus / row["path"])
    except DecodeError as error:
        return {"path": row["path"], "error": str(error)}
    decoded = time.process_time()
    found = find_tracker(engine)(audio.samples, audio.sample_rate)
    line: dict[str, Any] = {
        "path": row["path"],
        "cpu_s": time.process_time() - decoded,
        "decode_s": decoded - started,
        "duration_s": audio.duration_s,
        "confidence": found.confidence,
    }
    if found.grid is None:
        return line | {"error": found.failure}
    tempo = found.grid.tempo_bpm
    if engine == "librosa":
        from bpmsync.beats.engine_librosa import beats_and_tempo

        tempo = beats_and_tempo(audio.samples, audio.sample_rate)[1]
    return line | {"tempo": tempo, "beats": found.grid.beats.tolist()}


def score(corpus: Path, rows: list[dict[str, str]], lines: list[dict[str, Any]]) -> dict[str, float]:
    """Return the means of an engine."""
    acc2, run1, f_measure = [], [], []
    for row, line in zip(rows, lines, strict=True):
        if row["tempo_bpm"]:
            off = [abs(line.get("tempo", 0) / (float(row["tempo_bpm"]) * m) - 1) for m in LEVELS]
            acc2.append(min(off) <= 0.04)  # noqa: PLR2004
            run1.append(min(off[:3]) <= 0.01)  # noqa: PLR2004
        if row["beats_file"] and row.get("meter_irregular") != "yes":
            f_measure.append(beat_f(corpus / row["beats_file"], line.get("beats", [])))
    minutes = sum(line.get("duration_s", 0) for line in lines) / 60
    return {
        "Acc2": 100 * float(np.mean(acc2)),
        "Run1": 100 * float(np.mean(run1)),
        "F": 100 * float(np.mean(f_measure)),
        "CPU s/min": sum(line.get("cpu_s", 0) for line in lines) / minutes,
        "decode s/min": sum(line.get("decode_s", 0) for line in lines) / minutes,
    }


def beat_f(truth_file: Path, beats: list[float]) -> float:
    """Return mir_eval's F-measure; not a number where it is not installed."""
    try:
        import mir_eval.beat
    except ImportError:
        return float("nan")
    lines = truth_file.read_text(encoding="utf-8").splitlines()
    truth = mir_eval.beat.trim_beats(np.sort([float(x.split()[0]) for x in lines if x.strip()]))
    found = mir_eval.beat.trim_beats(np.array(beats))
    return float(mir_eval.beat.f_measure(truth, found)) if len(truth) and len(found) else 0.0


def main() -> None:
    """Run the engines one after the other and print a row for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "bpmsync-beats")
    parser.add_argument("--only", type=int, help="every Nth track")
    args = parser.parse_args()
    corpus = default_corpus()
    with (corpus / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("split") != "library"]
    rows = rows[:: args.only or 1]
    args.out.mkdir(parents=True, exist_ok=True)
    for engine in args.engine or ENGINES:
        warm_up(engine)
        lines = [estimate(corpus, row, engine) for row in rows]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (args.out / f"{engine}.jsonl").write_text(text, encoding="utf-8")
        figures = "  ".join(f"{k} {v:.3g}" for k, v in score(corpus, rows, lines).items())
        print(f"{engine:10} {len(rows)} tracks  {figures}", flush=True)


if __name__ == "__main__":
    main()
