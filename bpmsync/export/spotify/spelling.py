"""How names are written, so that two spellings of one name compare equal (pure).

Words are compared in lower case, without punctuation, and Latin, Greek and Cyrillic ones without
accents. Marks that make another letter (Japanese, Hindi, Thai) stay. A name in another script is
never thrown away: it is compared as it is, and where one side is written in Latin letters, by a
rough transliteration of the other.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["plain", "romanised", "same_script", "script_of", "transliterated", "words_of"]

_LETTERS = str.maketrans({
    "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n",
    "ى": "ي", "ة": "ه",
})  # fmt: skip
_APOSTROPHES = "'’‘ʼ`´＇ʻ‛"
_STAND_INS = ((re.compile(r"(?<=\w)\$(?=\w)"), "s"), (re.compile(r"(?<=\w)!(?=\w)"), "i"))
_ACCENTED_SCRIPTS = ("latin", "greek", "cyrillic", "arabic", "hebrew")
_RANGES = (
    (0x0041, 0x024F, "latin"), (0x1E00, 0x1EFF, "latin"), (0x0370, 0x03FF, "greek"),
    (0x1F00, 0x1FFF, "greek"), (0x0400, 0x052F, "cyrillic"), (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x077F, "arabic"), (0x0900, 0x097F, "devanagari"), (0x0E00, 0x0E7F, "thai"),
    (0x1100, 0x11FF, "hangul"), (0x3130, 0x318F, "hangul"), (0xAC00, 0xD7AF, "hangul"),
    (0x3040, 0x30FF, "kana"), (0x3400, 0x4DBF, "han"), (0x4E00, 0x9FFF, "han"), (0xF900, 0xFAFF, "han"),
)  # fmt: skip


def _script(char: str) -> str:
    code = ord(char)
    for first, last, name in _RANGES:
        if first <= code <= last:
            return name
    return "other"


def _without_accents(text: str) -> str:
    """Take marks off letters whose marks are often left out; keep all others."""
    kept: list[str] = []
    base = ""
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char) and base in _ACCENTED_SCRIPTS:
            continue
        if not unicodedata.category(char).startswith("M"):
            base = _script(char)
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return a text as it is compared: words in lower case with one blank between them.

    A text of punctuation only ("!!!") stays as it is.

    Examples
    --------
    >>> plain("Don’t Stop – Déjà Vu & Ça")
    'dont stop deja vu and ca'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    lowered = _without_accents(folded).translate(_LETTERS)
    for pattern, letter in _STAND_INS:
        lowered = pattern.sub(letter, lowered)
    lowered = re.sub(r"\s[+＋]\s", " and ", lowered.replace("&", " and "))
    kept = []
    for char in lowered:
        if char in _APOSTROPHES:
            continue
        kept.append(char if unicodedata.category(char)[0] in "LMN" else " ")
    return " ".join("".join(kept).split()) or " ".join(folded.split())


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared."""
    return tuple(plain(text).split())


def script_of(text: str) -> str:
    """Return the script that most letters of a text are in; "" without letters.

    Japanese, whatever its mixture, is "kana"; a text of Chinese characters only is "han".
    """
    counts: dict[str, int] = {}
    for char in unicodedata.normalize("NFKC", text):
        if char.isalpha():
            counts[_script(char)] = counts.get(_script(char), 0) + 1
    if "kana" in counts and "han" in counts:
        counts["kana"] += counts.pop("han")
    return max(counts, key=lambda name: (counts[name], name)) if counts else ""


def same_script(first: str, second: str) -> bool:
    """Tell whether two texts can be compared letter by letter."""
    ours, theirs = script_of(first), script_of(second)
    return not ours or not theirs or ours == theirs or {ours, theirs} == {"kana", "han"}


_CYRILLIC = dict(zip("абвгдезиклмнопрстуфыэ", "abvgdeziklmnoprstufye", strict=True)) | {
    "ж": "zh", "й": "y", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "",
    "ю": "yu", "я": "ya", "ё": "e", "і": "i", "ї": "i", "є": "e", "ґ": "g", "ў": "u",
}  # fmt: skip
_GREEK = dict(zip("αβγδεζικλμνοπρσςτφ", "avgdeziklmnoprsstf", strict=True)) | {
    "η": "i", "θ": "th", "ξ": "x", "υ": "y", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
_KANA_ROWS = {
    "": "あいうえお", "k": "かきくけこ", "s": "さしすせそ", "t": "たちつてと", "n": "なにぬねの",
    "h": "はひふへほ", "m": "まみむめも", "r": "らりるれろ", "g": "がぎぐげご", "z": "ざじずぜぞ",
    "d": "だぢづでど", "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ",
}  # fmt: skip
_KANA = {kana: c + v for c, row in _KANA_ROWS.items() for kana, v in zip(row, "aiueo", strict=True)} | {
    "し": "shi", "ち": "chi", "つ": "tsu", "ふ": "fu", "じ": "ji", "や": "ya", "ゆ": "yu", "よ": "yo",
    "わ": "wa", "を": "o", "ん": "n", "ー": "", "っ": "", "ゔ": "v",
}  # fmt: skip
_KANA_TO_HIRAGANA = 0x60
_SMALL_Y = {"ゃ": "a", "ゅ": "u", "ょ": "o"}
_SMALL_VOWELS = {"ぁ": "a", "ぃ": "i", "ぅ": "u", "ぇ": "e", "ぉ": "o"}
_INITIALS = [
    "g",
    "kk",
    "n",
    "d",
    "tt",
    "r",
    "m",
    "b",
    "pp",
    "s",
    "ss",
    "",
    "j",
    "jj",
    "ch",
    "k",
    "t",
    "p",
    "h",
]
_VOWELS = [
    "a",
    "ae",
    "ya",
    "yae",
    "eo",
    "e",
    "yeo",
    "ye",
    "o",
    "wa",
    "wae",
    "oe",
    "yo",
    "u",
    "wo",
    "we",
    "wi",
    "yu",
    "eu",
    "ui",
    "i",
]
_FINALS = [
    "",
    "k",
    "k",
    "k",
    "n",
    "n",
    "n",
    "t",
    "l",
    "k",
    "m",
    "l",
    "l",
    "l",
    "p",
    "l",
    "m",
    "p",
    "p",
    "t",
    "t",
    "ng",
    "t",
    "t",
    "k",
    "t",
    "p",
    "t",
]
_HANGUL_FIRST, _HANGUL_LAST = 0xAC00, 0xD7A3
_HANGUL_VOWELS, _HANGUL_FINALS = 21, 28


def _hangul(char: str) -> str:
    number = ord(char) - _HANGUL_FIRST
    rest, final = divmod(number, _HANGUL_FINALS)
    initial, vowel = divmod(rest, _HANGUL_VOWELS)
    return _INITIALS[initial] + _VOWELS[vowel] + _FINALS[final]


def _romaji(text: str) -> str:
    out = ""
    for char in text:
        hira = chr(ord(char) - _KANA_TO_HIRAGANA) if "ァ" <= char <= "ヴ" else char
        if hira in _SMALL_Y and out.endswith("i"):
            glide = "" if out.endswith(("shi", "chi", "ji")) else "y"
            out = out[:-1] + glide + _SMALL_Y[hira]
        elif hira in _SMALL_VOWELS:
            out = out[: -(out[-1:] in "aiueo") or None] + _SMALL_VOWELS[hira]
        else:
            out += _KANA.get(hira, hira)
    return out


def romanised(text: str) -> str | None:
    """Return a text in Latin letters, as a search may find it; None where a letter is not covered.

    Cyrillic, Greek, kana and Hangul are covered.

    Examples
    --------
    >>> romanised("Тихая река"), romanised("星の海")
    ('tikhaya reka', None)
    """
    out = ""
    for char in _romaji(plain(text)):
        if _HANGUL_FIRST <= ord(char) <= _HANGUL_LAST:
            out += _hangul(char)
        else:
            out += _CYRILLIC.get(char, _GREEK.get(char, char))
    return out if out.isascii() else None


@lru_cache(maxsize=4096)
def transliterated(text: str) -> str | None:
    """Return a text in Latin letters for comparing, without blanks; None where one is not covered.

    What languages and tables write differently (y, i, j; kh, h; long vowels) is folded together.

    Examples
    --------
    >>> transliterated("Ночная река") == transliterated("Nochnaja reka")
    True
    """
    latin = romanised(text)
    return None if latin is None else _folded(latin)


_FOLDS = (
    ("shch", "sh"), ("sch", "sh"), ("tch", "ch"), ("ck", "k"), ("kh", "h"), ("ch", "c"),
    ("sh", "s"), ("zh", "z"), ("ts", "c"), ("tz", "c"), ("ph", "f"), ("th", "t"), ("x", "ks"),
    ("ou", "u"), ("oo", "u"), ("uu", "u"), ("ee", "i"), ("y", "i"), ("j", "i"), ("w", "v"), ("q", "k"),
    ("ii", "i"),
)  # fmt: skip


def _folded(latin: str) -> str:
    for written, folded in _FOLDS:
        latin = latin.replace(written, folded)
    return re.sub(r"(.)\1", r"\1", latin.replace(" ", ""))
