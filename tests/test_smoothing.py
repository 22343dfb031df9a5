"""Our running filters against `scipy.ndimage`, whose meaning they share."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bpmsync.beats.smoothing import gaussian, running_max, running_mean

SIZES = st.integers(1, 60)
WHOLE = st.floats(-1e3, 1e3, width=32)


def columns(dtype: type = np.float64) -> st.SearchStrategy[np.ndarray]:
    """Arrays of one or two dimensions, shorter and longer than the windows."""
    shapes = arrays.array_shapes(min_dims=1, max_dims=2, max_side=80)
    return arrays.arrays(dtype, shapes, elements=WHOLE)


@given(columns(), SIZES)
def test_running_mean_is_scipys(values: np.ndarray, size: int) -> None:
    expected = scipy.ndimage.uniform_filter1d(values, size, axis=0, mode="nearest")
    np.testing.assert_allclose(running_mean(values, size), expected, atol=1e-8)


@given(arrays.arrays(np.float32, (7, 23), elements=WHOLE), SIZES)
def test_running_mean_runs_along_any_axis_and_keeps_the_type(values: np.ndarray, size: int) -> None:
    ours = running_mean(values, size, axis=1)
    expected = scipy.ndimage.uniform_filter1d(values, size, axis=1, mode="nearest")
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=1e-3, rtol=1e-5)


@given(columns(np.float32), SIZES)
def test_running_max_is_scipys(values: np.ndarray, size: int) -> None:
    expected = scipy.ndimage.maximum_filter1d(values, size, axis=0, mode="nearest")
    ours = running_max(values, size)
    assert ours.dtype == values.dtype
    assert np.array_equal(ours, expected)


@given(arrays.arrays(np.float64, st.integers(1, 90), elements=WHOLE), st.floats(0.2, 12))
def test_gaussian_is_scipys(values: np.ndarray, sigma: float) -> None:
    expected = scipy.ndimage.gaussian_filter1d(values, sigma, mode="nearest")
    np.testing.assert_allclose(gaussian(values, sigma), expected, atol=1e-8)


@pytest.mark.parametrize("smooth", [running_mean, running_max, gaussian])
def test_nothing_stays_nothing_and_the_input_stays_as_it_was(smooth: object) -> None:
    assert callable(smooth)
    assert len(smooth(np.empty(0), 3)) == 0
    values = np.arange(5.0)
    smooth(values, 3)
    assert np.array_equal(values, np.arange(5.0))
