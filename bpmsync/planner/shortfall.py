"""Words for music that does not cover a run: the cadences, the clock, and what would help."""

from __future__ import annotations

from bpmsync.timeline.durations import format_clock

__all__ = ["clock_of", "more_music", "spm_span"]


def more_music(low_spm: float, high_spm: float) -> str:
    """Return which music would fill a hole at these cadences."""
    low, high = f"{low_spm:.0f}", f"{high_spm:.0f}"
    tempo = low if low == high else f"{low}-{high}"
    return (
        f"more music at {tempo} BPM, or half or double that, would fill it "
        "(bpmsync coverage shows what there is)"
    )


def spm_span(low_spm: float, high_spm: float) -> str:
    """Return a range of cadences: ``160-172 spm``, or one where both ends round to the same."""
    return f"{low_spm:.4g} spm" if round(low_spm) == round(high_spm) else f"{low_spm:.4g}-{high_spm:.4g} spm"


def clock_of(seconds: float) -> str:
    """Return a run second, rounded, as a clock shows it."""
    return format_clock(float(round(seconds)))
