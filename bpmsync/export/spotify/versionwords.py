"""The words by which titles tell one version of a song from another, in several languages.

All patterns are meant for texts as `spelling.plain` writes them: lower case, no punctuation, no
accents. A new word is a new line here, and a pair in the labelled set.
"""

from __future__ import annotations

import re

__all__ = [
    "FILLERS",
    "JUNK",
    "LANGUAGES",
    "NEUTRAL",
    "PARTS",
    "QUOTED_SOURCE",
    "REMASTERED",
    "VERSIONS",
    "YEAR",
    "guests_of",
    "number_of",
]

_VERSION = r"(?:version|versao|versione|fassung|ver|vers|version[ae]|wersja|версия|version)"
_YEAR = r"(?:19|20)\d\d"
YEAR = re.compile(_YEAR)


def _any(*words: str) -> re.Pattern[str]:
    """Return a pattern for whole words."""
    return re.compile(rf"\b(?:{'|'.join(words)})\b")


def _in(*words: str, parts: tuple[str, ...] = ()) -> re.Pattern[str]:
    """Return a pattern for whole words, or for parts of words (scripts without blanks)."""
    whole = rf"\b(?:{'|'.join(words)})\b"
    return re.compile("|".join((whole, *parts)))


LANGUAGES = _in(
    "english", "spanish", "japanese", "korean", "german", "french", "italian", "chinese", "mandarin",
    "portuguese",
    "espanol", "deutsch\\w*", "francais\\w*", "italian[oa]", "ingles", "portugues", "en ingles", "swedish",
    "russian",
    parts=("日本語", "中文", "한국어", "英語", "国语", "國語", "粤语"),
)  # fmt: skip
# Kind and pattern, in this order: what an earlier one takes, a later one no longer sees.
VERSIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "karaoke",
        _in(
            r"karaoke\w*", "backing tracks?", "off vocal", "minus one", "minus vocals?", "караоке",
            "минусовка",
            "sing ?along", "playback", "pista",
            parts=("カラオケ", "伴奏", "노래방", "オフボーカル", "卡拉ok"),
        ),
    ),
    (
        "cover",
        _in(
            "tribute", "tributo", "cover", "covers", "in the style of", "al estilo de", "im stil von",
            r"(?:as )?made (?:famous|popular) by", r"(?:originally )?(?:performed|recorded|sung) by",
            r"(?:as )?originally (?:performed|recorded|sung)", "hommage", "homenaje", "coverversion", "кавер",
            "lullaby", "music box", "ringtone", "parody", "parodie", "8 ?bit", "chiptune", "midi",
            parts=("カバー", "翻唱", "커버", "オルゴール"),
        ),
    ),
    (
        "sped up",
        _in(
            r"spe+d ?up", "speed ?up", "nightcore", "fast(?:er)? version", "acelerad[oa]", "faster",
            "pitched up",
            r"\d{2,3} ?bpm", "bpm \\d{2,3}", "workout(?: (?:re)?mix)?", "ускоренная", "accelere",
            "beschleunigt",
            "turbo",
            parts=("倍速", "加速", "스피드업"),
        ),
    ),
    (
        "slowed",
        _in(
            r"slow(?:ed)?(?: down)?", "reverb", "reverbed", "daycore", "chopped", "screwed", "ralentizad[oa]",
            "lentinh[oa]", "замедленная", "slower", "pitched down", "verlangsamt", "rallenti?", "ralenti",
            parts=("减速", "슬로우"),
        ),
    ),
    ("8d", _any("8d(?: audio)?", "432 ?hz", "1 hour", "one hour", "loop", "lo ?fi", "bass boosted",
    "boosted")),
    (
        "live",
        _in(
            "live", "en vivo", "ao vivo", "en directo", "en direct", "dal vivo", "in concert", "en concert",
            "en concierto", "na zywo", "вживую", "живое", "живой", "концертная", "концерт", "canli",
            "ζωντανα",
            "elokonsertti", "liveaufnahme", "live version", "rehearsal", "soundcheck",
            "en public",
            parts=("ライブ", "ライヴ", "라이브", "现场", "現場", "演唱会", "演唱會",
                   "แสดงสด", "सजीव", "लाइव", "בהופעה",
            "חי בהופעה"),
        ),
    ),
    ("unplugged", _in("unplugged", parts=("アンプラグド",))),
    (
        "acoustic",
        _in(
            "acoustic", "acustic[oa]", "acoustique", "akustisch\\w*", "akustik", "akustinen", "akustyczn\\w+",
            "акустика", "акустическая", "ακουστικ\\w+", "stripped(?: back| down)?", "campfire",
            parts=("アコースティック", "어쿠스틱", "不插电", "不插電", "原声"),
        ),
    ),
    (
        "a cappella",
        _in("a ?cap+el+a", "acapel+as?", "vocals? only", "isolated vocals?",
            parts=("アカペラ", "아카펠라", "清唱")),
    ),
    (
        "instrumental",
        _in(
            "instrumental\\w*", "inst", "without vocals?", "no vocals?", "инструментал\\w*", "strumentale",
            "ινστρουμενταλ", "enstrumantal", "dub(?: mix| version)?", "beat only",
            parts=("インスト", "연주곡", "纯音乐", "純音樂"),
        ),
    ),
    ("demo", _in("demos?", "demonstration", "maqueta", "maquette", "rough (?:mix|cut)",
    "early (?:version|mix|take)",
                 "work in progress", "sketch", "демо", "home recording", parts=("デモ", "데모", "小样"))),
    ("outtake", _any("outtakes?", "alternat\\w+", "alt(?: take)?", "take \\d+", "unreleased(?: version)?",
    "false start")),
    ("session", _any("sessions?", "sesion(?:es)?", "sessao", "in studio", "radio performance")),
    (
        "re-recorded",
        _in(
            "re ?recorded", "re ?recording", "rerecorded", "regrabad[oa]", "neuaufnahme", "neu eingespielt",
            "new (?:recording|version)", "nueva version", "nouvelle version", "nuova versione",
            "neue version",
            "revisited", "reimagined", "re ?imagined", "rework(?:ed)?", "redux", "reprised", "re ?visited",
            "redone",
            rf"{_YEAR} (?:new )?{_VERSION}", rf"{_VERSION} {_YEAR}", rf"{_YEAR} recording", r"re ?cut",
            "новая версия", "新版", "reborn", "reloaded", "перезапись",
        ),
    ),
    ("reprise", _any("reprise", "repris[ae]", "реприза")),
    ("mashup", _any("mash ?up", "medley", "megamix", "potpourri", "попурри", "popurri", "mega mix")),
    (
        "extended",
        _in(
            rf"extended(?: (?:club )?(?:mix|{_VERSION}|edit))?",
            rf"12(?: ?inch)?(?: (?:mix|{_VERSION}|single|edit))?",
            rf"long {_VERSION}", rf"full(?: length)? {_VERSION}", "langversion", "extendida",
            "version longue",
            "maxi(?: version| single)?", "extended play", "maxiversion", "uncut", "xtended",
            parts=("加长版",),
        ),
    ),
    (
        "radio edit",
        _any(
            rf"radio(?: (?:edit|mix|cut|{_VERSION}|remix))?", "radiofassung",
            rf"7(?: ?inch)? (?:edit|mix|{_VERSION})",
            "(?:single|video|tv|short|clean radio) edit", rf"(?:short|tv|video|edited) {_VERSION}",
            "airplay(?: mix)?",
            "tv size", "edited", "kurzversion", "version courte", "version corta", "радио ?версия",
        ),
    ),
    # Neutral where the length agrees, which is asked for anyway
    (
        "length",
        _any(
            r"(?:original|album|single|lp|main|standard|studio|regular|normal|ep|official|explicit|clean|stereo|"
            r"mono) "
            rf"(?:album )?(?:{_VERSION}|mix|edit|recording)", rf"{_VERSION} (?:original|album|single)(?:e)?",
            "albumversion", "singleversion", "originalversion", "version album", "оригинал",
            "mezcla original",
        ),
    ),
    (
        "remix",
        _in(
            "remix\\w*", "re ?mix(?:ed)?", "rmx", "ремикс", "(?:club |dance |house |dub )?mix", "bootleg",
            "flip", "vip",
            "edit", "remezcla", "refix", "version dj", "bounce", "dj tool",
            parts=("リミックス", "리믹스", "混音", "รีมิกซ์"),
        ),
    ),
    ("orchestral", _any("orchestral", "orchestra", "symphonic", "orquestal", "orchestre", "orchester\\w*",
    "sinfonic[oa]",
                        "symphonique", "string quartet", "strings")),
    ("line-up", _any("duet", "duo", "solo")),
    ("piano", _any("piano(?: solo)?", "solo piano", "klavier\\w*")),
    ("intro", _any("intro", "outro", "interlude", "skit", "prelude mix", "snippet", "preview", "teaser",
    "excerpt")),
    ("commentary", _any("commentary", "spoken", "interview", "track by track")),
    ("language", LANGUAGES),
    (
        "version",
        _in(_VERSION, "cut", "vers", "arrangement", "arr",
            parts=("バージョン", "ヴァージョン", "버전", "版")),
    ),
)  # fmt: skip

# What says nothing about tempo: the same performance, prepared or sold anew
NEUTRAL = _in(
    rf"(?:{_YEAR} )?(?:digital(?:ly)? )?"
    r"re ?master(?:ed|ing|izado|izada|ise|isee|izzato|isiert)?"
    rf"(?: (?:in |for )?{_YEAR})?(?: {_VERSION})?",
    "mastered(?: for \\w+)?", "master", "mono", "stereo", "quad", "hi ?res", "hd", "high definition",
    "24 ?bit",
    "bonus(?: tracks?)?", "deluxe(?: edition| version)?", "expanded(?: edition)?", "special edition",
    "limited edition", rf"(?:\d+(?:th|st|nd|rd)? )?anniversary(?: edition| {_VERSION})?", "reissue",
    "re ?issue",
    "explicit", "clean", "dirty", "hidden track", "b side", "a side", "non album(?: track| single)?",
    "single",
    "album", "original", "ремастер\\w*", "jubilaums\\w+",
    "(?:original )?(?:motion picture )?soundtrack", "ost",
    "(?:music )?from (?:the )?(?:\\w+ )*(?:soundtrack|film|movie|series|album|musical)",
    "box ?set", "dolby atmos", "spatial audio", "atmos",
    parts=("リマスター", "리마스터", "重制", "重製"),
)  # fmt: skip

# Who remastered it does not matter; where a film is quoted its name may be anything
REMASTERED = re.compile(rf"(?:{_YEAR} )?(?:digital )?re ?mastered (?:by|in|at|from) .+")
QUOTED_SOURCE = re.compile(r"\s*(?:music )?from (?:the .* )?[\"“„'‘«].+[\"”“'’»]", re.IGNORECASE)

# What uploads and file names add
_ADDED = (
    r"(?:official|offizielles|oficial|officiel|the|full|with|on screen|hq|hd|4k|uhd|1080p|720p|360p|music|"
    r"musik|lyrics?|letra|paroles|video\w*|clipe?|audio|visuali[sz]er|song|premiere|m v|mv|only|free|"
    r"download|\d{2,3} ?kbps|mp3|flac|wav|www|com|net|prod(?: by)? .+|out now|text|testo|kbps|copy)"
)
JUNK = re.compile(rf"{_ADDED}(?: {_ADDED})*|\d")

_NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
"eight": "8",
            "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8",
            "ix": "9",
            "x": "10", "a": "1", "b": "2", "first": "1", "second": "2", "eins": "1", "zwei": "2", "uno": "1",
            "dos": "2", "due": "2", "un": "1", "deux": "2", "dois": "2", "um": "1"}  # fmt: skip
PARTS = re.compile(
    rf"\b(?:part|parts|pt|pts|teil|parte|partie|deel|czesc|часть|vol|volume|chapter) "
    rf"(?P<number>(?:\d+|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
    rf"(?: and (?:\d+|ii|iii|iv|v|two|three))?)\b"
)


def number_of(word: str) -> str:
    """Return a number word or Roman number in digits."""
    return " ".join(_NUMBERS.get(piece, piece) for piece in word.split())


# Words that say nothing beside a version word
FILLERS = frozenset(
    [
        "the",
        "a",
        "an",
        "at",
        "in",
        "on",
        "from",
        "of",
        "by",
        "for",
        "to",
        "with",
        "and",
        "de",
        "la",
        "le",
        "du",
        "des",
        "el",
        "los",
        "las",
        "en",
        "da",
        "do",
        "na",
        "no",
        "im",
        "am",
        "aus",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "von",
        "vom",
        "w",
        "z",
        "в",
        "на",
        "из",
        "с",
        "di",
        "al",
        "dal",
        "il",
        "lo",
        "au",
        "aux",
        "mix",
        "edit",
        "version",
        "remix",
        "ver",
        "recorded",
        "performed",
        "official",
        "original",
        "live",
        "new",
        "take",
        "track",
    ]
)

_GUEST_MARK = re.compile(
    r"^\s*(?:feat(?:uring)?\b\.?|ft\b\.?|f/|with\b|con\b|mit\b|avec\b|com\b|при уч\w*\.?|duet with\b)"
    r"\s*(.+)$",
    re.IGNORECASE,
)
_BETWEEN_GUESTS = re.compile(r"\s*(?:[,;&+/]|(?<=\s)(?:and|und|et|y|e|x)(?=\s))\s*", re.IGNORECASE)


def guests_of(text: str, *, marked: bool = False) -> tuple[str, ...]:
    """Return the names in a list of guests; with `marked`, only after "feat." or the like."""
    if marked:
        found = _GUEST_MARK.match(text)
        if not found:
            return ()
        text = found[1]
    return tuple(name.strip() for name in _BETWEEN_GUESTS.split(text) if name.strip())
