"""Two channels out of files: both sides as they are, on the same clock as the mean of them."""

from __future__ import annotations

import shutil
import subprocess
import tracemalloc
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
import pytest

from bpmsync.audio.decode import Channels, Samples, open_audio
from bpmsync.audio.encode import write_wav
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 44_100
FIXTURES = [
    "Jig of the Lost Sandal.mp3",
    "Two Gears.m4a",
    "Treppenhaus.opus",
    "Plain Tin.flac",
    "Waltz for Wet Socks.ogg",
    "Office Chair.wma",
    "untitled.aac",
    "one breath.aiff",
    "two seconds.wav",
]


def read(path: Path, *, channels: Channels = 2, sample_rate: int = RATE) -> Samples:
    blocks = list(open_audio(path, sample_rate=sample_rate, channels=channels).blocks())
    return np.concatenate(blocks, axis=-1)


def noise(channels: int, seconds: float, *, rate: int = RATE, seed: int = 0) -> Samples:
    """Return channels that have nothing to do with each other, in whole sixteen-bit values."""
    values = np.random.default_rng(seed).integers(-9000, 9000, (channels, round(seconds * rate)))
    return np.asarray(values / 32_768, np.float32)


def write(path: Path, codec: str, sound: Samples, layout: str, sample_format: str = "s16") -> None:
    """Write sound whose channels differ, sample for sample."""
    bits = 16 if sample_format == "s16" else 32
    values: NDArray[Any] = np.rint(sound * 2.0 ** (bits - 1)).astype(f"i{bits // 8}")
    with av.open(str(path), "w") as out:
        stream = cast("av.AudioStream", out.add_stream(codec, rate=RATE, layout=layout))
        stream.codec_context.format = av.AudioFormat(sample_format)
        frame = av.AudioFrame.from_ndarray(values.T.reshape(1, -1), format=sample_format, layout=layout)
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def native(path: Path) -> tuple[int, int]:
    """Return rate and number of channels of a file."""
    with av.open(str(path)) as container:
        codec = container.streams.audio[0].codec_context
        return codec.sample_rate, codec.channels


@pytest.mark.parametrize("name", [name for name in FIXTURES if not name.endswith("wma")])
def test_every_format_gives_what_another_decoder_gives(fixtures_audio: Path, name: str) -> None:
    path = fixtures_audio / name
    rate, channels = native(path)
    ours = read(path, sample_rate=rate)
    theirs = by_ffmpeg(path, channels) if path.suffix in {".m4a", ".aac", ".opus"} else by_soundfile(path)
    if path.suffix in {".flac", ".aiff", ".wav"}:
        assert np.array_equal(ours, theirs[[0, -1]])
        return
    # another decoder may cut the end of a lossy file otherwise; the rest agrees to the last bits
    assert abs(ours.shape[1] - theirs.shape[1]) < 5000
    frames = min(ours.shape[1], theirs.shape[1]) - 5000
    np.testing.assert_allclose(ours[:, :frames], theirs[[0, -1], :frames], atol=1e-5)


def by_soundfile(path: Path) -> Samples:
    """Return what libsndfile reads: its own readers, mpg123 and libvorbis."""
    soundfile = pytest.importorskip("soundfile", reason="no other decoder to compare with")
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0].T)


def by_ffmpeg(path: Path, channels: int) -> Samples:
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg program to compare with")
    command = ["ffmpeg", "-v", "quiet", "-i", str(path), "-f", "f32le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.float32).reshape(-1, channels).T


@pytest.mark.parametrize(("name", "rate"), list(zip(FIXTURES, [RATE, 22_050, 16_000] * 3, strict=True)))
def test_the_mean_of_both_sides_is_the_one_channel(fixtures_audio: Path, name: str, rate: int) -> None:
    both = read(fixtures_audio / name, sample_rate=rate)
    one = read(fixtures_audio / name, sample_rate=rate, channels=1)
    assert both.shape == (2, len(one))
    np.testing.assert_allclose(both.mean(axis=0), one, atol=3e-6)


@pytest.mark.parametrize(
    ("ending", "codec", "kind"),
    [("flac", "flac", "s16"), ("wav", "pcm_s32le", "s32"), ("aiff", "pcm_s16be", "s16")],
)
def test_left_stays_left_and_nothing_is_lost(tmp_path: Path, ending: str, codec: str, kind: str) -> None:
    sound = noise(2, 3)
    write(tmp_path / f"a.{ending}", codec, sound, "stereo", kind)
    assert np.array_equal(read(tmp_path / f"a.{ending}"), sound)


def test_one_channel_is_doubled(tmp_path: Path) -> None:
    sound = noise(1, 2)
    write(tmp_path / "a.flac", "flac", sound, "mono")
    assert np.array_equal(read(tmp_path / "a.flac"), np.repeat(sound, 2, axis=0))
    lower = read(tmp_path / "a.flac", sample_rate=32_000)
    assert np.array_equal(lower[0], lower[1])
    assert np.array_equal(lower[0], read(tmp_path / "a.flac", sample_rate=32_000, channels=1))


def test_six_channels_are_mixed_down_by_their_places(tmp_path: Path) -> None:
    sound = noise(6, 1)
    write(tmp_path / "a.wav", "pcm_s16le", sound, "5.1")
    left, right = read(tmp_path / "a.wav")
    low = 0.5**0.5
    front_left, front_right, centre, _, back_left, back_right = sound
    scale = 1 / (1 + 2 * low)
    np.testing.assert_allclose(left, scale * (front_left + low * (centre + back_left)), atol=1e-6)
    np.testing.assert_allclose(right, scale * (front_right + low * (centre + back_right)), atol=1e-6)


@pytest.mark.parametrize("layout", ["3.0", "quad", "5.0", "7.1", "hexagonal"])
def test_full_scale_on_all_channels_is_full_scale_on_both(tmp_path: Path, layout: str) -> None:
    channels = av.AudioLayout(layout).nb_channels
    write(tmp_path / "a.wav", "pcm_s16le", np.full((channels, 3000), 0.5, np.float32), layout)
    np.testing.assert_allclose(read(tmp_path / "a.wav"), 0.5, atol=1e-6)


def test_channels_without_places_go_left_and_right_by_turns(tmp_path: Path) -> None:
    sound = noise(4, 1)
    write_wav(tmp_path / "a.wav", sound, RATE)
    data = (tmp_path / "a.wav").read_bytes()
    # an extensible head whose mask of places is 0
    plain = data[20:36]
    extended = b"\xfe\xff" + plain[2:] + b"\x16\x00\x10\x00" + bytes(4) + b"\x01\x00"
    extended += bytes.fromhex("000000001000800000aa00389b71")
    head = data[:16] + len(extended).to_bytes(4, "little") + extended
    (tmp_path / "a.wav").write_bytes(head + data[36:])
    with av.open(str(tmp_path / "a.wav")) as container:
        assert container.streams.audio[0].codec_context.channels == 4
    left, right = read(tmp_path / "a.wav")
    np.testing.assert_allclose(left, (sound[0] + sound[2]) / 2, atol=1e-4)
    np.testing.assert_allclose(right, (sound[1] + sound[3]) / 2, atol=1e-4)


def test_lost_stretches_keep_their_place_on_both_sides(tmp_path: Path) -> None:
    sound = noise(2, 8)
    write(tmp_path / "a.flac", "flac", sound, "stereo")
    data = bytearray((tmp_path / "a.flac").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60_000] = bytes(60_000)
    (tmp_path / "a.flac").write_bytes(data)
    audio = open_audio(tmp_path / "a.flac", sample_rate=RATE, channels=2)
    both = np.concatenate(list(audio.blocks()), axis=1)
    assert audio.lost_s > 0.1
    assert both.shape == sound.shape
    assert np.array_equal(both[:, : 3 * RATE], sound[:, : 3 * RATE])
    assert np.array_equal(both[:, 6 * RATE :], sound[:, 6 * RATE :])
    one = read(tmp_path / "a.flac", channels=1)
    np.testing.assert_allclose(both.mean(axis=0), one, atol=1e-6)


def test_a_file_that_changes_its_channels_in_the_middle_goes_on(tmp_path: Path) -> None:
    sound = noise(2, 2)
    for name, layout, channels in (("a", "stereo", 2), ("b", "mono", 1)):
        with av.open(str(tmp_path / f"{name}.mp3"), "w") as out:
            stream = out.add_stream("libmp3lame", rate=RATE, layout=layout)
            frame = av.AudioFrame.from_ndarray(sound[:channels], format="fltp", layout=layout)
            frame.sample_rate = RATE
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    joined = tmp_path / "joined.mp3"
    joined.write_bytes((tmp_path / "a.mp3").read_bytes() + (tmp_path / "b.mp3").read_bytes())
    both, one = read(joined), read(joined, channels=1)
    assert both.shape == (2, len(one))
    np.testing.assert_allclose(both.mean(axis=0), one, atol=1e-6)
    end = both[:, -RATE:-4000]
    assert np.array_equal(end[0], end[1])
    assert not np.array_equal(both[0, RATE // 2 : RATE], both[1, RATE // 2 : RATE])


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    peaks = []
    for seconds in (10, 40):
        write(tmp_path / "a.wav", "pcm_s16le", noise(2, seconds), "stereo")
        tracemalloc.start()
        for block in open_audio(tmp_path / "a.wav", sample_rate=RATE, channels=2).blocks():
            assert block.shape[0] == 2
            assert block.shape[1] <= 65_536
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_three_channels_are_not_for_sale(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="channels must be 1 or 2"):
        open_audio(tmp_path / "a.wav", channels=3)  # type: ignore[arg-type]


def test_the_sound_is_the_same_without_its_hash(fixtures_audio: Path) -> None:
    path = fixtures_audio / FIXTURES[0]
    hashed, plain = (open_audio(path, sample_rate=RATE, channels=2, hashed=yes) for yes in (True, False))
    first, second = (np.concatenate(list(one.blocks()), axis=1) for one in (hashed, plain))
    assert np.array_equal(first, second)
    assert (hashed.duration_s, hashed.audio_hash[:3]) == (plain.duration_s, "b2:")
    assert plain.audio_hash == ""
