# SPDX-License-Identifier: Apache-2.0
"""Data from arrays of any library."""

import numpy as np
import pytest

import distributed_gradient_accumulator as dga


def address_of(dataset):
    return dataset._core.features_address


def test_float32_in_c_order_is_used_where_it_lies(points):
    x, y = points
    assert address_of(dga.create_dataset(x=x, y=y)) == x.__array_interface__["data"][0]


def test_other_layouts_are_copied_and_mean_the_same(points):
    x, y = points
    weights = set()
    for other in (x, np.asfortranarray(x), x.astype(np.float64), x.tolist(), x[::1]):
        work = dga.create_factorization_problem(dataset=dga.create_dataset(x=other, y=y), num_client_items=2,
                                                hidden=[4], epochs=1, progress=False)
        weights.add(dga.DistributedGradientAccumulator.apply(work).weights_sha256)
    assert len(weights) == 1


class OnlyDlpack:
    """An array of some other library."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


class OnlyArray:
    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array if dtype is None else self._array.astype(dtype)


@pytest.mark.parametrize("wrapper", [OnlyDlpack, OnlyArray, memoryview])
def test_protocols_work_without_a_copy(points, wrapper):
    x, y = points
    data = dga.create_dataset(x=wrapper(x), y=wrapper(y))
    assert address_of(data) == x.__array_interface__["data"][0]


def test_the_array_lives_as_long_as_the_dataset(points):
    x, y = points
    data = dga.create_dataset(x=x.copy(), y=y.copy())
    work = dga.create_factorization_problem(dataset=data, num_client_items=2, hidden=[4], epochs=2, progress=False)
    del data
    assert dga.DistributedGradientAccumulator.apply(work).workers == 2


def test_read_only_arrays_images_and_flags_are_fine():
    random = np.random.default_rng(0)
    images = random.random((40, 8, 8), dtype=np.float32)
    images.flags.writeable = False
    data = dga.create_dataset(x=images, y=np.arange(40) % 2 == 0, test_x=images[:7], test_y=[True] * 7)
    assert (data.num_features, data.num_classes, data.num_test_samples) == (64, 2, 7)
    assert data.class_names == ["0", "1"]


def test_labels_may_be_any_whole_numbers(points):
    x, y = points
    data = dga.create_dataset(x=x, y=np.where(y == 1, 7, -3).astype(np.float64))
    assert data.class_names == ["-3", "7"]
