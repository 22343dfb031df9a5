"""Sound in and out: every container, damage, gaps, and the hash that tags do not change."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import numpy as np
import pytest

from bpmsync.audio.decode import Samples, audio_blocks, identify, open_audio, read_audio
from bpmsync.audio.encode import write_wav
from bpmsync.errors import DecodeError, ExportError, ParameterError

if TYPE_CHECKING:
    from pathlib import Path

RATE = 44_100
CONTAINERS = [
    ("mp3", "libmp3lame", "s16p"),
    ("m4a", "aac", "fltp"),
    ("flac", "flac", "s16"),
    ("opus", "libopus", "flt"),
    ("wma", "wmav2", "fltp"),
    ("aiff", "pcm_s16be", "s16"),
    ("wav", "pcm_u8", "u8"),
    ("mka", "pcm_f32le", "flt"),
]


def tone(seconds: float, rate: int = RATE) -> Samples:
    """Return a 440 Hz tone with a bump of loudness every second."""
    t = np.arange(round(seconds * rate)) / rate
    loudness = 0.2 + 0.3 * (t % 1.0 < 0.2)
    return (loudness * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


def encode(
    path: Path, codec: str, sample_format: str, sound: Samples, rate: int = RATE, *, layout: str = "stereo"
) -> None:
    """Write sound to all channels of a file."""
    with av.open(str(path), "w") as out:
        stream = cast("av.AudioStream", out.add_stream(codec, rate=rate))
        stream.bit_rate = 128_000
        stream.layout = layout
        stereo = np.ascontiguousarray(np.stack([sound, sound]))
        frame = av.AudioFrame.from_ndarray(stereo, format="fltp", layout="stereo")
        frame.sample_rate = rate
        frame.pts, frame.time_base = 0, Fraction(1, rate)  # so that the lead-in is declared
        resampler = av.AudioResampler(sample_format, layout, rate, frame_size=stream.frame_size or 1152)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


def correlation(a: Samples, b: Samples) -> float:
    n = min(len(a), len(b))
    return float(np.corrcoef(a[:n], b[:n])[0, 1])


@pytest.mark.parametrize(("ending", "codec", "sample_format"), CONTAINERS)
def test_every_container_gives_the_same_sound(
    tmp_path: Path, ending: str, codec: str, sample_format: str
) -> None:
    rate = 48_000 if ending == "opus" else RATE
    path = tmp_path / f"Sømething #1 %03d: {ending}.{ending}"
    encode(path, codec, sample_format, tone(6, rate), rate)
    audio = read_audio(path)
    assert audio.duration_s == pytest.approx(6, abs=0.12)
    assert len(audio.samples) == pytest.approx(audio.duration_s * 22_050, abs=30)
    assert audio.lost_s == 0
    # The same loudness whatever the container: mono is (L + R) / 2. WMA starts 46 ms early.
    assert np.abs(audio.samples).max() == pytest.approx(0.5, abs=0.05)
    if ending != "wma":
        assert correlation(audio.samples, tone(6, 22_050)) > 0.97
    assert identify(path).audio_hash == audio.audio_hash
    assert identify(path).duration_s == pytest.approx(audio.duration_s, abs=0.12)


def test_blocks_are_the_same_sound_and_bounded(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(20), RATE)
    blocks = list(audio_blocks(tmp_path / "a.wav", sample_rate=8000))
    assert max(map(len, blocks)) < 20_000
    whole = read_audio(tmp_path / "a.wav", sample_rate=8000).samples
    assert np.array_equal(np.concatenate(blocks), whole)
    assert len(whole) == pytest.approx(160_000, abs=2)


def test_damage_in_the_middle_keeps_the_rest_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    encode(path, "libmp3lame", "s16p", tone(20))
    clean = read_audio(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 6000] = b"\x00" * 6000
    path.write_bytes(data)
    hurt = read_audio(path)
    assert hurt.audio_hash != clean.audio_hash
    # All that comes before the damage is untouched, and most of what follows is there.
    start = slice(0, 8 * 22_050)
    assert np.abs(hurt.samples[start] - clean.samples[start]).max() < 0.01
    assert hurt.duration_s > 18


def test_a_truncated_file_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    encode(path, "flac", "s16", tone(10))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    audio = read_audio(path)
    assert 2 < audio.duration_s < 8
    assert audio.lost_s == pytest.approx(10 - audio.duration_s, abs=0.3)


def test_tags_do_not_change_the_hash(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp3", "libmp3lame", "s16p", tone(3))
    before = identify(tmp_path / "a.mp3")
    import mutagen.easyid3

    tags = mutagen.easyid3.EasyID3()
    tags["title"] = "x" * 5000
    tags.save(tmp_path / "a.mp3")
    assert identify(tmp_path / "a.mp3").audio_hash == before.audio_hash


@pytest.mark.parametrize("content", [b"", b"These are only words.\n" * 40, b"RIFF\x00\x00\x00\x00"])
def test_what_is_no_sound_is_a_decode_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.mp3"
    path.write_bytes(content)
    for read in (read_audio, identify):
        with pytest.raises(DecodeError, match=r"notes\.mp3: "):
            read(path)


def test_a_missing_file_and_a_folder_are_decode_errors(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="cannot be opened"):
        read_audio(tmp_path / "none.mp3")
    with pytest.raises(DecodeError):
        read_audio(tmp_path)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(3), RATE)
    with pytest.raises(DecodeError, match="longer than"):
        read_audio(tmp_path / "a.wav", longest_s=2)


def test_wav_keeps_channels_and_values(tmp_path: Path) -> None:
    left, right = tone(1), -tone(1)
    write_wav(tmp_path / "a.wav", np.stack([left, right]), RATE)
    with av.open(str(tmp_path / "a.wav")) as container:
        assert container.streams.audio[0].codec_context.channels == 2
    assert np.abs(read_audio(tmp_path / "a.wav").samples).max() < 1e-4


def test_wav_errors(tmp_path: Path) -> None:
    with pytest.raises(ParameterError):
        write_wav(tmp_path / "a.wav", np.zeros((2, 3, 4)), RATE)
    with pytest.raises(ExportError):
        write_wav(tmp_path / "none" / "a.wav", tone(1), RATE)


def test_one_pass_tells_at_its_end_what_reading_whole_tells(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    encode(path, "flac", "s16", tone(10))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    audio = open_audio(path)
    blocks = list(audio.blocks())
    whole = read_audio(path)
    assert np.array_equal(np.concatenate(blocks), whole.samples)
    assert (audio.audio_hash, audio.duration_s, audio.lost_s) == (
        whole.audio_hash,
        whole.duration_s,
        whole.lost_s,
    )


def test_a_file_that_changes_its_rate_and_its_channels_goes_on(tmp_path: Path) -> None:
    encode(tmp_path / "a.mp3", "libmp3lame", "s16p", tone(4))
    encode(tmp_path / "b.mp3", "libmp3lame", "s16p", tone(5, 22_050), 22_050, layout="mono")
    joined = tmp_path / "joined.mp3"
    joined.write_bytes((tmp_path / "a.mp3").read_bytes() + (tmp_path / "b.mp3").read_bytes())
    audio = read_audio(joined)
    assert audio.duration_s == pytest.approx(9, abs=0.25)
    assert len(audio.samples) == pytest.approx(audio.duration_s * 22_050, abs=60)
    end = audio.samples[-4 * 22_050 : -22_050]
    assert np.sqrt(np.mean(end**2)) == pytest.approx(np.sqrt(np.mean(tone(3, 22_050) ** 2)), rel=0.1)


@pytest.mark.filterwarnings("error")
def test_numbers_that_are_none_become_silence(tmp_path: Path) -> None:
    sound = tone(3)
    sound[RATE : RATE + 9] = [np.nan, np.inf, -np.inf, 3e38, -3e38, 3e38, np.nan, np.inf, 1]
    with av.open(str(tmp_path / "a.wav"), "w") as out:
        stream = out.add_stream("pcm_f32le", rate=RATE)
        stream.layout = "stereo"
        frame = av.AudioFrame.from_ndarray(np.repeat(sound, 2)[None], format="flt", layout="stereo")
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    samples = read_audio(tmp_path / "a.wav", sample_rate=RATE).samples
    assert np.isfinite(samples).all()
    assert np.array_equal(samples[: RATE - 1], sound[: RATE - 1])
