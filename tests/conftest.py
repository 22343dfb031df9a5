"""What every test may lean on: where things lie, and a home that is not the user's."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from bpmsync.library.threads import limit_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spotify_server import SpotifyServer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fixtures"))

# As the command line does. Set only while it runs in a test, the limits would change below numba,
# which then forgets where compiled kernels are kept and compiles anew.
limit_threads()

# A shell starts what it runs in the background deaf to Ctrl-C, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples on every machine, and no clock: two shared cores are never a failure.
settings.register_profile("house", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("house")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def fixtures_audio() -> Path:
    return ROOT / "fixtures" / "audio"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real excerpts, which is not part of the project."""
    folder = Path(os.environ.get("BPMSYNC_TEST_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"no corpus of real music at {folder} (BPMSYNC_TEST_CORPUS names another)")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _plain_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's settings and terminal out of every test and of what many tests share."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in os.environ:
            if name.startswith("BPMSYNC_") and not name.startswith("BPMSYNC_TEST_"):
                monkeypatch.delenv(name)
        _make_home(monkeypatch, tmp_path_factory)
        # A test that measures colours asks for them; the terminal of whoever runs it must not.
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("PYTHONUTF8", "1")
        # Nor must its width: what is printed is as wide as into a pipe
        monkeypatch.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give each test a library and settings of its own; JIT caches stay warm."""
    _make_home(monkeypatch, tmp_path_factory)


def _make_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))


@pytest.fixture
def spotify() -> Iterator[SpotifyServer]:
    """Run a stand-in for Spotify with 300 songs."""
    from spotify_cases import recordings
    from spotify_server import SpotifyServer

    with SpotifyServer(recordings(300)) as server:
        yield server


@pytest.fixture(autouse=True)
def _spotify_contract() -> Iterator[None]:
    """Hold whatever a test said to a stand-in, and was told by it, against the contract."""
    yield
    if "spotify_server.server" in sys.modules:
        from spotify_cases import check_exchanges

        check_exchanges()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many combinations of fault and call the tests of the push went through."""
    counts = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", [])
        if name == "push combinations" and report.when == "call"
    ]
    if counts:
        terminalreporter.write_line(f"push: {sum(counts)} combinations of fault and call went well")
