"""What a file says about itself, whatever its container (mutagen, reading only).

Each container's names are mapped onto ours by a table; what no table names is kept as text in
`Tags.other`. Tags are other people's data: a value that makes no sense counts as absent and
never costs the rest. Texts are kept as they are, control characters too; whoever prints or
writes them cleans them. Several values of one field are joined with "; ".
"""

from __future__ import annotations

import math
import re
import struct
from typing import TYPE_CHECKING, Any, TypeAlias

import mutagen
from mutagen.id3 import ID3
from mutagen.mp3 import HeaderNotFoundError
from mutagen.mp4 import MP4Tags

from bpmsync.errors import TagError
from bpmsync.library.track import Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["read_tags"]

_Raw: TypeAlias = dict[str, list[str]]
# What mutagen lets through for damaged files, beside its own errors
_FOREIGN = (
    mutagen.MutagenError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
    EOFError,
    OverflowError,
)
_LONGEST_OTHER = 10_000  # lyrics yes, a picture in base64 no

# Names that containers share, in lower case and without blanks, "_" and "-"
_NAMES = {
    "title": "title",
    "artist": "artist",
    "author": "artist",
    "album": "album",
    "wm/albumtitle": "album",
    "albumartist": "album_artist",
    "wm/albumartist": "album_artist",
    "track": "track_number",
    "tracknumber": "track_number",
    "wm/tracknumber": "track_number",
    "disc": "disc_number",
    "disk": "disc_number",
    "discnumber": "disc_number",
    "wm/partofset": "disc_number",
    "genre": "genre",
    "wm/genre": "genre",
    "date": "year",
    "year": "year",
    "wm/year": "year",
    "isrc": "isrc",
    "wm/isrc": "isrc",
    "bpm": "bpm",
    "tempo": "bpm",
    "fbpm": "bpm",
    "wm/beatsperminute": "bpm",
    "key": "key",
    "initialkey": "key",
    "wm/initialkey": "key",
    "replaygaintrackgain": "replaygain_track_gain_db",
    "r128trackgain": "r128",
    "rating": "rating",
    "fmpsrating": "fmps_rating",
    "wm/shareduserrating": "asf_rating",
    "explicit": "explicit",
    "itunesadvisory": "explicit",
    "musicbrainztrackid": "musicbrainz_recording_id",
    "musicbrainzrecordingid": "musicbrainz_recording_id",
    "musicbrainz/trackid": "musicbrainz_recording_id",
}
_FRAMES = {
    "TIT2": "title",
    "TPE1": "artist",
    "TALB": "album",
    "TPE2": "album_artist",
    "TRCK": "track_number",
    "TPOS": "disc_number",
    "TCON": "genre",
    "TDRC": "year",
    "TYER": "year",
    "TSRC": "isrc",
    "TBPM": "bpm",
    "TKEY": "key",
}
_ATOMS = {
    "\xa9nam": "title",
    "\xa9ART": "artist",
    "\xa9alb": "album",
    "aART": "album_artist",
    "trkn": "track_number",
    "disk": "disc_number",
    "\xa9gen": "genre",
    "\xa9day": "year",
    "tmpo": "bpm",
    "rtng": "explicit",
}
_FREEFORM = "----:com.apple.iTunes:"
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?", re.ASCII)
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII)
_TEXTS = ("title", "artist", "album", "album_artist", "genre", "isrc", "key", "musicbrainz_recording_id")
_KNOWN = frozenset({*_NAMES.values(), "popm"})
# The star borders that players use for a byte of popularity, and for Windows' percents
_POPM_BORDERS = (32, 96, 160, 224)
_ASF_BORDERS = (13, 38, 63, 87)
_STARS = 5
_PERCENT = 100
_SANE_GAIN_DB = 60.0
_SANE_BPM = 1000.0
_R128_STEPS_PER_DB = 256.0
_R128_TO_REPLAYGAIN_DB = 5.0  # -23 LUFS against -18


def read_tags(path: str | Path) -> Tags:
    """Return the tags of a file; all absent where it has none.

    Parameters
    ----------
    path : str or Path
        mp3, m4a, aac, flac, ogg, opus, wma, wav, aiff and their relatives.

    Raises
    ------
    TagError
        If the file cannot be read, is no sound file, or its tags are damaged.
    """
    try:
        return _tags(_raw(_container(path)))
    except (OSError, *_FOREIGN) as error:
        cause = error.args[0] if error.args and isinstance(error.args[0], OSError) else error
        if isinstance(cause, OSError):
            raise TagError(path, f"cannot be read: {cause.strerror or cause}") from error
        raise TagError(path, f"its tags are damaged: {error}") from error


def _container(path: str | Path) -> Any:  # noqa: ANN401 - mutagen is untyped
    """Return mutagen's tags of a file, None without any."""
    try:
        opened = mutagen.File(path)
    except HeaderNotFoundError:  # it looks for mp3 behind the tags, and a bare AAC stream is none
        return ID3(path)
    if opened is None:
        raise TagError(path, "not a kind of file whose tags can be read")
    return opened.tags


def _raw(tags: Any) -> _Raw:  # noqa: ANN401 - mutagen is untyped
    """Return all text values by our names, and by their own where we have none."""
    raw: _Raw = {}
    for name, value in _pairs(tags):
        text = value.strip("\0 ")
        if text:
            raw.setdefault(name, []).append(text)
    return raw


def _pairs(tags: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if tags is None:
        return
    read: Callable[[str, Any], Iterator[tuple[str, str]]]
    if isinstance(tags, ID3):
        read = _id3_pairs
    elif isinstance(tags, MP4Tags):
        read = _mp4_pairs
    else:
        read = _named_pairs
    for key in list(tags.keys()):
        try:
            yield from read(key, tags[key])
        except _FOREIGN:  # one broken value
            continue


def _id3_pairs(key: str, frame: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    kind = frame.FrameID
    if kind == "TCON":
        values = [("genre", text) for text in frame.genres]
    elif kind == "TXXX":
        values = [(_named(frame.desc), str(text)) for text in frame.text]
    elif kind == "UFID":
        ours = frame.owner.rstrip("/").endswith("musicbrainz.org")
        name = "musicbrainz_recording_id" if ours else key
        values = [(name, frame.data.decode("ascii", "replace"))]
    elif kind == "POPM":
        values = [("popm", str(frame.rating))]
    elif kind == "RVA2" and frame.desc.casefold() == "track":
        values = [("replaygain_track_gain_db", str(frame.gain))]
    elif kind in {"COMM", "USLT"}:
        text = frame.text if isinstance(frame.text, str) else "; ".join(map(str, frame.text))
        values = [("comment" if kind == "COMM" else "lyrics", text)]
    else:
        name = _FRAMES.get(kind, key)
        values = [(name, str(text)) for text in getattr(frame, "text", ())]
    yield from values


def _mp4_pairs(key: str, values: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if key == "covr":
        return
    name = _ATOMS.get(key) or _named(key.removeprefix(_FREEFORM))
    for value in values if isinstance(values, list) else [values]:
        if isinstance(value, tuple):  # (number, of how many)
            yield name, str(value[0])
        elif key == "rtng":
            yield name, "1" if value in {1, 4} else "0"
        else:
            yield name, value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _named_pairs(key: str, values: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    name = _named(key)
    for value in values if isinstance(values, list) else [values]:
        if isinstance(getattr(value, "value", value), bytes):  # pictures
            continue
        texts = str(value).split("\0") if not isinstance(value, str) else [value]
        yield from ((name, text) for text in texts)


def _named(key: str) -> str:
    plain = re.sub(r"[\s_-]", "", key).lower()
    return _NAMES.get(plain, key)


def _tags(raw: _Raw) -> Tags:
    texts: dict[str, str | None] = {name: _joined(raw.get(name)) for name in _TEXTS}
    other = {
        name: text
        for name, values in raw.items()
        if name not in _KNOWN and len(text := "; ".join(values)) <= _LONGEST_OTHER
    }
    return Tags(
        title=texts["title"],
        artist=texts["artist"],
        album=texts["album"],
        album_artist=texts["album_artist"],
        track_number=_count(raw.get("track_number")),
        disc_number=_count(raw.get("disc_number")),
        genre=texts["genre"],
        year=_year(raw.get("year")),
        isrc=_isrc(texts["isrc"]),
        bpm=_bpm(raw.get("bpm")),
        key=texts["key"],
        replaygain_track_gain_db=_gain(raw),
        rating=_rating(raw),
        explicit=_explicit(raw.get("explicit")),
        musicbrainz_recording_id=texts["musicbrainz_recording_id"],
        other=other,
    )


def _joined(values: list[str] | None) -> str | None:
    return "; ".join(dict.fromkeys(values)) if values else None


def _number(values: list[str] | None) -> float | None:
    """Return the first number that stands at the head of a value."""
    for value in values or ():
        match = _NUMBER.match(value.strip()[:40])
        if match:
            number = float(match[0].replace(",", "."))
            return number if math.isfinite(number) else None
    return None


def _count(values: list[str] | None) -> int | None:
    number = _number(values)
    return int(number) if number is not None and 0 < number < 2**31 else None


def _year(values: list[str] | None) -> int | None:
    for value in values or ():
        match = _YEAR.search(value[:40])
        if match and int(match[0]) > 0:
            return int(match[0])
    return None


def _isrc(text: str | None) -> str | None:
    return text.split("; ")[0].replace("-", "").upper() if text else None


def _bpm(values: list[str] | None) -> float | None:
    # A container with whole numbers only may have the decimals beside it: the finer one counts
    numbers = [n for value in values or () if (n := _number([value])) and 0 < n <= _SANE_BPM]
    return max(numbers, key=lambda n: n % 1 != 0, default=None)


def _gain(raw: _Raw) -> float | None:
    gain = _number(raw.get("replaygain_track_gain_db"))
    if gain is None:
        r128 = _number(raw.get("r128"))
        # dB = 256ths of dB / 256, then from the R128 to the ReplayGain reference
        gain = None if r128 is None else r128 / _R128_STEPS_PER_DB + _R128_TO_REPLAYGAIN_DB
    return gain if gain is not None and abs(gain) <= _SANE_GAIN_DB else None


def _rating(raw: _Raw) -> float | None:
    fmps = _number(raw.get("fmps_rating"))
    if fmps is not None and 0 <= fmps <= 1:
        return fmps
    for name, borders in (("popm", _POPM_BORDERS), ("asf_rating", _ASF_BORDERS)):
        value = _number(raw.get(name))
        if value:  # 0 is "not rated"
            return (1 + sum(value >= border for border in borders)) / _STARS
    return _plain_rating(raw.get("rating"))


def _plain_rating(values: list[str] | None) -> float | None:
    """Return 0..1 of a rating that may count to 1 (with a point), to 5 or to 100."""
    value = _number(values)
    if not value or not 0 < value <= _PERCENT:
        return None
    if value <= 1 and values and "." in values[0]:
        return value
    return value / (_STARS if value <= _STARS else _PERCENT)


def _explicit(values: list[str] | None) -> bool | None:
    if not values:
        return None
    return values[0].strip().casefold() in {"1", "4", "true", "yes", "explicit"}
