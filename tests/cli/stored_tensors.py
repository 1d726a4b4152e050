# SPDX-License-Identifier: Apache-2.0
"""Reads the tensors of safetensors files and of checkpoints, without dga."""

import json
import struct


def tensors_in(path):
    """The tensors of a safetensors file by name: (type, shape, bytes)."""
    content = path.read_bytes()
    length, = struct.unpack("<Q", content[:8])
    data = content[8 + length:]
    return {name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in json.loads(content[8:8 + length]).items() if name != "__metadata__"}


def tensors_of(checkpoint):
    """The tensors of a checkpoint, put together from the files of its carriers: as tensors_in has them."""
    parts = {}
    for path in sorted(checkpoint.glob("shard-*.safetensors")):
        content = path.read_bytes()
        length, = struct.unpack("<Q", content[:8])
        described = json.loads(json.loads(content[8:8 + length]).get("__metadata__", {}).get("parts", "{}"))
        for stored, (kind, shape, values) in tensors_in(path).items():
            entry = described.get(stored, {"tensor": stored, "shape": shape, "first": 0})
            assert "strides" not in entry, entry
            parts.setdefault(entry["tensor"], []).append((entry["first"], kind, entry["shape"], values))
    return {name: (found[0][1], found[0][2], b"".join(part[3] for part in sorted(found))) for name, found in parts.items()}
