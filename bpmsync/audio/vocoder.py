"""A phase vocoder that follows a time map: the speed changes, the pitch and the image do not.

Output frames lie one hop apart, and where in the source each is taken from is read off the map.
A spectrum is moved to its new place by turning its phases; nothing else of it changes:

-   **How far a partial turns in one hop** is measured, not estimated: the source is analysed
    twice, one hop apart, so no phase is ever unwrapped (M. Puckette, "Phase-locked vocoder",
    IEEE Workshop on Applications of Signal Processing to Audio and Acoustics, 1995).
-   **Identity phase locking**: only the peaks of the spectrum are followed, and the bins around a
    peak turn with it, so that what belongs together stays together (J. Laroche and M. Dolson,
    "Improved phase vocoder time-scale modification of audio", IEEE Transactions on Speech and
    Audio Processing 7(3), 1999).
-   **One rotation for all channels**: differences of level and time between them are exact.
-   **Where the map runs at rate 1** frames are not turned at all: the sound is the source's, sample
    by sample, and the phases start afresh from there (A. Robel, "A new approach to transient
    processing in the phase vocoder", DAFx 2003, resets phases at attacks for the same reason).
    `bpmsync.timeline.protection` puts such plateaus around beats.

A frame is 4 hops long, with a Hann window before and after: four overlapping frames add up to a
constant. Hop and frame scale with the sample rate, 512 and 2048 at 44.1 kHz. Frame 0 of the
source is second 0 of the map.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from bpmsync.audio.source import Sound, SourceWindow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpmsync.timeline.arrays import IntArray
    from bpmsync.timeline.timemap import TimeMap

__all__ = ["hop_frames", "vocode"]

_Spectra: TypeAlias = NDArray[np.complex64]

_HOP_S: Final = 512 / 44_100
_OVERLAP: Final = 4
_WINDOWS_ADD_UP_TO: Final = 1.5  # squared Hann windows, a quarter of a window apart
# A piece of the map that drifts from the source by less is played as it is.
_DRIFT_FRAMES: Final = 0.01
_LONGEST_BATCH: Final = 64  # frames for which numpy is called once
_SILENT: Final = 1e-18  # power below which a phase means nothing; its square is a float32


def hop_frames(sample_rate: int) -> int:
    """Return the hop in frames: 11.6 ms, as a product of 2, 3 and 5, which is fast to transform.

    Examples
    --------
    >>> hop_frames(44_100), hop_frames(48_000), hop_frames(8_000)
    (512, 540, 90)
    """
    smooth: list[int] = [2**a * 3**b * 5**c for a, b, c in product(range(13), range(5), range(4))]
    return min(smooth, key=lambda hop: (abs(hop - _HOP_S * sample_rate), hop))


def vocode(blocks: Iterable[Sound], timemap: TimeMap, *, sample_rate: int) -> Iterator[Sound]:
    """Yield the sound that a map makes, at the source's pitch.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray of float32, shape (channels, frames)
        From second 0 on; read little further than the map goes.
    timemap : TimeMap
        Source seconds to output seconds.
    sample_rate : int
        In Hz, of both.

    Yields
    ------
    numpy.ndarray of float32, shape (channels, frames)
        Together round((out end - out start) * sample_rate) frames, the same ones however the
        source is cut into blocks.
    """
    frames = _Frames.along(timemap, sample_rate)
    maker = _Maker(SourceWindow(iter(blocks)), frames)
    left = frames.total
    for first, stop in frames.batches():
        sound = maker.make(first, stop)[:, :left]
        left -= sound.shape[1]
        if sound.shape[1]:
            yield sound


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """Where each frame is taken from. Frame f is centred on output sample (f - 1) * hop.

    Block b of the output, one hop long, is what frames b to b + 3 add up to.
    """

    hop: int
    total: int  # output samples
    places: IntArray  # source sample on which each frame is centred
    as_it_is: NDArray[np.bool_]  # frames that are not turned
    untouched: NDArray[np.bool_]  # blocks that are the source's very samples
    needed: NDArray[np.bool_]  # frames of which some other block is made

    @classmethod
    def along(cls, timemap: TimeMap, sample_rate: int) -> _Frames:
        """Return the frames of a whole map."""
        hop = hop_frames(sample_rate)
        source, out = timemap.source_s * sample_rate, timemap.out_s * sample_rate
        total = round(out[-1] - out[0])
        count = -(-total // hop)
        centres = (np.arange(count + _OVERLAP - 1) - 1) * hop
        moving = np.rint(timemap.inverse((centres + out[0]) / sample_rate) * sample_rate)
        drifts = np.abs(np.diff(source) - np.diff(out))
        shifts = np.rint((source - out)[:-1] + out[0])  # from output sample to source sample
        piece = np.clip(np.searchsorted(out, centres + out[0], side="right") - 1, 0, len(shifts) - 1)
        as_it_is = drifts[piece] < _DRIFT_FRAMES
        places = np.where(as_it_is, centres + shifts[piece], moving).astype(np.int64)
        as_it_is[:1] = True  # phases have to start somewhere
        untouched = _untouched(places - centres, as_it_is)
        return cls(hop, total, places, as_it_is, untouched, _needed(untouched))

    def batches(self) -> Iterator[tuple[int, int]]:
        """Yield first frame and end of what is made at once: first frames as they are, then turned ones."""
        begins = np.flatnonzero(self.as_it_is[1:] & ~self.as_it_is[:-1]) + 1
        for first, stop in pairwise([0, *begins.tolist(), len(self.places)]):
            for at in range(first, stop, _LONGEST_BATCH):
                yield at, min(at + _LONGEST_BATCH, stop)


def _untouched(shifts: IntArray, as_it_is: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which blocks are made of frames that are as they are, and moved alike."""
    steady = as_it_is[:-1] & as_it_is[1:] & (shifts[:-1] == shifts[1:])
    untouched: NDArray[np.bool_] = steady[:-2] & steady[1:-1] & steady[2:]
    return untouched


def _needed(untouched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    needed = np.zeros(len(untouched) + _OVERLAP - 1, bool)
    for later in range(_OVERLAP):
        needed[later : later + len(untouched)] |= ~untouched
    return needed


@dataclass(slots=True)
class _Maker:
    """Makes the output batch by batch, and keeps what the next batch goes on from."""

    source: SourceWindow
    frames: _Frames
    window: Sound = field(init=False)
    _sound: Sound = field(init=False)  # of the source, around this batch
    _sound_at: int = field(default=0, init=False)
    _tail: Sound | None = field(default=None, init=False)  # three blocks that want more frames
    _spectrum: _Spectra = field(init=False)  # of the last frame; the very first is never turned
    _turn: _Spectra | None = field(default=None, init=False)  # of the last frame

    def __post_init__(self) -> None:
        size = _OVERLAP * self.frames.hop
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)

    def make(self, first: int, stop: int) -> Sound:
        """Return the blocks that frames `first` to before `stop` complete."""
        hop = self.frames.hop
        self._read_around(first, stop)
        sums = np.zeros((len(self._sound), stop - first + _OVERLAP - 1, hop), np.float32)
        if self._tail is not None:
            sums[:, : _OVERLAP - 1] = self._tail
        needed = np.flatnonzero(self.frames.needed[first:stop])
        if len(needed):
            # A frame in between that nobody needs is cheaper made than stepped over
            begin, end = int(needed[0]), int(needed[-1]) + 1
            made = self._moved(first + begin, first + end)
            made *= np.float32(1 / _WINDOWS_ADD_UP_TO) * self.window
            parts = made.reshape(*made.shape[:2], _OVERLAP, hop)
            for later in range(_OVERLAP):
                sums[:, begin + later : end + later] += parts[:, :, later]
        self._tail = sums[:, stop - first :].copy()
        start = max(0, _OVERLAP - 1 - first)  # before block 0 there is nothing to hear
        finished = sums[:, start : stop - first]
        self._copy_untouched(finished, first - (_OVERLAP - 1) + start)
        return finished.reshape(len(finished), -1)

    def _read_around(self, first: int, stop: int) -> None:
        hop, places = self.frames.hop, self.frames.places
        # Blocks that this batch completes reach back to frames before it
        near = places[max(0, first - _OVERLAP) : stop]
        self._sound_at = int(near.min()) - 3 * hop
        self.source.forget(self._sound_at - hop)
        self._sound = self.source.read(self._sound_at, int(near.max()) + 2 * hop)

    def _copy_untouched(self, blocks: Sound, first_block: int) -> None:
        hop, frames = self.frames.hop, self.frames
        for index in np.flatnonzero(frames.untouched[first_block : first_block + blocks.shape[1]]):
            # Frame b is centred a hop before block b
            start = int(frames.places[first_block + index]) + hop - self._sound_at
            blocks[:, index] = self._sound[:, start : start + hop]

    def _moved(self, first: int, stop: int) -> Sound:
        """Return the windowed frames, turned to where they belong."""
        places = self.frames.places[first:stop]
        here = self._taken(places)
        still = int(np.count_nonzero(self.frames.as_it_is[first:stop]))  # they come first
        spectra = _spectra(here[:, max(0, still - 1) :])
        last = spectra[:, -1:].copy()
        if still:
            self._turn = None  # phases start afresh
        if still < len(places):
            crossed = _spectra(self._taken(places[still:] - self.frames.hop))
            np.conj(crossed, out=crossed)
            if still:
                crossed *= spectra[:, :-1]
                moving = spectra[:, 1:]
            else:
                crossed[:, :1] *= self._spectrum
                crossed[:, 1:] *= spectra[:, :-1]
                moving = spectra
            moving *= self._turns(crossed.sum(axis=0), _power(moving))
            here[:, still:] = irfft(moving, n=here.shape[2], overwrite_x=True)
        self._spectrum = last
        return here

    def _taken(self, places: IntArray) -> Sound:
        size = len(self.window)
        taken = np.empty((len(self._sound), len(places), size), np.float32)
        for frame, start in enumerate((places - size // 2 - self._sound_at).tolist()):
            np.multiply(self._sound[:, start : start + size], self.window, out=taken[:, frame])
        return taken

    def _turns(self, crossed: _Spectra, power: Sound) -> _Spectra:
        """Return the rotation of every bin of frames that are turned, one after another."""
        hops = _phase_hops(crossed)
        leaders = _leading_peaks(power)
        turn = self._turn
        for row, leading in enumerate(leaders):
            if turn is not None:
                hops[row] *= turn
            turn = hops[row] = hops.take(leading)
        # Rounding must not add up to a change of level
        self._turn = np.asarray(hops[-1] / np.abs(hops[-1]), np.complex64)
        return hops


def _spectra(frames: Sound) -> _Spectra:
    # An eighth of the time that numpy 2.4's takes: it transforms several frames at once
    spectra: _Spectra = rfft(frames)
    return spectra


def _phase_hops(crossed: _Spectra) -> _Spectra:
    """Return by how much more a bin has turned in the output than in the source, of size 1.

    The output's last frame shows a spectrum; one hop before the frame that follows it the source
    shows another. Their product, one of them conjugate, summed over the channels so that each
    counts by its power, is `crossed`, which is used up.
    """
    # numpy's absolute value guards against numbers that sound does not have
    size = np.sqrt(np.square(crossed.real) + np.square(crossed.imag))
    silent = size < _SILENT
    crossed[silent], size[silent] = 1, 1
    # A complex number over a real one costs numpy as much as over a complex one
    np.reciprocal(size, out=size)
    crossed.real *= size
    crossed.imag *= size
    return crossed


def _power(spectra: _Spectra) -> Sound:
    power: Sound = np.square(spectra.real).sum(axis=0) + np.square(spectra.imag).sum(axis=0)
    return power


def _leading_peaks(power: Sound) -> IntArray:
    """Return for every bin the nearest peak: a bin above its two neighbours on either side.

    Peaks are told by their place in all the rows, one after another.
    """
    rows, bins = power.shape
    peaks = np.zeros(power.shape, bool)
    middle = power[:, 2:-2]
    peaks[:, 2:-2] = (middle > power[:, 1:-3]) & (middle > power[:, :-4])
    peaks[:, 2:-2] &= (middle >= power[:, 3:-1]) & (middle >= power[:, 4:])
    peaks[~peaks.any(axis=1), 0] = True  # silence: any bin will do
    at = np.flatnonzero(peaks)
    ends = np.zeros(len(at) + 1, np.intp)
    ends[1:-1] = ((at[:-1] + at[1:]) >> 1) + 1
    ends[np.cumsum(np.count_nonzero(peaks, axis=1))] = bins * np.arange(1, rows + 1)
    return np.repeat(at, np.diff(ends)).reshape(power.shape)
