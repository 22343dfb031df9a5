"""Where answers about songs are kept between two pushes.

The library's `MatchBook` is one such place; `PassingMemory` lasts for one run, so that a
push also works without a library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bpmsync.library.answers import Answer

__all__ = ["MatchMemory", "PassingMemory", "PersonsWord"]


class MatchMemory(Protocol):
    """Keeps one answer for each recording."""

    def recall(self, key: str) -> Answer | None:
        """Return the answer for a recording, or None where there is none or it has expired."""

    def remember(self, key: str, answer: Answer) -> None:
        """Keep an answer, at once and for good; a search never replaces a person's word."""


class PassingMemory:
    """Answers that last as long as the program runs; nothing expires in that time."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def recall(self, key: str) -> Answer | None:
        """Return the answer for a recording, or None."""
        return self._answers.get(key)

    def remember(self, key: str, answer: Answer) -> None:
        """Keep an answer; a search never replaces a person's word."""
        before = self._answers.get(key)
        if before is None or before.source != "person" or answer.source == "person":
            self._answers[key] = answer


class PersonsWord:
    """Another memory, of which only what a person said is recalled: everything else is looked for anew.

    Parameters
    ----------
    memory : MatchMemory
        Where answers are kept.
    """

    def __init__(self, memory: MatchMemory) -> None:
        self._memory = memory
        self._fresh: set[str] = set()

    def recall(self, key: str) -> Answer | None:
        """Return the answer of a person, or one that was found since this memory was made."""
        answer = self._memory.recall(key)
        return answer if answer is None or answer.source == "person" or key in self._fresh else None

    def remember(self, key: str, answer: Answer) -> None:
        """Keep an answer in the other memory."""
        self._memory.remember(key, answer)
        self._fresh.add(key)
