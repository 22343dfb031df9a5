"""What the sound of a track says, measured once and block by block: nothing of the sound is kept.

Frame k is centred on sample k * hop; there are about a hundred a second. Ten frames make one
block: block j holds frames 10 j to 10 j + 9 and the samples from 10 j hops on. Magnitudes are
those of a sine's peak, full scale at 1.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import scipy.fft
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpmsync.beats.engines import Sound

__all__ = ["ATTACKS", "BANDS", "Features", "Floats", "measure_features"]

Floats: TypeAlias = NDArray[np.float32]

_FRAMES_PER_S = 100
_BLOCK_FRAMES = 10
_BLOCK_MEAN = np.full(_BLOCK_FRAMES, 1 / _BLOCK_FRAMES, np.float32)  # a product is faster than a mean
_CHUNK = 240  # frames looked at together; few enough to stay in the processor's cache
# Rows multiplied together: OpenBLAS would wake its threads for more, which costs ten times the work.
_ROWS = 24
_WINDOW_S = 0.0464
_MEL_BANDS = 72
_MEL_PARTS = 3
_LOWEST_HZ = 27.5
_HIGHEST_HZ = 10_000.0
_LAG = 2
# Edges of the six bands between which the rise is told apart.
_EDGES_HZ = (120.0, 250.0, 500.0, 1200.0, 4000.0)
BANDS = len(_EDGES_HZ) + 1
ATTACKS = 4  # values of the attack for each frame
_TONES_HZ = (60.0, 1500.0)
_A4_HZ = 440.0
# The mel scale as M. Slaney's Auditory Toolbox (1998) has it: a line to 1 kHz, then a logarithm.
_LINE_HZ = 200 / 3
_BEND_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What later stages need of the sound of a track.

    Parameters
    ----------
    flux : numpy.ndarray of float32, shape (n, 6)
        How much each band's log spectrum rises at a frame; 0 or more.
    frame_s : float
        Seconds from one frame to the next.
    power : numpy.ndarray of float32, shape (m,)
        Mean square of the samples of each block; beyond the end there is silence.
    chroma : numpy.ndarray of float32, shape (m, 12)
        Mean magnitude of each block between 60 and 1,500 Hz by pitch class, C first.
    block_s : float
        Seconds from one block to the next: ten frames.
    attack : numpy.ndarray of float32, shape (4 n,)
        Mean square of the difference of neighbouring samples, four times a frame: when sound
        begins, to a few milliseconds. Value i holds what sounds from i / 4 hops on.
    duration_s : float
        Length of the sound.
    """

    flux: Floats
    frame_s: float
    power: Floats
    chroma: Floats
    block_s: float
    attack: Floats
    duration_s: float


def measure_features(sound: Sound, sample_rate: int) -> Features:
    """Return the features of mono sound, an array or blocks of it one after the other.

    Parameters
    ----------
    sound : numpy.ndarray of float32, shape (n,), or iterable of such
        Mono; may be shorter than a frame, or empty.
    sample_rate : int
        In Hz, 8,000 or more.
    """
    shape = _shape(sample_rate)
    framer = _Framer(shape)
    flux, power, chroma, attack = [], [], [], []
    tail = np.zeros((_LAG, len(shape.pool)), np.float32)
    # Kept from chunk to chunk: memory that is given back is asked for again, page by page.
    windowed = np.empty((_CHUNK, shape.size), np.float32)
    spectrum = np.empty((_CHUNK, shape.size // 2 + 1), np.float32)
    for room in framer.rooms((sound,) if isinstance(sound, np.ndarray) else sound):
        np.multiply(_frames(room, shape), shape.window, out=windowed)
        np.abs(scipy.fft.rfft(windowed, axis=1), out=spectrum)
        history = np.concatenate([tail, _log_mel(spectrum, shape)])
        flux.append(_rise(history, shape.pool))
        power.append(_power(room, shape))
        chroma.append(_chroma(spectrum, shape))
        attack.append(_attack(room, shape))
        tail = history[-_LAG:]
    count = framer.length // shape.hop + 1
    blocks = -(-count // _BLOCK_FRAMES)
    rises = np.concatenate(flux)[:count]
    rises[:_LAG] = 0  # sound that is there from the start has not begun
    frame_s = shape.hop / sample_rate
    return Features(
        flux=rises,
        frame_s=frame_s,
        power=np.concatenate(power)[:blocks],
        chroma=np.concatenate(chroma)[:blocks],
        block_s=_BLOCK_FRAMES * frame_s,
        attack=np.concatenate(attack)[: ATTACKS * count],
        duration_s=framer.length / sample_rate,
    )


def _frames(room: Floats, shape: _Shape) -> Floats:
    """Return the frames of a chunk as rows, without a copy."""
    # numpy's sliding_window_view does the same, and takes as long as the chunk's attack, power and chroma.
    step = room.itemsize
    return np.ndarray((_CHUNK, shape.size), np.float32, room, strides=(shape.hop * step, step))


def _log_mel(spectrum: Floats, shape: _Shape) -> Floats:
    """Return log(1 + 1000 x) of the mel bands of a chunk, shape (n, mel bands)."""
    bands = np.empty((len(spectrum), len(shape.pool)), np.float32)
    few, many = (values.reshape(-1, _ROWS, values.shape[1]) for values in (bands, spectrum))
    for part in shape.mel:
        few[:, :, part.bands] = many[:, :, part.bins] @ part.weights
    # Not log1p, which is five times as slow; what it saves is far below the least rise that counts.
    bands *= np.float32(1000)
    bands += np.float32(1)
    return np.log(bands, out=bands)


def _rise(history: Floats, pool: Floats) -> Floats:
    """Return the rise of each band since `_LAG` frames ago, for all frames but the first `_LAG`.

    A neighbouring mel band's level counts as the band's own, which leaves vibrato out (Boeck
    and Widmer, SuperFlux, 2013).

    Parameters
    ----------
    history : numpy.ndarray of float32, shape (n + 2, mel bands)
        The log spectrum, two frames of the chunk before it included.
    pool : numpy.ndarray of float32, shape (mel bands, bands)
        Which mel band is averaged into which band.
    """
    before = history[:-_LAG].copy()
    np.maximum(before[:, 1:], history[:-_LAG, :-1], out=before[:, 1:])
    np.maximum(before[:, :-1], history[:-_LAG, 1:], out=before[:, :-1])
    rise: Floats = np.maximum(history[_LAG:] - before, 0) @ pool
    return rise


def _power(room: Floats, shape: _Shape) -> Floats:
    """Return the mean square of each block of a chunk."""
    first, width = shape.size // 2, shape.hop * _BLOCK_FRAMES
    blocks = room[first : first + _CHUNK * shape.hop].reshape(-1, width)
    power: Floats = np.vecdot(blocks, blocks) / np.float32(width)
    return power


def _attack(room: Floats, shape: _Shape) -> Floats:
    """Return the mean square of the first difference in each quarter of a hop."""
    first, width = shape.size // 2, shape.hop // ATTACKS
    last = first + _CHUNK * shape.hop
    change = (room[first:last] - room[first - 1 : last - 1]).reshape(_CHUNK, shape.hop)
    quarters = change[:, : ATTACKS * width].reshape(-1, width)
    attack: Floats = np.einsum("ij,ij->i", quarters, quarters) / np.float32(width)
    return attack


def _chroma(spectrum: Floats, shape: _Shape) -> Floats:
    """Return the mean magnitude by pitch class in each block of a chunk."""
    tones = spectrum[:, shape.tones].reshape(-1, _BLOCK_FRAMES, len(shape.classes))
    folded: Floats = np.matmul(_BLOCK_MEAN, tones) @ shape.classes
    return folded


@dataclass(slots=True)
class _Framer:
    """Fills a room with the samples of one chunk of frames after the other, and counts them."""

    shape: _Shape
    length: int = 0

    def rooms(self, blocks: Iterable[Floats]) -> Iterator[Floats]:
        """Yield the samples of each chunk, good until the next; silence stands before and after."""
        size, step = self.shape.size, _CHUNK * self.shape.hop
        room = np.zeros(step - self.shape.hop + size, np.float32)
        used = size // 2
        for block in blocks:
            self.length += len(block)
            done = 0
            while done < len(block):
                part = block[done : done + len(room) - used]
                room[used : used + len(part)] = part
                used, done = used + len(part), done + len(part)
                if used == len(room):
                    yield room
                    used -= step
                    room[:used] = room[step:]
        room[used:] = 0
        while used >= size // 2:  # a frame is centred on a sample that there is
            yield room
            used -= step
            room[:-step] = room[step:]
            room[-step:] = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some neighbouring mel bands, with the bins that they reach over."""

    bins: slice
    bands: slice
    weights: Floats  # (bins, bands)


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """All that depends on the sample rate alone."""

    hop: int
    size: int
    window: Floats
    mel: tuple[_Part, ...]
    pool: Floats  # (mel bands, bands)
    tones: slice  # of the bins
    classes: Floats  # (tone bins, 12)


@functools.lru_cache(maxsize=4)
def _shape(sample_rate: int) -> _Shape:
    size = 1 << round(np.log2(_WINDOW_S * sample_rate))
    window = np.hanning(size + 1)[:-1]
    mel = _mel_weights(sample_rate, size)
    mel = mel[mel.sum(axis=1) > 0]
    first, last = (round(hz * size / sample_rate) for hz in _TONES_HZ)
    return _Shape(
        hop=sample_rate // _FRAMES_PER_S,
        size=size,
        window=(window * 2 / window.sum()).astype(np.float32),
        mel=tuple(_parts(mel)),
        pool=_pool(mel, sample_rate / size),
        tones=slice(first, last),
        classes=_pitch_classes(np.arange(first, last), sample_rate / size),
    )


def _mel_weights(sample_rate: int, size: int) -> NDArray[np.float64]:
    """Return triangles of height 1 over the bins, evenly spaced in mel, shape (bands, bins)."""
    highest = min(_HIGHEST_HZ, sample_rate / 2)
    edges = _hz(np.linspace(_mel(_LOWEST_HZ), _mel(highest), _MEL_BANDS + 2))[:, None]
    bins = np.arange(size // 2 + 1) * sample_rate / size
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    up, down = (bins - left) / (middle - left), (right - bins) / (right - middle)
    weights: NDArray[np.float64] = np.maximum(np.minimum(up, down), 0)
    return weights


def _parts(mel: NDArray[np.float64]) -> Iterator[_Part]:
    """Yield the mel weights in parts: whole, nearly all of them are 0."""
    width = -(-len(mel) // _MEL_PARTS)
    for first in range(0, len(mel), width):
        rows = mel[first : first + width]
        reached = np.flatnonzero(rows.any(axis=0))
        bins = slice(int(reached[0]), int(reached[-1]) + 1)
        yield _Part(bins, slice(first, first + len(rows)), rows.T[bins].astype(np.float32))


def _mel(hz: float) -> float:
    return (
        hz / _LINE_HZ if hz < _BEND_HZ else (_BEND_HZ / _LINE_HZ + float(np.log(hz / _BEND_HZ)) / _LOG_STEP)
    )


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    beyond = mel - _BEND_HZ / _LINE_HZ
    hz: NDArray[np.float64] = np.where(beyond < 0, mel * _LINE_HZ, _BEND_HZ * np.exp(_LOG_STEP * beyond))
    return hz


def _pool(mel: NDArray[np.float64], bin_hz: float) -> Floats:
    """Return the averaging of mel bands into the bands, shape (mel bands, bands)."""
    centres = mel @ np.arange(mel.shape[1]) / mel.sum(axis=1)
    group = np.searchsorted(_EDGES_HZ, centres * bin_hz)
    pool = (group[:, None] == np.arange(BANDS)).astype(np.float32)
    averaging: Floats = pool / np.maximum(pool.sum(axis=0), 1)
    return averaging


def _pitch_classes(bins: NDArray[np.int64], bin_hz: float) -> Floats:
    """Return which part of each bin's width on the pitch axis lies in which class, (bins, 12)."""
    # In semitones from C; a class reaches half a semitone to both sides.
    edges = 12 * np.log2((np.append(bins, bins[-1] + 1) - 0.5) * bin_hz / _A4_HZ) + 9.5
    fine = np.linspace(edges[:-1], edges[1:], 101)
    middle = (fine[1:] + fine[:-1]) / 2
    classes = np.floor(middle)[..., None] % 12 == np.arange(12)
    shares: Floats = classes.mean(axis=0).astype(np.float32)
    return shares
