"""Classical works: many artists record one work, each in a tempo of their own (pure).

Such a title names the work by numbers (opus, catalogue, "No."), its key and the movement, and
each language writes it in its own way. The composer is often given as the artist, so that it is
the performer who has to agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from bpmsync.export.spotify.names import Likeness, artists_alike, artists_in, likeness
from bpmsync.export.spotify.spelling import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bpmsync.export.spotify.values import CatalogueTrack, Song

__all__ = ["Work", "composers_among", "credits_composer", "performer_agrees", "work_in", "works_alike"]

_CANONICAL = {
    **dict.fromkeys(["moll", "mineur", "minore", "menor", "mol"], "minor"),
    **dict.fromkeys(["dur", "majeur", "maggiore", "mayor", "maior"], "major"),
    **dict.fromkeys(["sinfonie", "symphonie", "sinfonia", "sinfonía", "симфония"], "symphony"),
    **dict.fromkeys(["konzert", "concierto", "concert", "konsert", "концерт"], "concerto"),
    **dict.fromkeys(["sonate", "соната"], "sonata"),
    **dict.fromkeys(["quartett", "quatuor", "cuarteto", "quartetto", "streichquartett"], "quartet"),
    **dict.fromkeys(["klavier", "pianoforte", "klaviersonate"], "piano"),
    **dict.fromkeys(["violine", "violon", "violino"], "violin"),
    **dict.fromkeys(["nr", "num", "numero", "n", "nº", "number", "numéro"], "no"),
    **dict.fromkeys(["opus", "opp"], "op"),
    **dict.fromkeys(["kv", "koechel", "kochel"], "k"),
    **dict.fromkeys(["mvt", "mov", "satz", "mouvement", "movimiento", "movimento", "mvmt"], "movement"),
    "es": "e flat", "as": "a flat", "des": "d flat", "cis": "c sharp", "fis": "f sharp", "gis": "g sharp",
    "nocturnes": "nocturne", "preludes": "prelude", "walzer": "waltz", "valse": "waltz", "suiten": "suite",
    "ouverture": "overture", "ouvertüre": "overture", "fuge": "fugue", "messe": "mass",
}  # fmt: skip
_FORMS = frozenset(
    [
        "symphony",
        "sonata",
        "concerto",
        "quartet",
        "quintet",
        "trio",
        "suite",
        "prelude",
        "fugue",
        "nocturne",
        "etude",
        "mazurka",
        "waltz",
        "partita",
        "toccata",
        "cantata",
        "requiem",
        "mass",
        "overture",
        "ballade",
        "impromptu",
        "scherzo",
        "rhapsody",
        "variations",
        "serenade",
        "divertimento",
        "bagatelle",
        "polonaise",
        "sonatina",
        "capriccio",
        "intermezzo",
        "sextet",
        "octet",
        "fantasia",
    ]
)
_NUMBERS = re.compile(
    r"\b(?P<kind>op|no|bwv|hwv|twv|rv|hob|woo|k|d|s|l|wq|bv|sz|book|act|scene)\s?"
    r"(?:posth |[ivx]+ )?(?P<value>\d+[a-z]?)\b"
)
_STRONG = frozenset(["op", "bwv", "hwv", "twv", "rv", "hob", "woo", "wq"])
_KEY = re.compile(r"\b([a-h](?: (?:flat|sharp))?) (major|minor)\b")
_MOVEMENT = re.compile(
    r"\b(?:movement (?P<a>\d+|[ivx]+)|(?P<b>\d+)(?:st|nd|rd|th)? movement|(?P<c>[ivx]+|\d{1,2}))\b(?!$)"
    r"|\bmovement (?P<d>\d+|[ivx]+)$"
)
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10}
_FILLERS = frozenset(
    [
        "in",
        "en",
        "for",
        "fur",
        "pour",
        "per",
        "the",
        "and",
        "a",
        "of",
        "de",
        "le",
        "la",
        "il",
        "op",
        "no",
        "movement",
        "major",
        "minor",
        "flat",
        "sharp",
    ]
)
_LEAST_WORDS_ALIKE = 85.0
_ENSEMBLE = re.compile(
    r"orchest|orkest|philharm|filarm|sinfonie|symphon|quartet|quatuor|quintet|trio\b|ensemble|choir|"
    r"chor\b|choeur|coro\b|consort|academy|sinfonia|camerata|capella|kapelle|players|soloists|singers|virtuosi|оркестр"
)
_COMPOSERS = frozenset(
    [
        "bach",
        "beethoven",
        "mozart",
        "haydn",
        "schubert",
        "schumann",
        "brahms",
        "chopin",
        "liszt",
        "mendelssohn",
        "vivaldi",
        "handel",
        "handel",
        "haendel",
        "tchaikovsky",
        "tschaikowsky",
        "dvorak",
        "smetana",
        "mahler",
        "bruckner",
        "wagner",
        "verdi",
        "puccini",
        "rossini",
        "debussy",
        "ravel",
        "satie",
        "faure",
        "saint-saens",
        "berlioz",
        "bizet",
        "grieg",
        "sibelius",
        "nielsen",
        "rachmaninoff",
        "rachmaninov",
        "prokofiev",
        "shostakovich",
        "stravinsky",
        "mussorgsky",
        "scriabin",
        "bartok",
        "janacek",
        "elgar",
        "holst",
        "britten",
        "purcell",
        "telemann",
        "corelli",
        "scarlatti",
        "monteverdi",
        "pachelbel",
        "albinoni",
        "boccherini",
        "paganini",
        "gershwin",
        "copland",
        "barber",
        "glass",
        "part",
        "schonberg",
        "schoenberg",
        "strauss",
        "offenbach",
        "rimsky-korsakov",
        "borodin",
        "glinka",
        "clementi",
        "czerny",
        "hummel",
        "weber",
        "field",
        "franck",
        "poulenc",
        "messiaen",
        "khachaturian",
    ]
)


@dataclass(frozen=True, slots=True)
class Work:
    """A title read as that of a classical work.

    Parameters
    ----------
    numbers : tuple of (str, frozenset of str)
        Opus, catalogue and other numbers by their kind; a title may have two of a kind.
    movement : int or None
        Number of the movement; None for the whole work or where it is not said.
    key : str or None
        Such as "c minor".
    words : str
        All other words.
    """

    numbers: tuple[tuple[str, frozenset[str]], ...]
    movement: int | None
    key: str | None
    words: str


@lru_cache(maxsize=2048)
def work_in(base: str) -> Work | None:
    """Return the work that a plain title names; None where it is no classical title.

    Examples
    --------
    >>> work = work_in("symphony no 5 in c minor op 67 ii andante con moto")
    >>> [(kind, *values) for kind, values in work.numbers], work.movement, work.key
    ([('no', '5'), ('op', '67')], 2, 'c minor')
    >>> work_in("river of night") is None
    True
    """
    text = " ".join(_CANONICAL.get(word, word) for word in base.split())
    text = re.sub(r"\b(op|no|bwv|k|rv|hob)(\d)", r"\1 \2", text)
    numbers: dict[str, frozenset[str]] = {}
    for found in _NUMBERS.finditer(text):
        numbers[found["kind"]] = numbers.get(found["kind"], frozenset()) | {found["value"]}
    key = _KEY.search(text)
    named = _FORMS & set(text.split())
    if not (_STRONG & numbers.keys() or (named and (numbers or key)) or ("k" in numbers and key)):
        return None
    rest = _NUMBERS.sub(" ", _KEY.sub(" ", text))
    movement = _MOVEMENT.search(rest)
    number = None
    if movement:
        said = next(group for group in movement.groups() if group)
        number = _ROMAN.get(said) or (int(said) if said.isdigit() else None)
        rest = rest[: movement.start()] + " " + rest[movement.end() :]
    words = " ".join(word for word in rest.split() if word not in _FILLERS)
    return Work(tuple(sorted(numbers.items())), number, key[0] if key else None, words)


def works_alike(ours: Work, theirs: Work) -> Likeness:
    """Tell how far two titles name the same movement of the same work."""
    mine, other = dict(ours.numbers), dict(theirs.numbers)
    shared = mine.keys() & other.keys()
    if any(mine[kind].isdisjoint(other[kind]) for kind in shared) or (
        ours.key and theirs.key and ours.key != theirs.key
    ):
        return Likeness.OTHER
    if ours.movement != theirs.movement:
        return Likeness.NEAR if ours.movement is None or theirs.movement is None else Likeness.OTHER
    if not ours.words or not theirs.words:
        return Likeness.SAME if shared and ours.words == theirs.words else Likeness.NEAR
    alike = fuzz.token_set_ratio(ours.words, theirs.words)
    if alike < _LEAST_WORDS_ALIKE:
        return Likeness.NEAR
    return Likeness.SAME if shared or (ours.key and ours.key == theirs.key) else Likeness.NEAR


def _is_known_composer(name: str) -> bool:
    return bool(set(name.split()[-1:]) & _COMPOSERS) and not _ENSEMBLE.search(name)


def credits_composer(track: CatalogueTrack) -> bool:
    """Tell whether a well-known composer is credited beside those who play."""
    return len(track.artists) > 1 and any(_is_known_composer(plain(name)) for name in track.artists)


def composers_among(found: Iterable[CatalogueTrack]) -> frozenset[str]:
    """Return who is credited first for several recordings by different artists: the composers."""
    others: dict[str, set[tuple[str, ...]]] = {}
    for track in found:
        names = [plain(name) for name in track.artists]
        if len(names) > 1 and not _ENSEMBLE.search(names[0]):
            others.setdefault(names[0], set()).add(tuple(sorted(names[1:])))
    return frozenset(name for name, rest in others.items() if len(rest) > 1)


def performer_agrees(
    song: Song, artist: str | None, track: CatalogueTrack, composers: frozenset[str]
) -> Likeness:
    """Tell whether the performer of a work is the same; a composer in common says nothing."""
    credited = [plain(name) for name in track.artists]
    performers = [
        name
        for place, name in enumerate(credited)
        if _ENSEMBLE.search(name)
        or not (name in composers or _is_known_composer(name) or (place == 0 and len(credited) > 1))
    ]
    ours = [*artists_in(artist), *((plain(artist),) if artist else ())]
    ours = [name for name in ours if name not in composers and not _is_known_composer(name)]
    best = artists_alike(ours, performers)
    if best >= Likeness.MISSPELT:
        return best
    if ours and artists_alike(ours, credited) < Likeness.MISSPELT and not _named_in(ours, plain(track.album)):
        return Likeness.OTHER if performers else Likeness.NEAR
    said = f"{plain(song.album or '')} {plain(song.title)} {plain(artist or '')}"
    if _named_in(performers, said) or _named_in(ours, plain(track.album)):
        return Likeness.SAME
    # A soloist who is credited first, on the same album
    same_album = song.album is not None and likeness(plain(song.album), plain(track.album)) is Likeness.SAME
    if same_album and artists_alike(ours, credited[:1]) is Likeness.SAME:
        return Likeness.SAME
    return Likeness.NEAR if not ours or not performers or artists_alike(ours, credited) else Likeness.OTHER


def _named_in(names: Sequence[str], text: str) -> bool:
    """Tell whether a text holds one of the names, all of its words."""
    words = set(text.split())
    return any(set(name.split()) <= words for name in names if len(name.split()) > 1)
