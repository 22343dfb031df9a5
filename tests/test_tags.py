"""Tags come out alike whatever the container, and broken ones cost nothing else."""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING, Any

import mutagen
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import asf, id3, mp4

from bpmsync.errors import TagError
from bpmsync.library.tags import _tags, read_tags
from bpmsync.library.track import Tags

if TYPE_CHECKING:
    from pathlib import Path

_ASF: Any = asf  # untyped

WANTED = Tags(
    title="Tïtle",
    artist="One; Two",
    album="Album",
    album_artist="Both",
    track_number=3,
    disc_number=2,
    genre="Folk",
    year=1999,
    isrc="GBAYE9900001",
    bpm=172.5,
    key="Am",
    replaygain_track_gain_db=-6.5,
    rating=0.8,
    explicit=True,
    musicbrainz_recording_id="b1a9c0e9-d987-4042-ae91-78d6a3267d69",
)
MBID = WANTED.musicbrainz_recording_id


def _vorbis() -> dict[str, Any]:
    return {
        "title": "Tïtle",
        "artist": ["One", "Two"],
        "album": "Album",
        "albumartist": "Both",
        "tracknumber": "3/12",
        "discnumber": "2",
        "genre": "Folk",
        "date": "1999-05-01",
        "isrc": "gb-aye-99-00001",
        "bpm": "172.5",
        "initialkey": "Am",
        "replaygain_track_gain": "-6.50 dB",
        "rating": "80",
        "itunesadvisory": "1",
        "musicbrainz_trackid": MBID,
        "mood": "brisk",
    }


def _id3() -> list[Any]:
    return [
        id3.TIT2(encoding=3, text="Tïtle"),
        id3.TPE1(encoding=3, text=["One", "Two"]),
        id3.TALB(encoding=3, text="Album"),
        id3.TPE2(encoding=3, text="Both"),
        id3.TRCK(encoding=3, text="3/12"),
        id3.TPOS(encoding=3, text="2/2"),
        id3.TCON(encoding=3, text="(80)"),  # Folk by its number
        id3.TDRC(encoding=3, text="1999-05-01"),
        id3.TSRC(encoding=3, text="GBAYE9900001"),
        id3.TBPM(encoding=3, text="172.5"),
        id3.TKEY(encoding=3, text="Am"),
        id3.TXXX(encoding=3, desc="REPLAYGAIN_TRACK_GAIN", text="-6.50 dB"),
        id3.POPM(email="somebody", rating=196, count=1),
        id3.TXXX(encoding=3, desc="ITUNESADVISORY", text="1"),
        id3.UFID(owner="http://musicbrainz.org", data=str(MBID).encode()),
        id3.TXXX(encoding=3, desc="mood", text="brisk"),
    ]


def _mp4() -> dict[str, Any]:
    free = "----:com.apple.iTunes:"
    return {
        "\xa9nam": "Tïtle",
        "\xa9ART": ["One", "Two"],
        "\xa9alb": "Album",
        "aART": "Both",
        "trkn": [(3, 12)],
        "disk": [(2, 2)],
        "\xa9gen": "Folk",
        "\xa9day": "1999-05-01T00:00:00Z",
        "tmpo": [172],
        "rtng": [1],
        "covr": [mp4.MP4Cover(b"\x89PNG")],
        free + "ISRC": mp4.MP4FreeForm(b"GBAYE9900001"),
        free + "BPM": mp4.MP4FreeForm(b"172.5"),
        free + "initialkey": mp4.MP4FreeForm(b"Am"),
        free + "replaygain_track_gain": mp4.MP4FreeForm(b"-6.50 dB"),
        free + "RATING": mp4.MP4FreeForm(b"80"),
        free + "MusicBrainz Track Id": mp4.MP4FreeForm(str(MBID).encode()),
        free + "mood": mp4.MP4FreeForm(b"brisk"),
    }


def _asf() -> dict[str, Any]:
    return {
        "Title": "Tïtle",
        "Author": ["One", "Two"],
        "WM/AlbumTitle": "Album",
        "WM/AlbumArtist": "Both",
        "WM/TrackNumber": "3",
        "WM/PartOfSet": "2",
        "WM/Genre": "Folk",
        "WM/Year": "1999",
        "WM/ISRC": "GBAYE9900001",
        "WM/BeatsPerMinute": "172.5",
        "WM/InitialKey": "Am",
        "REPLAYGAIN_TRACK_GAIN": "-6.50 dB",
        "WM/SharedUserRating": _ASF.ASFDWordAttribute(75),
        "ITUNESADVISORY": "1",
        "MusicBrainz/Track Id": str(MBID),
        "WM/Picture": _ASF.ASFByteArrayAttribute(b"\x89PNG"),
        "mood": "brisk",
    }


@pytest.fixture
def bare(fixtures_audio: Path, tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Return a function that copies a fixture of some kind, its tags removed."""

    def copy(suffix: str) -> Path:
        names = sorted(p for p in fixtures_audio.glob(f"*{suffix}") if read_or_none(p))
        path = tmp_path / f"song{suffix}"
        shutil.copyfile(names[0], path)
        opened = mutagen.File(path)
        if opened.tags is not None:
            opened.delete()
        return path

    return copy


def read_or_none(path: Path) -> Tags | None:
    try:
        return read_tags(path)
    except TagError:
        return None


@pytest.mark.parametrize(
    "suffix", [".mp3", ".wav", ".aiff", ".aac", ".flac", ".ogg", ".opus", ".m4a", ".wma"]
)
def test_every_container_gives_the_same_tags(bare: Any, suffix: str) -> None:  # noqa: ANN401
    path = bare(suffix)
    if suffix == ".aac":
        tags = id3.ID3()
        for frame in _id3():
            tags.add(frame)
        tags.save(path)
    else:
        _write(path, suffix)
    found = read_tags(path)
    assert found.other.get("mood") == "brisk"
    assert not any("\x89PNG" in text for text in found.other.values())
    assert {name: getattr(found, name) for name in WANTED.__slots__ if name != "other"} == {
        name: getattr(WANTED, name) for name in WANTED.__slots__ if name != "other"
    }


def _write(path: Path, suffix: str) -> None:
    opened = mutagen.File(path)
    if opened.tags is None:
        opened.add_tags()
    if isinstance(opened.tags, id3.ID3):
        for frame in _id3():
            opened.tags.add(frame)
    else:
        opened.tags.update({".m4a": _mp4, ".wma": _asf}.get(suffix, _vorbis)())
    opened.save()


@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".flac", ".ogg", ".opus", ".m4a", ".wma"])
def test_a_file_without_tags_has_none(bare: Any, suffix: str) -> None:  # noqa: ANN401
    found = read_tags(bare(suffix))
    assert found.title is None
    assert found.artist is None
    assert found.year is None


def test_an_opus_gain_counts_from_its_own_reference(bare: Any) -> None:  # noqa: ANN401
    path = bare(".opus")
    opened = mutagen.File(path)
    opened["R128_TRACK_GAIN"] = str(-2 * 256)
    opened.save()
    assert read_tags(path).replaygain_track_gain_db == pytest.approx(-2 + 5)


def test_pictures_in_vorbis_comments_are_not_kept(bare: Any) -> None:  # noqa: ANN401
    path = bare(".ogg")
    opened = mutagen.File(path)
    opened["metadata_block_picture"] = base64.b64encode(bytes(30_000)).decode()
    opened.save()
    assert "metadata_block_picture" not in read_tags(path).other


def test_hostile_text_is_kept_as_it_is(bare: Any) -> None:  # noqa: ANN401
    path = bare(".mp3")
    hostile = "\x1b[31mred\r\n#EXTINF:1\u202e" + "x" * 10_000
    _retitle(path, hostile)
    assert read_tags(path).title == hostile


def _retitle(path: Path, title: str) -> None:
    opened = mutagen.File(path)
    if opened.tags is None:
        opened.add_tags()
    opened.tags.add(id3.TIT2(encoding=3, text=title))
    opened.save()


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"track_number": ["0"]}, "track_number", None),
        ({"track_number": ["A3"]}, "track_number", None),
        ({"track_number": ["99999999999999999999"]}, "track_number", None),
        ({"year": ["c. 1987?"]}, "year", 1987),
        ({"year": ["0000"]}, "year", None),
        ({"bpm": ["fast"]}, "bpm", None),
        ({"bpm": ["0"]}, "bpm", None),
        ({"bpm": ["172,5"]}, "bpm", 172.5),
        ({"bpm": ["1e999"]}, "bpm", 1.0),
        ({"replaygain_track_gain_db": ["-inf dB"]}, "replaygain_track_gain_db", None),
        ({"replaygain_track_gain_db": ["+999 dB"]}, "replaygain_track_gain_db", None),
        ({"popm": ["0"]}, "rating", None),
        ({"popm": ["255"]}, "rating", 1.0),
        ({"popm": ["1"]}, "rating", 0.2),
        ({"rating": ["4"]}, "rating", 0.8),
        ({"rating": ["0.35"]}, "rating", 0.35),
        ({"rating": ["1000"]}, "rating", None),
        ({"fmps_rating": ["0.7"], "rating": ["20"]}, "rating", 0.7),
        ({"explicit": ["0"]}, "explicit", False),
        ({"artist": ["A", "B", "A"]}, "artist", "A; B"),
    ],
)
def test_a_value_that_makes_no_sense_is_absent(raw: dict[str, list[str]], field: str, value: object) -> None:
    assert getattr(_tags(raw), field) == value


@given(
    st.dictionaries(
        st.sampled_from(["track_number", "year", "bpm", "rating", "popm", "explicit", "isrc", "r128"]),
        st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=3),
    )
)
def test_no_text_breaks_the_reading(raw: dict[str, list[str]]) -> None:
    found = _tags(raw)
    assert found.rating is None or 0 <= found.rating <= 1
    assert found.bpm is None or 0 < found.bpm <= 1000


@pytest.mark.parametrize(
    "content", [b"", b"milk, eggs, bread", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", b"\x00" * 4096]
)
@pytest.mark.parametrize(
    "suffix", [".mp3", ".m4a", ".flac", ".ogg", ".wma", ".wav", ".aiff", ".aac", ".opus"]
)
def test_what_is_no_sound_has_no_tags(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"not music{suffix}"
    path.write_bytes(content)
    found = read_or_none(path)
    assert found is None or found.title is None


def test_a_missing_file_is_a_tag_error(tmp_path: Path) -> None:
    with pytest.raises(TagError, match="cannot be read"):
        read_tags(tmp_path / "nowhere.mp3")


@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".flac", ".ogg", ".opus", ".wma", ".aiff"])
def test_damaged_bytes_never_crash(bare: Any, suffix: str) -> None:  # noqa: ANN401
    path = bare(suffix)
    _write(path, suffix)
    whole = path.read_bytes()
    for seed in range(40):
        broken = bytearray(whole[: 200 + seed * 331])
        for i in range(seed, min(len(broken), 3000), 97 + seed):
            broken[i] = (broken[i] * 7 + seed) % 256
        path.write_bytes(broken)
        assert isinstance(read_or_none(path), Tags | None)
