# SPDX-License-Identifier: Apache-2.0
"""Writes arrays of all kinds with NumPy into folders and .npz files, and beside them what is in them, as JSON."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[1])
FEATURES = ["?", "|u1", "|i1", "<u2", ">i2", "<u4", ">u4", "<i4", "<i8", ">i8", "<u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]
LABELS = ["|u1", "<i4", ">i8", "<u8", "<f4", ">f8", "<U3", ">U3", "|S4", "?"]
SHAPES = [(7, 1), (7, 3), (6, 2, 4), (5, 2, 3, 2), (7,)]


def values(draw, kind, shape):
    kind = np.dtype(kind)
    if kind.kind == "b":
        return draw.integers(0, 2, shape).astype(kind)
    if kind.kind in "iu":
        low = max(np.iinfo(kind).min, -100)
        return draw.integers(low, 100, shape).astype(kind)
    return draw.normal(0, 10, shape).astype(kind)


def labels(draw, kind, count):
    numbers = draw.integers(0, 2 if kind == "?" else 4, count)
    if np.dtype(kind).kind in "US":
        return np.array(["a", "é", "日本", "zz"] if "U" in kind else ["a", "b", "c c", "zz"])[numbers].astype(kind)
    return numbers.astype(kind)


def main():
    draw = np.random.default_rng(11)
    wanted = []
    cases = itertools.chain(
        ((f, "|u1", s, o) for f, s, o in itertools.product(FEATURES, SHAPES, "CF")),
        (("<f4", label, (7, 3), "C") for label in LABELS))
    for number, (feature, label, shape, order) in enumerate(cases):
        x = np.asarray(values(draw, feature, shape), order=order)
        y = labels(draw, label, shape[0])
        if number % 3 == 0:
            y = y.reshape(-1, 1)
        if number % 2 == 0:
            (FOLDER / str(number)).mkdir()
            np.save(FOLDER / str(number) / "x.npy", x)
            np.save(FOLDER / str(number) / "y.npy", y)
            path = str(number)
        else:
            path = f"{number}.npz"
            (np.savez if number % 4 == 1 else np.savez_compressed)(FOLDER / path, x=x, y=y)
        flat = [t.decode() if isinstance(t, bytes) else t for t in y.reshape(-1).tolist()]
        wanted.append({"path": path, "case": f"{feature} {label} {shape} {order}", "shape": list(shape[1:]) or [1],
                       "features": x.reshape(shape[0], -1).astype("f8").tolist(),
                       "labels": [t if isinstance(t, str) else int(t) for t in flat]})
    (FOLDER / "wanted.json").write_text(json.dumps(wanted), encoding="utf-8")


main()
