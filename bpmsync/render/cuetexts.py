"""The themes of spoken cues and their sentences, in plain TOML files.

A theme is a key with a list of sentences. Names are small letters and digits with hyphens
between words; a blank or an underscore in what somebody types is such a hyphen.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bpmsync.errors import ConfigError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LIST_WORD", "OWN_FILE_NAME", "find_theme", "format_themes", "load_themes"]

# What a user writes in the place of a theme to see them all.
LIST_WORD: Final = "list"
# Beside the config file.
OWN_FILE_NAME: Final = "cues.toml"
_SHIPPED: Final = Path(__file__).with_name("cues.toml")
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LONGEST_TEXT: Final = 200


def load_themes(own: Path | None = None) -> Mapping[str, tuple[str, ...]]:
    """Return every theme with its sentences.

    Parameters
    ----------
    own : Path, optional
        A file of the user's; what it has adds to the shipped themes or replaces the one of the
        same name. A file that is not there adds nothing.

    Raises
    ------
    ConfigError
        If a file cannot be read, is no TOML, or holds something else than lists of sentences.
    """
    themes = _read(_SHIPPED)
    if own is not None and own.exists():
        themes |= _read(own)
    return MappingProxyType(themes)


def find_theme(themes: Mapping[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    """Return the sentences of a theme.

    Raises
    ------
    ParameterError
        If there is no such theme; the message names those there are.

    Examples
    --------
    >>> find_theme(load_themes(), "Quiet feet")[2]
    'Short, light and soft.'
    """
    key = re.sub(r"[\s_]+", "-", name.strip().lower())
    if key in themes:
        return themes[key]
    near = difflib.get_close_matches(key, themes, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(themes)}"
    msg = f"there is no theme {name!r} for cues: {hint} (--cues {LIST_WORD} shows them with their texts)"
    raise ParameterError(msg)


def format_themes(themes: Mapping[str, tuple[str, ...]]) -> str:
    """Return the themes and their sentences as text to print, a theme and its lines in a block."""
    blocks = ["\n".join([name, *(f"  {text}" for text in texts)]) for name, texts in themes.items()]
    return "\n\n".join(blocks) + "\n"


def _read(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        msg = f"cannot read the texts of cues {path}: {error.strerror or error}"
        raise ConfigError(msg) from error
    except ValueError as error:  # broken TOML or text that is not UTF-8
        msg = f"the texts of cues {path} are not TOML: {error}"
        raise ConfigError(msg) from error
    return {name: _texts(path, name, value) for name, value in document.items()}


def _texts(path: Path, name: str, value: object) -> tuple[str, ...]:
    if not _NAME.fullmatch(name) or name == LIST_WORD:
        msg = f"{path}: {name!r} cannot name a theme (small letters, digits and hyphens; not {LIST_WORD!r})"
        raise ConfigError(msg)
    texts = value if isinstance(value, list) else []
    if not texts or not all(isinstance(text, str) and _is_sentence(text) for text in texts):
        msg = (
            f"{path}: the theme {name!r} has to be a list of sentences in quotes, each of one line "
            f'and up to {_LONGEST_TEXT} letters: {name} = ["One.", "Two."]'
        )
        raise ConfigError(msg)
    return tuple(text.strip() for text in texts)


def _is_sentence(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _LONGEST_TEXT and text.isprintable()
