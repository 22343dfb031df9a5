"""The plans that were made, kept in the library file, so that the next run can be another one.

Only which recordings a plan used is kept, in their order: enough to leave them out for a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpmsync.library.moments import micros
from bpmsync.library.rows import storable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from bpmsync.library.database import Transaction
    from bpmsync.library.store import Store

__all__ = ["KEPT_PLANS", "PlanBook"]

# Nobody asks for another run than the last fifty
KEPT_PLANS = 50


class PlanBook:
    """The plans made with one open library, the newest 50.

    Parameters
    ----------
    store : Store
        Open as long as the book is used.
    """

    def __init__(self, store: Store) -> None:
        self._database = store.database

    def record(
        self, mode: str, ramp: str, audio_hashes: Sequence[str], *, duration_s: float, at: dt.datetime
    ) -> None:
        """Keep a plan as the newest; where it is just like the newest, only the date is new.

        Parameters
        ----------
        mode, ramp : str
            Native or stretch, and the ramp in its text form.
        audio_hashes : sequence of str
            The recording of each leg, in order; of an imported song, its key.
        duration_s : float
            How long the run is.
        at : datetime.datetime
            When it was made, with a time zone.

        Raises
        ------
        ParameterError
            If the moment has no time zone.
        """
        made_us = micros(at)
        mode, ramp = storable(mode), storable(ramp)
        with self._database.transaction() as change:
            newest = change.rows("SELECT id, mode, ramp FROM plans ORDER BY id DESC LIMIT 1")
            for plan in newest:
                same = (plan["mode"], plan["ramp"]) == (mode, ramp)
                if same and _tracks_of(change, plan["id"]) == list(audio_hashes):
                    change.run("UPDATE plans SET made_us = ? WHERE id = ?", made_us, plan["id"])
                    return
            _add(change, (made_us, mode, ramp, duration_s), audio_hashes)

    def recent(self, count: int) -> list[tuple[str, ...]]:
        """Return what the newest plans played, the newest first: audio hashes in order."""
        rows = self._database.rows(
            """
            SELECT p.id, t.audio_hash FROM (SELECT id FROM plans ORDER BY id DESC LIMIT ?) p
            LEFT JOIN plan_tracks t ON t.plan_id = p.id ORDER BY p.id DESC, t.position
            """,
            max(0, count),
        )
        plans: dict[int, list[str]] = {}
        for row in rows:
            plans.setdefault(row["id"], []).extend([row["audio_hash"]] if row["audio_hash"] else [])
        return [tuple(tracks) for tracks in plans.values()]

    def forget_last(self) -> bool:
        """Forget the newest plan, as if it had not been made; tell whether there was one."""
        with self._database.transaction() as change:
            return change.run("DELETE FROM plans WHERE id = (SELECT max(id) FROM plans)") > 0


def _tracks_of(change: Transaction, plan_id: int) -> list[str]:
    query = "SELECT audio_hash FROM plan_tracks WHERE plan_id = ? ORDER BY position"
    return [row["audio_hash"] for row in change.rows(query, plan_id)]


def _add(change: Transaction, plan: tuple[object, ...], audio_hashes: Sequence[str]) -> None:
    change.run("INSERT INTO plans (made_us, mode, ramp, duration_s) VALUES (?, ?, ?, ?)", *plan)
    number = change.rows("SELECT max(id) AS id FROM plans")[0]["id"]
    for position, audio_hash in enumerate(audio_hashes):
        change.run("INSERT INTO plan_tracks VALUES (?, ?, ?)", number, position, audio_hash)
    old = "SELECT id FROM plans ORDER BY id DESC LIMIT -1 OFFSET ?"
    change.run(f"DELETE FROM plans WHERE id IN ({old})", KEPT_PLANS)  # noqa: S608 - words of ours
