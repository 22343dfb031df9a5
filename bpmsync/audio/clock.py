"""Where lost sound is missing, told by the time stamps of what was decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["GAP_S", "VORBIS_GAP_S", "FrameClock"]

# Containers that count in milliseconds round their time stamps; a lost frame is longer than this.
GAP_S: Final = 0.012
# Its time stamps waver by a quarter of a long block where block sizes change.
VORBIS_GAP_S: Final = 0.05
_BACK_S: Final = 0.25
_TRAILING_S: Final = 0.1


@dataclass(slots=True)
class FrameClock:
    """Where in the file the next sample belongs, by the time stamps of the frames.

    Parameters
    ----------
    origin_s : float or None
        The time stamp of the file's first sample, where the file tells it.
    end_s : float or None
        Its last, as declared.
    least_gap_s : float
        What counts as a gap between time stamps.
    position_s : float
        Seconds of sound so far, lost stretches included.
    lost_s : float
        Seconds that could not be decoded.
    """

    origin_s: float | None
    end_s: float | None = None
    least_gap_s: float = GAP_S
    position_s: float = 0.0
    lost_s: float = 0.0

    def gap_before(self, frame_s: float | None) -> float:
        """Return the seconds missing before a frame with this time stamp."""
        if frame_s is None:
            return 0.0
        if self.origin_s is not None and self.position_s:
            gap = frame_s - self.origin_s - self.position_s
            if -_BACK_S < gap <= self.least_gap_s:  # nearly always: this runs once a frame
                return 0.0
        elif self.origin_s is None or abs(frame_s - self.origin_s) < _TRAILING_S:
            # A decoder's own delay before its first sample is no damage.
            self.origin_s = frame_s - self.position_s
            return 0.0
        return self._unexpected(frame_s, frame_s - self.origin_s - self.position_s)

    def _unexpected(self, frame_s: float, gap: float) -> float:
        beyond = self.end_s is not None and frame_s > self.end_s + 1.0
        if gap < -_BACK_S or beyond:
            # Joined files start their time stamps again, broken ones leap: go on from here.
            self.origin_s = frame_s - self.position_s
            return 0.0
        return gap if gap > self.least_gap_s else 0.0

    def close(self, expected_end_s: float | None) -> None:
        """Count what is missing at the end of the file."""
        if expected_end_s is not None and self.origin_s is not None:
            missing = expected_end_s - self.origin_s - self.position_s
            self.lost_s += missing if missing > _TRAILING_S else 0.0
