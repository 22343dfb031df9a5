"""Songs without a file: every good row is kept, every bad one named, and no file is ever made of them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats.detection import PLANNED, Constraint, Detection
from bpmsync.cli.main import main
from bpmsync.errors import BpmsyncError, ExportError, ParameterError
from bpmsync.export.copy import copy_files
from bpmsync.export.m3u import m3u_text, write_m3u
from bpmsync.export.spotify.values import song_of
from bpmsync.library.imported import (
    CONFIDENCE,
    ImportedSong,
    SongIndex,
    not_among_files,
    plain_words,
    song_key,
    track_of,
)
from bpmsync.library.songbook import SongBook
from bpmsync.library.songcsv import SongRow, read_songs
from bpmsync.library.store import Store
from bpmsync.library.track import Override, Tags
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.planner.native import plan_native
from bpmsync.planner.plan import load_plan, plan_from_json, plan_to_json
from bpmsync.timeline.ramp import Ramp
from cli_cases import fill
from command_line import bpmsync
from planner_cases import track

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


ID = "0123456789ABCDEFGHIJKL"
URI = f"spotify:track:{ID}"
ISRC = "GBAYE0601498"
HEAD = "title,artist,duration,bpm\n"

words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
songs = st.builds(
    ImportedSong,
    title=words,
    artist=words,
    duration_s=st.integers(1_000, 86_400_000).map(lambda ms: ms / 1000),
    bpm=st.integers(3_000, 40_000).map(lambda hundredths: hundredths / 100),
    confidence=st.integers(0, 100).map(lambda percent: percent / 100),
    album=st.none() | words,
    isrc=st.none() | st.from_regex(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", fullmatch=True),
    uri=st.none() | st.from_regex(r"spotify:track:[0-9A-Za-z]{22}", fullmatch=True),
)


def read(text: str) -> list[ImportedSong]:
    found = read_songs(text.encode())
    assert found.bad == []
    return [row.song for row in found.songs]


def rows(*given_songs: ImportedSong) -> list[SongRow]:
    return [SongRow(line, song) for line, song in enumerate(given_songs, start=2)]


def song(title: str = "One", **changes: object) -> ImportedSong:
    return replace(ImportedSong(title, "A", 200.0, 170.0), **changes)  # type: ignore[arg-type]


# --- the list -------------------------------------------------------------------------------


@given(
    st.lists(songs, min_size=1, max_size=4),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig"]),
    st.randoms(),
)
def test_what_is_written_is_read_whatever_delimiter_order_and_mark(
    listed: list[ImportedSong], delimiter: str, encoding: str, random: Random
) -> None:
    names = ["Title", "ARTIST", "duration", "Bpm", "beats confidence", "album", "Isrc", "uri", "comment"]
    random.shuffle(names)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for one in listed:
        cells = {
            "Title": one.title,
            "ARTIST": one.artist,
            "duration": f"{one.duration_s:.3f}",
            "Bpm": str(one.bpm).replace(".", ","),
            "beats confidence": one.confidence,
            "album": one.album,
            "Isrc": one.isrc,
            "uri": one.uri,
            "comment": "passed over",
        }
        writer.writerow([cells[name] for name in names])
    found = read_songs(out.getvalue().encode(encoding))
    assert [row.song for row in found.songs] == listed
    assert [row.line for row in found.songs] == list(range(2, len(listed) + 2))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3:45", 225),
        ("03:45", 225),
        ("225", 225),
        ("225s", 225),
        ("3m45s", 225),
        ("3m 45s", 225),
        ("1:02:03", 3723),
        ("225.5", 225.5),
        ("225,5", 225.5),
        ("3:45,5", 225.5),
    ],
)
def test_lengths_in_every_form(text: str, seconds: float) -> None:
    assert read(f'{HEAD}One,A,"{text}",170\n')[0].duration_s == seconds


def test_the_columns_of_an_exporter() -> None:
    heads = "Track URI,Track Name,Artist URI(s),Artist Name(s),Album Name,Track Duration (ms),ISRC,Tempo,Key"
    text = f'{heads}\n{URI},One,spotify:artist:x,"A, B",Best,200123,gb-aye-06-01498,170.04,5\n'
    assert read(text) == [
        ImportedSong("One", "A, B", 200.123, 170.04, album="Best", isrc=ISRC, uri=URI),
    ]


def test_the_columns_of_a_table_on_the_web() -> None:
    heads = "#,Song,Artist,Popularity,BPM,Album,Time,Spotify Track Id"
    assert read(f"{heads}\n1,One,A,50,170,Best,03:45,{ID}\n") == [
        ImportedSong("One", "A", 225.0, 170.0, album="Best", uri=URI)
    ]


@pytest.mark.parametrize(
    "text",
    [
        URI,
        ID,
        f"https://open.spotify.com/track/{ID}",
        f"https://open.spotify.com/track/{ID}?si=abc",
        f"open.spotify.com/intl-de/track/{ID}",
    ],
)
def test_every_form_of_an_address(text: str) -> None:
    assert read(f"title,artist,duration,bpm,uri\nOne,A,200,170,{text}\n")[0].uri == URI


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("title", " ", "missing"),
        ("artist", "", "missing"),
        ("bpm", "", "missing"),
        ("bpm", "29.9", "30 to 400"),
        ("bpm", "400.1", "30 to 400"),
        ("bpm", "fast", "no number"),
        ("bpm", "1.170,5", "no number"),
        ("bpm", "-170", "no number"),
        ("bpm", "nan", "no number"),
        ("duration", "", "missing"),
        ("duration", "0:00.5", "1 s to 24 hours"),
        ("duration", "200000", "milliseconds"),
        ("duration", "3:75", "clock"),
        ("duration", "long", "duration"),
        ("confidence", "1.2", "0 to 1"),
        ("isrc", "GBAYE060149", "no ISRC"),
        ("uri", "spotify:local:A:B:One:200", "no Spotify track"),
        ("uri", f"spotify:album:{ID}", "no Spotify track"),
        ("uri", f"https://open.spotify.com/album/{ID}", "no Spotify track"),
        ("uri", f"https://example.com/track/{ID}", "no Spotify track"),
    ],
)
def test_a_bad_cell_is_named_and_the_other_rows_are_kept(column: str, cell: str, reason: str) -> None:
    good = {"title": "One", "artist": "A", "duration": "200", "bpm": "170"}
    good |= {"confidence": "", "isrc": "", "uri": ""}
    out = io.StringIO()
    writer = csv.DictWriter(out, list(good))
    writer.writeheader()
    writer.writerows([good, good | {"title": "Two", column: cell}, good | {"title": "Three"}])
    found = read_songs(out.getvalue().encode())
    assert [row.song.title for row in found.songs] == ["One", "Three"]
    (bad,) = found.bad
    assert (bad.line, bad.column) == (3, column)
    assert reason in bad.reason


def test_every_bad_cell_of_a_row_is_named() -> None:
    found = read_songs(f"{HEAD},A,x,17\n".encode())
    assert [(bad.line, bad.column) for bad in found.bad] == [(2, "title"), (2, "duration"), (2, "bpm")]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = HEAD + '\n"One\nand a half",A,200,170\n\n,,,\nTwo,A,200,bad\nThree,A,200,170,more\n'
    found = read_songs(text.replace("\n", "\r\n").encode())
    assert [(row.line, row.song.title) for row in found.songs] == [(3, "One and a half")]
    assert [(bad.line, bad.column) for bad in found.bad] == [(7, "bpm"), (8, "")]
    assert "5 cells under 4 headings" in found.bad[1].reason


def test_quotes_that_do_not_match_cost_their_own_row() -> None:
    found = read_songs(f'{HEAD}"One"x,A,200,170\nTwo,A,200,170\n"Three,A,200,170\n'.encode())
    assert [row.song.title for row in found.songs] == ["Two"]
    assert [(bad.line, "quotes" in bad.reason) for bad in found.bad] == [(2, True), (4, True)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n , \n", "empty"),
        (b"One,A,200,170\n", "no column title, artist, duration, bpm"),
        (b"title,artist,bpm\nOne,A,170\n", "no column duration"),
        (b"title,track name,artist,duration,bpm\n", "mean the same"),
        ("title,artist,duration,bpm\nCaf\xe9,A,200,170\n".encode("latin-1"), "UTF-8"),
        ("title,artist,duration,bpm\n".encode("utf-16"), "UTF-8"),
    ],
)
def test_what_is_no_list_of_songs_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BpmsyncError, match=words):
        read_songs(data)


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (HEAD + text).encode("utf-8", "replace"))
)
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        found = read_songs(data)
    except BpmsyncError:
        return
    assert all(30 <= row.song.bpm <= 400 for row in found.songs)
    assert all(bad.line >= 1 and bad.reason for bad in found.bad)


# --- the songs ------------------------------------------------------------------------------


@given(songs)
def test_a_song_is_a_track_of_its_tempo_without_a_file(one: ImportedSong) -> None:
    made = track_of(song_key(one), one)
    assert not made.has_file
    assert made.audio_hash.startswith("import:")
    assert made.name == one.name
    assert made.detection.tempo_bpm == pytest.approx(one.bpm, rel=2e-5)
    assert made.grid is not None
    assert made.grid.beats[0] == 0
    assert made.detection.confidence == one.confidence
    wanted = song_of(made)
    assert (wanted.key, wanted.title, wanted.artist) == (made.audio_hash, one.title, one.artist)
    assert (wanted.isrc, wanted.uri, wanted.duration_s) == (one.isrc, one.uri, one.duration_s)


def test_a_tempo_that_a_person_gave_is_planned() -> None:
    assert CONFIDENCE >= PLANNED
    plan = plan_native([track_of("import:1", song())], Ramp.constant(170.0, duration_s=200.0))
    assert [leg.track.name for leg in plan.legs] == ["A - One"]


@pytest.mark.parametrize(
    "wrong", [{"bpm": 20}, {"bpm": float("nan")}, {"title": ""}, {"uri": "x"}, {"isrc": "y"}]
)
def test_a_song_that_exists_is_valid(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        song(**wrong)  # type: ignore[arg-type]


def test_a_key_says_isrc_else_address_else_name_and_length() -> None:
    assert song_key(song(isrc=ISRC)) == song_key(song("Else", isrc=ISRC, bpm=90.0))
    assert song_key(song(uri=URI)) == song_key(song("Else", uri=URI))
    assert song_key(song("Don't stop!")) == song_key(song("DON\u2019T STOP", bpm=90.0))
    different = [
        song(),
        song("Two"),
        song(artist="B"),
        song(duration_s=210.0),
        song(uri=URI),
        song(isrc=ISRC),
    ]
    assert len({song_key(one) for one in different}) == len(different)


def test_names_are_compared_by_their_letters() -> None:
    assert plain_words("Caf\u00e9") == plain_words("CAFE\u0301")
    assert plain_words("!!!") == "!!!"
    assert plain_words("東京") == "東京"


def test_the_same_song_is_found_again() -> None:
    index = SongIndex([("k", song(isrc=ISRC, uri=URI))])
    assert index.find(song("Else", isrc=ISRC)) == "k"
    assert index.find(song("Else", uri=URI)) == "k"
    assert index.find(song("one", duration_s=202.0)) == "k"
    assert index.find(song("one", duration_s=202.1)) is None
    assert index.find(song(isrc="GBAYE0601499")) is None, "another recording of the same name"
    assert index.find(song(artist="B")) is None


def test_a_song_that_is_there_as_a_file_counts_once() -> None:
    files = [
        replace(track("f", 170.0, 200.0), tags=Tags(title="One!", artist="a")),
        replace(track("g", 170.0, 300.0), tags=Tags(title="Else", artist="B", isrc="gb-aye-06-01498")),
    ]
    left = [
        song(duration_s=201.9),
        song("Two", isrc=ISRC),
        song(duration_s=202.1),
        song("Three", isrc="GBAYE0601499"),
    ]
    made = [track_of(f"import:{number}", one) for number, one in enumerate(left)]
    assert not_among_files(made, files) == made[2:]
    assert not_among_files(made, []) == made


def test_a_file_without_a_beat_takes_nobodys_place_unless_it_is_never_to_be_used() -> None:
    file = replace(
        track("f", 170.0),
        tags=Tags(title="One", artist="A"),
        detection=Detection("bpmsync", "1", failure="none"),
    )
    made = [track_of("import:1", song())]
    assert not_among_files(made, [file]) == made
    assert not_among_files(made, [replace(file, override=Override(ignore=True))]) == []


# --- in the library -------------------------------------------------------------------------


@given(st.lists(songs, max_size=5))
def test_the_library_gives_back_what_was_taken_in(listed: list[ImportedSong]) -> None:
    with Store(":memory:") as store:
        book = SongBook(store)
        changes = book.take_in(rows(*listed))
        assert book.songs() == changes.new
        again = book.take_in(rows(*changes.new.values()))
        assert again.unchanged == changes.new
        assert (again.new, again.changed, again.bad) == ({}, {}, [])
        # What is not there is another word on a song that is
        index = SongIndex(changes.new.items())
        assert all(index.find(one) for one in listed)
        forgotten = book.forget(rows(*changes.new.values()))
        assert forgotten.forgotten == changes.new
        assert book.songs() == {}


def test_a_later_list_changes_what_it_says_and_keeps_the_rest() -> None:
    with Store(":memory:") as store:
        book = SongBook(store)
        (key,) = book.take_in(rows(song(isrc=ISRC, album="Best"))).new
        changes = book.take_in(rows(song(bpm=171.0, uri=URI), song("New")))
        assert changes.changed == {key: song(bpm=171.0, isrc=ISRC, album="Best", uri=URI)}
        assert [one.title for one in changes.new.values()] == ["New"]
        assert book.songs().keys() == {key, *changes.new}
        replaced = book.take_in(rows(song("New")), replace=True)
        assert list(replaced.forgotten) == [key]
        assert list(book.songs().values()) == [song("New")]


def test_a_list_that_contradicts_itself_says_where() -> None:
    with Store(":memory:") as store:
        changes = SongBook(store).take_in(rows(song(), song(), song(bpm=90.0)))
        assert len(changes.new) == 1
        (bad,) = changes.bad
        assert bad.line == 4
        assert "line 2" in bad.reason
        assert SongBook(store).songs() == changes.new


def test_a_dry_run_changes_nothing() -> None:
    with Store(":memory:") as store:
        book = SongBook(store)
        assert book.take_in(rows(song()), dry_run=True).new
        assert book.songs() == {}
        book.take_in(rows(song()))
        assert book.forget(rows(song()), dry_run=True).forgotten
        assert book.forget(rows(song("Else")), dry_run=True).unknown == [song("Else")]
        assert book.take_in(rows(song("Two")), replace=True, dry_run=True).forgotten
        assert list(book.songs().values()) == [song()]


def test_the_files_of_the_library_stay_as_they_are(tmp_path: Path) -> None:
    db = tmp_path / "l.db"
    fill(tmp_path / "music", db)
    with Store(db) as store:
        before = (store.tracks(), store.known_files(), store.overrides())
        SongBook(store).take_in(rows(song(), song("Gravel", artist="Bo", duration_s=201.0)))
        assert (store.tracks(), store.known_files(), store.overrides()) == before
        assert [one.name for one in SongBook(store).tracks()] == ["A - One"], "Gravel is there as a file"


# --- in plans -------------------------------------------------------------------------------


def imported_plan() -> Plan:
    files = WholeLeg(track("file", 170.0), Fraction(1), 0.0)
    other = WholeLeg(track_of("import:ab", song(isrc=ISRC, uri=URI, album="Best")), Fraction(1), 200.0)
    return Plan(Ramp.constant(170.0, duration_s=400.0), (files, other))


@given(songs, st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 2)]))
def test_a_plan_with_an_imported_song_reads_back_equal(one: ImportedSong, steps: Fraction) -> None:
    one = replace(one, duration_s=min(one.duration_s, 600.0))
    plan = Plan(Ramp.constant(170.0, duration_s=400.0), (WholeLeg(track_of(song_key(one), one), steps, 0.0),))
    text = plan_to_json(plan)
    assert plan_from_json(text) == plan
    assert plan_to_json(plan_from_json(text)) == text


def test_a_plan_says_null_where_there_is_no_file_and_nothing_new_where_there_is(tmp_path: Path) -> None:
    document = json.loads(plan_to_json(imported_plan(), beside=tmp_path))
    assert document["format"] == 1
    assert "uri" not in document["legs"][0]
    assert document["legs"][1]["path"] is None
    assert document["legs"][1]["uri"] == URI
    document["legs"][1]["uri"] = "spotify:album:x"
    with pytest.raises(BpmsyncError, match="no Spotify track"):
        plan_from_json(json.dumps(document))


def test_no_file_is_made_of_a_song_that_has_none(tmp_path: Path) -> None:
    out, dest = tmp_path / "run.m3u8", tmp_path / "phone"
    for refused in (
        lambda: m3u_text(imported_plan(), folder=tmp_path),
        lambda: write_m3u(imported_plan(), out),
        lambda: copy_files(imported_plan(), dest),
    ):
        with pytest.raises(ExportError, match=r"A - One.*push.*--imported"):
            refused()
    assert list(tmp_path.iterdir()) == []


# --- on the command line --------------------------------------------------------------------


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "library.db"
    fill(tmp_path / "music", path)
    return path


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    status = main([str(arg) for arg in args])
    said = capsys.readouterr()
    return status, said.out, said.err


def listed(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "songs.csv"
    path.write_text(HEAD + text, "utf-8")
    return path


SIX = "".join(f"Song {n},Zoë,3:20,{165 + n / 2}\n" for n in range(6))


def test_the_good_rows_are_kept_and_the_bad_ones_named(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = listed(tmp_path, SIX + "Bad,A,3:20,17\n")
    status, out, err = run(capsys, "--db", db, "import", path)
    assert (status, out) == (3, "")
    assert err == (
        f"{path}: line 8, bpm: 17 is not from 30 to 400\n6 new\nthe library has 6 imported songs\n"
    )
    assert run(capsys, "--db", db, "import", path)[2].endswith(
        "6 unchanged\nthe library has 6 imported songs\n"
    )


@pytest.mark.parametrize("text", ["", "Bad,A,3:20,17\n"])
def test_a_list_without_a_good_row_changes_nothing(
    text: str, db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--db", db, "import", listed(tmp_path, SIX))
    status, _, err = run(capsys, "--db", db, "import", listed(tmp_path, text), "--replace")
    assert status == 1
    assert "nothing was changed" in err
    assert len(json.loads(run(capsys, "--db", db, "tracks", "imported:yes", "--json")[1])) == 6


def test_replace_needs_a_whole_list(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "--db", db, "import", listed(tmp_path, SIX))
    assert (
        run(capsys, "--db", db, "import", listed(tmp_path, "One,A,3:20,170\nB,,3,1\n"), "--replace")[0] == 1
    )
    status, out, _ = run(
        capsys, "--db", db, "import", listed(tmp_path, "One,A,3:20,170\n"), "--replace", "--json"
    )
    document = json.loads(out)
    assert (status, len(document["forgotten"]), len(document["new"])) == (0, 6, 1)
    assert document["new"][0]["key"].startswith("import:")
    status, _, err = run(
        capsys, "--db", db, "import", listed(tmp_path, SIX + "One,A,3:20,1:70\n"), "--remove"
    )
    assert status == 3
    assert "6 not known" in err
    assert run(capsys, "--db", db, "import", listed(tmp_path, SIX), "--remove", "--replace")[0] == 2


def test_a_list_comes_through_a_pipe(tmp_path: Path) -> None:
    said = bpmsync(
        "--db", "l.db", "import", "-", "-n", cwd=tmp_path, stdin=(HEAD + "Ö,A,3:20,170\n").encode()
    )
    assert (said.status, said.out) == (0, "")
    assert "would be 1 new" in said.err
    assert "A - Ö, 170 BPM" in said.err
    assert bpmsync("--db", "l.db", "import", "-", cwd=tmp_path, stdin=b"\xff").status == 1


def test_imported_songs_are_shown_as_such(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--db", db, "import", listed(tmp_path, SIX + "Gravel,Bo,3:21,83\n"))
    status, out, err = run(capsys, "--db", db, "tracks")
    assert status == 0
    assert out.count(" imported ") == 6
    assert err == "12 tracks\n"
    tracks = json.loads(run(capsys, "--db", db, "tracks", "artist:Zoë", "--json")[1])
    assert {one["path"] for one in tracks} == {None}
    assert all(one["imported"] and one["engine"] == "imported 1" for one in tracks)
    shown = run(capsys, "--db", db, "show", 'title:"Song 3"')[1]
    assert "166.50 BPM, as it was imported" in shown
    assert "first at" not in shown
    document = json.loads(run(capsys, "--db", db, "show", 'title:"Song 3"', "--json")[1])
    assert (document["beats"], document["energy"]) == ([], None)
    assert run(capsys, "--db", db, "tracks", "imported:no", "-q")[1].count("imported") == 0
    assert "Song" not in run(capsys, "--db", db, "tracks", "--doubtful")[1]
    status, _, err = run(capsys, "--db", db, "show", "artist:Zoë")
    assert status == 2
    assert "hash:import:" in err


def test_what_needs_a_beats_moment_refuses_them(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--db", db, "import", listed(tmp_path, SIX))
    for command in (
        ["fix", 'title:"Song 3"', "--double"],
        ["listen", 'title:"Song 3"', "-o", tmp_path / "x.wav"],
    ):
        status, _, err = run(capsys, "--db", db, *command)
        assert status == 1
        assert "Zoë - Song 3 was imported without a file" in err
    with Store(db) as store:
        assert store.overrides() == {}


def test_coverage_counts_them_and_says_so(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--db", db, "import", listed(tmp_path, SIX))

    def minutes(*args: str) -> float:
        bands = json.loads(run(capsys, "--db", db, "coverage", "--json", *args)[1])["bands"]
        return float(sum(band["minutes"] for band in bands))

    assert minutes() == pytest.approx(minutes("--no-imported") + 6 * 200 / 60)
    assert "6 imported songs are counted" in run(capsys, "--db", db, "coverage")[2]
    assert "imported" not in run(capsys, "--db", db, "coverage", "--no-imported")[2]


def test_only_a_plan_that_asks_for_them_uses_them(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--db", db, "import", listed(tmp_path, SIX))
    wanted = ("--spm", "166", "--duration", "20m", "--partial", "--json")
    plain = json.loads(run(capsys, "--db", db, "plan", *wanted)[1])
    assert all(leg["path"] for leg in plain["legs"])
    assert "imported" not in plain["parameters"]
    asked = json.loads(run(capsys, "--db", db, "plan", *wanted, "--imported")[1])
    assert any(leg["path"] is None for leg in asked["legs"])
    assert asked["parameters"]["imported"] is True


def test_a_plan_of_imported_songs_is_written_but_no_playlist(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--db", db, "import", listed(tmp_path, SIX))
    out = tmp_path / "out"
    out.mkdir()
    wanted = ("--db", db, "plan", "artist:Zoë", "--spm", "166", "--duration", "16m")
    status, _, err = run(capsys, *wanted, "--imported", "-o", out / "run.m3u8")
    assert status == 1
    assert "bpmsync push" in err
    assert list(out.iterdir()) == []
    assert run(capsys, *wanted, "--imported", "-o", out / "run.plan.json")[0] == 0
    before = load_plan(out / "run.plan.json")
    assert not any(leg.track.has_file for leg in before.legs)
    plan = out / "run.plan.json"
    for more in (
        [],
        [out / "x.m3u8"],
        ["-"],
        ["--copy", out / "c"],
        ["--copy", out / "c", "--svg", out / "p.svg"],
    ):
        status, said, err = run(capsys, "export", plan, *more)
        assert (status, said) == (1, "")
        assert "Zoë - Song" in err
    assert list(out.iterdir()) == [plan]
    assert run(capsys, "export", plan, "--svg", out / "p.svg")[0] == 0
    assert run(capsys, "listen", plan, "-o", out / "x.wav")[0] == 1


def test_a_library_of_imported_songs_alone_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--db", tmp_path / "l.db", "import", listed(tmp_path, SIX))
    status, _, err = run(capsys, "--db", tmp_path / "l.db", "plan", "--spm", "166")
    assert status == 1
    assert "--imported" in err


def test_what_a_person_said_of_files_is_not_asked_of_imported_songs(tmp_path: Path) -> None:
    with Store(tmp_path / "l.db") as store:
        SongBook(store).take_in(rows(song()))
        (made,) = SongBook(store).tracks()
        store.set_override(made.audio_hash, Override(Constraint(90.0)))
        assert SongBook(store).tracks() == [made]
