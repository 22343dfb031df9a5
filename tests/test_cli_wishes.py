"""What a run has to hold, how good it has to be and what it costs: `plan` over a real library."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest

from bpmsync.beats import caches
from bpmsync.cli.main import main
from bpmsync.cli.making import FIRST_TIME
from bpmsync.cli.planning import certificate
from bpmsync.cli.planoptions import Play
from bpmsync.errors import LibraryError
from bpmsync.library.planbook import PlanBook
from bpmsync.library.store import Store
from bpmsync.library.track import Tags
from bpmsync.planner.legs import Plan
from bpmsync.planner.plan import plan_from_json
from bpmsync.timeline.ramp import Ramp
from cli_cases import _entry, fill

RUN = ("--from", "160", "--to", "172", "--duration", "12m", "--baseline", "165")


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "library.db"
    fill(tmp_path / "music", path)
    monkeypatch.setenv("COLUMNS", "105")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def say(db: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    return Say(db, capsys)


class Say:
    """The command line over the library."""

    def __init__(self, db: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.db, self._capsys = db, capsys

    def __call__(self, *args: str | Path) -> tuple[int, str, str]:
        status = main(["--db", str(self.db), *map(str, args)])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def plan(self, *args: str | Path) -> Plan:
        run = RUN if "--spm" not in args else ()
        status, out, err = self("plan", *run, "--json", *args)
        assert status == 0, err
        return plan_from_json(out)

    def remembered(self) -> list[tuple[str, ...]]:
        with Store(self.db) as store:
            return PlanBook(store).recent(50)


def titles(plan: Plan) -> list[str | None]:
    return [leg.track.tags.title for leg in plan.legs]


@pytest.mark.parametrize("mode", [(), ("--stretch",)])
def test_what_has_to_be_played_is_played_when_it_has_to_be(say: Say, mode: tuple[str, ...]) -> None:
    for wishes, first, last in (
        (("Steps@start",), "Steps", None),
        (("2@0:00:00", "Café@end"), "Tin Whistle", "Café"),
        (("music/03.mp3@12m",), None, "Gravel"),
        (("title:whistle", "Harbour"), None, None),
    ):
        asked = [word for wish in wishes for word in ("--play", wish)]
        plan = say.plan(*mode, *asked)
        assert first in (None, titles(plan)[0])
        assert last in (None, titles(plan)[-1])
        assert plan.parameters["play"] == " | ".join(wishes)
    assert {"Tin Whistle", "Harbour"} <= set(titles(plan))
    assert "play" not in say.plan(*mode).parameters


def test_a_moment_is_within_the_leg(say: Say) -> None:
    plan = say.plan("--play", "Tin Whistle@5m")
    (leg,) = [leg for leg in plan.legs if leg.track.tags.title == "Tin Whistle"]
    assert leg.start_s <= 300 < leg.end_s


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["--play", "Nobody"], 1, "no track matches 'Nobody'"),
        (["--play", "Gravel@12"], 1, "moments are written @12m"),
        (["--play", "Ada"], 2, "'Ada' matches 2 tracks: give the number of one"),
        (["--play", "Gravel@13m"], 2, "the run is over at 12:00"),
        (["--play", "@12m"], 2, "names no track"),
        (["--play", 'artist:"Ada'], 2, "a quote is not closed"),
        (["--play", "1", "tin", "whistle"], 1, "is not among the tracks to plan with"),
        (["--play", "Steps", "--max-length", "2m"], 1, "too long (--max-length allows longer ones)"),
        (["--play", "Steps", "--min-length", "5m"], 1, "too short (--min-length"),
        (["--play", "Steps", "--min-confidence", "0.95"], 1, "uncertain beat (--min-confidence"),
        (["--play", "Tin Roof@end", "--max-off", "3%"], 1, "5.8 % off 172 spm at best, with 1, 2 or 1/2"),
        (["--play", "Steps", "--play", "Steps@start", "--play", "Harbour@2s"], 1, "Harbour at 0:02 within"),
        (["--play", "Tin Roof", "--stretch", "--from", "175", "--max-stretch", "1%"], 1, "off 172-175"),
        (["--play", "Gravel@3m", "--play", "Steps@3m", "--stretch"], 1, "no plan was found that plays"),
        (["--play", "Gravel"] * 61, 2, "60 songs at most"),
        (["--per-artist", "0"], 2, "--per-artist"),
        (["--avoid-recent", "51"], 2, "0<=x<=50"),
        (["--weight", "foo=3"], 2, "there is no weight 'foo'"),
        (["--weight", "artist=much"], 2, "is not a number"),
        (["--weight", "artist=-1"], 2, "from 0 to 1,000,000"),
        (["--gap", "5"], 2, "write it as 4%"),
        (["--time-limit", "5"], 2, "a number needs its unit"),
        (["--explain", "-o", "-"], 2, "add --json, or leave -o out"),
        (["--from-playlist", "none.m3u8"], 2, "does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_says_why(say: Say, args: list[str], status: int, words: str) -> None:
    got, out, err = say("plan", *RUN, *args)
    assert (got, out) == (status, "")
    assert words in " ".join(err.split())
    assert say.remembered() == []


def test_where_the_music_does_not_cover_the_run_a_wish_is_not_blamed(say: Say) -> None:
    status, _, err = say("plan", "--spm", "165", "--duration", "8m", "--play", "Steps", "title:steps")
    assert status == 1
    assert "the music covers" in err
    assert "without --play" not in err


def test_a_wished_file_that_is_gone(say: Say, tmp_path: Path) -> None:
    (tmp_path / "music" / "05.mp3").unlink()
    for wish in ("5", "music/05.mp3"):
        status, _, err = say("plan", *RUN, "--play", wish)
        assert status == 1
        assert "05.mp3 is gone" in err
    status, _, err = say("plan", *RUN, "--play", "Steps")
    assert status == 1
    assert "no track matches 'Steps'" in err


def test_at_most_so_many_of_one_artist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    songs = [(f"Song {n}", "Ada", 82.0 + n / 10) for n in range(6)]
    songs += [("Other", "Bo", 84.0), ("Else", "Cy", 81.0)]
    fill(tmp_path / "more", tmp_path / "more.db", songs=tuple(songs))
    ask = Say(tmp_path / "more.db", capsys)
    run = ("--stretch", "--duration", "8m", "--from", "164", "--to", "165", "--weight", "artist=0")
    assert [leg.track.tags.artist for leg in ask.plan(*run).legs].count("Ada") > 1
    few = ask.plan(*run, "--per-artist", "1")
    artists = [leg.track.tags.artist for leg in few.legs]
    assert len(artists) == len(set(artists)) == 3
    assert (few.parameters["per_artist"], few.parameters["weights"]) == (1, "artist=0")
    alone = ("artist:ada", "--spm", "165", "--duration", "6m")
    assert len(ask.plan(*alone).legs) == 2
    status, _, err = ask("plan", *alone, "--per-artist", "1")
    assert status == 1
    assert "the music covers" in err


def test_another_run_than_the_last_ones(say: Say) -> None:
    run = ("plan", "--spm", "165", "--duration", "6m", "--max-off", "8%")
    assert say(*run)[0] == say(*run, "--json")[0] == 0
    assert say.remembered() == [], "what was only shown was not run"
    assert say(*run, "-o", "one.plan.json")[0] == 0
    one = set(say.remembered()[0])
    assert say(*run, "--avoid-recent", "3", "-o", "two.plan.json")[0] == 0
    two = set(say.remembered()[0])
    assert not one & two
    plan = plan_from_json(Path("two.plan.json").read_text("utf-8"))
    assert plan.parameters["avoid_recent"] == 3
    assert say(*run, "--forget-last", "-o", "-", "--avoid-recent", "1")[0] == 0
    assert set(say.remembered()[0]) == two, "the first is avoided again"
    assert len(say.remembered()) == 2
    assert say(*run, "--forget-last")[0] == say(*run, "--forget-last")[0] == 0
    assert "there is no plan to forget" in say(*run, "--forget-last")[2]


def test_every_run_another_one_by_the_settings(say: Say, tmp_path: Path) -> None:
    settings = tmp_path / "my.toml"
    settings.write_text('[plan]\navoid-recent = 3\nweight = ["twice=0"]\nspm = 165\nduration = "3m"\n')
    for number in range(3):
        out = f"{number}.plan.json"
        assert main(["--config", str(settings), "--db", str(say.db), "plan", "-q", "-o", out]) == 0
        assert plan_from_json(Path(out).read_text("utf-8")).parameters["weights"] == "twice=0"
    played = [audio_hash for plan in say.remembered() for audio_hash in plan]
    assert len(played) == len(set(played)) == 3


def test_a_library_that_cannot_be_written_costs_only_the_memory(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        msg = "the library is locked"
        raise LibraryError(msg)

    monkeypatch.setattr(PlanBook, "record", refuse)
    status, _, err = say("plan", *RUN, "-o", "run.plan.json")
    assert status == 0
    assert "not remembered for --avoid-recent: the library is locked" in err
    assert (tmp_path / "run.plan.json").exists()


def test_the_summary_tells_how_good_a_plan_is(say: Say) -> None:
    out = say("plan", *RUN, "--gap", "0%")[1]
    assert re.search(r"^cost \d+ spm\^2 s, proved: no better plan$", out, re.MULTILINE)
    loose = say("plan", *RUN, "--stretch", "--gap", "100%")[1]
    assert re.search(r"^cost \d+ %\^2 s, (proved|at most [\d.]+ % above)", loose, re.MULTILINE)
    assert say("plan", *RUN, "--time-limit", "0s")[0] == 0


@pytest.mark.parametrize(
    ("cost", "bound", "words"),
    [
        (3802.4, 3784.2, "cost 3802 spm^2 s, at most 0.49 % above the best there is (bound 3784)"),
        (3802.4, 3802.4, "cost 3802 spm^2 s, proved: no better plan"),
        (0.0, 0.0, "cost 0.0 spm^2 s, proved: no better plan"),
        (12.34, 0.0, "cost 12.3 spm^2 s, and nothing is known of how good that is"),
    ],
)
def test_the_certificate_never_promises_too_much(cost: float, bound: float, words: str) -> None:
    plan = Plan(Ramp.constant(160, duration_s=60.0), (), cost=cost, bound=bound)
    assert certificate(plan) == words


@pytest.mark.parametrize(("mode", "unit"), [((), "spm^2 s"), (("--stretch",), None)])
def test_what_each_track_costs(say: Say, mode: tuple[str, ...], unit: str | None) -> None:
    _, out, _ = say("plan", *RUN, *mode, "--explain")
    table = out[out.index("what it costs") :]
    assert "stretch" in table if mode else "tempo" in table
    assert "album" not in table, "a reason that costs nothing has no column"
    assert "in %^2 s: a second of music that is" in table
    assert (unit is None) or table.rstrip().endswith(f"the cost in {unit}")
    document = json.loads(say("plan", *RUN, *mode, "--explain", "--json")[1])
    told = document["explain"]
    assert sum(sum(leg.values()) for leg in told["legs"]) + told["silence"] + told[
        "early_end"
    ] == pytest.approx(told["cost"], abs=1e-4)
    assert told["cost"] * told["unit_in_cost"] == pytest.approx(document["cost"], rel=1e-5)
    assert len(told["legs"]) == len(document["legs"])
    assert "explain" not in json.loads(say("plan", *RUN, *mode, "--json")[1])


def test_silence_has_a_row_of_its_own(say: Say) -> None:
    out = say("plan", "--spm", "165", "--duration", "8m", "--partial", "--explain", "title:steps")[1]
    assert re.search(r"^\s+silence\s+\d+\s*$", out, re.MULTILINE)


def write_list(*entries: str) -> str:
    Path("old.m3u8").write_text("\n".join(["#EXTM3U", *entries, ""]), encoding="utf-8")
    return "old.m3u8"


def test_the_songs_of_an_old_playlist_on_a_ramp(say: Say, tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "Café.mp3")
    (tmp_path / "music" / name).touch()
    with Store(say.db) as store:
        store.save(_entry(tmp_path / "music" / name, Tags(title="New"), 84.5))
    old = write_list("music/04.mp3", str(tmp_path / "music" / "02.mp3"), "music/Café.mp3", "music/04.mp3")
    plan = say.plan("--duration", "6m", "--from-playlist", old)
    assert set(titles(plan)) <= {"Harbour", "Tin Whistle", "New"}
    assert plan.parameters["from_playlist"] == "old.m3u8"
    assert titles(say.plan("--duration", "3m", "--max-off", "8%", "--from-playlist", old, "title:new")) == [
        "New"
    ]


def test_an_old_playlist_in_its_own_order(say: Say) -> None:
    run = ("--duration", "9m", "--max-off", "8%", "--partial", "--from-playlist")
    for entries in (("music/04.mp3", "music/02.mp3"), ("music/02.mp3", "music/04.mp3")):
        plan = say.plan(*run, write_list(*entries), "--keep-order")
        names = [Path(leg.track.path).name for leg in plan.legs]
        assert names == [name for name in (Path(entry).name for entry in entries) if name in names]
        assert plan.parameters["keep_order"] is True
    status, _, err = say("plan", *RUN, "--keep-order")
    assert (status, "add --from-playlist" in err) == (2, True)


def test_what_an_old_playlist_names_and_nobody_knows(say: Say) -> None:
    old = write_list("music/04.mp3", "music/02.mp3", "gone/x.mp3", *(f"gone/{n}.mp3" for n in range(12)))
    status, out, err = say("plan", "--spm", "164", "--duration", "6m", "--from-playlist", old, "-q")
    assert status == 3
    assert "2 tracks" in out
    assert "x.mp3" in err
    assert "not in the library: 3 more" in err


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        (("gone/x.mp3", "gone/y.mp3"), "the library holds none of the 2 files that old.m3u8 names"),
        ((), "the playlist old.m3u8 names no file"),
    ],
)
def test_an_old_playlist_of_nothing(say: Say, entries: tuple[str, ...], words: str) -> None:
    status, out, err = say("plan", *RUN, "--from-playlist", write_list(*entries))
    assert (status, out) == (1, "")
    assert words in err


def test_the_library_is_planned_from_without_reading_it(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("every track was read")

    monkeypatch.setattr(Store, "tracks", refuse)
    before = say.plan("--exclude", "gravel", "--play", "Steps", "--explain")
    assert "Gravel" not in titles(before)


def test_a_file_that_is_gone_is_not_planned(say: Say, tmp_path: Path) -> None:
    first = say.plan().legs[0].track.path
    Path(first).unlink()
    assert first not in [leg.track.path for leg in say.plan("--play", "Harbour", "--max-off", "8%").legs]
    for path in (tmp_path / "music").iterdir():
        path.unlink()
    status, _, err = say("plan", *RUN)
    assert status == 1
    assert "there is no music to plan with" in err


def test_the_first_plan_says_why_it_takes_long(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "CACHE_FOLDER", tmp_path / "compiled")
    assert FIRST_TIME in say("plan", *RUN)[2]
    assert FIRST_TIME not in say("plan", *RUN)[2]
    assert FIRST_TIME in say("plan", *RUN, "--stretch")[2], "the other kind has loops of its own"
    assert FIRST_TIME not in say("plan", *RUN, "--stretch")[2]


@pytest.mark.parametrize(
    ("text", "track", "at_s"),
    [
        ("Steps", "Steps", None),
        (" Steps @ 12m ", "Steps", 720.0),
        ("a@b@1:05:00", "a@b", 3900.0),
        ("me@home", "me@home", None),
        ("Steps@start", "Steps", 0.0),
        ("Steps@end", "Steps", float("inf")),
    ],
)
def test_a_name_may_hold_an_at(text: str, track: str, at_s: float | None) -> None:
    play = Play.parse(text)
    assert (play.track, play.at_s) == (track, at_s)
