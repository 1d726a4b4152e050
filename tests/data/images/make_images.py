#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the images that tests/data/images_test.cpp reads, and beside each, as NAME.rgb, the pixels that Pillow sees.

    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install pillow==13.0.0
    /tmp/pillow/bin/python tests/data/images/make_images.py

The pixels are Image.convert("RGB"), except for grey of 16 bits, which Pillow does not reduce to 8: these are the upper
bytes. NAME.HxW.rgb are the pixels after Image.resize((W, H), BILINEAR). What Pillow cannot write, such as interlaced
PNG, `png` below writes.
"""

import struct
import zlib
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
HEIGHT, WIDTH = 9, 13
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def value(x, y, channel, most):
    """A picture with edges, gradients and all values."""
    return (x * 19 + y * 41 + channel * 83 + (x * y * (channel + 1)) % 29 * 7 + (120 if x > 6 else 0)) * most // 255 % (most + 1)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def rows(depth, kind, most, xs, ys):
    """Rows of pixels without filters, packed."""
    out = b""
    for y in ys:
        bits = "".join(f"{value(x, y, c, most):0{depth}b}" for x in xs for c in range(CHANNELS[kind]))
        bits += "0" * (-len(bits) % 8)
        out += b"\0" + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
    return out


def png(name, depth, kind, interlaced=False, extra=b""):
    most = (1 << depth) - 1
    if interlaced:
        data = b"".join(rows(depth, kind, most, range(x, WIDTH, dx), range(y, HEIGHT, dy)) for x, y, dx, dy in ADAM7)
    else:
        data = rows(depth, kind, most, range(WIDTH), range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, interlaced)
    (HERE / f"{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data))
                                       + chunk(b"IEND", b""))
    if depth == 16 and kind == 0:
        pixels = bytes(value(x, y, 0, most) >> 8 for y in range(HEIGHT) for x in range(WIDTH) for _ in range(3))
        (HERE / f"{name}.rgb").write_bytes(pixels)
    else:
        golden(f"{name}.png")


def golden(name):
    image = Image.open(HERE / name).convert("RGB")
    (HERE / name).with_suffix(".rgb").write_bytes(image.tobytes())


def picture(width=WIDTH, height=HEIGHT):
    pixels = bytes(value(x, y, c, 255) for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), pixels)


def main():
    palette = chunk(b"PLTE", bytes((i * step + 7) % 256 for i in range(256) for step in (3, 5, 11)))
    for depth in (1, 2, 4, 8, 16):
        png(f"grey{depth}", depth, 0)
    for depth in (1, 2, 4, 8):
        png(f"palette{depth}", depth, 3, extra=chunk(b"PLTE", palette[8:8 + 3 * (1 << depth)]))
    png("palette_transparent", 8, 3, extra=palette + chunk(b"tRNS", bytes(range(0, 250, 5))))
    png("grey_alpha", 8, 4)
    png("colour", 8, 2)
    png("colour_gamma", 8, 2, extra=chunk(b"gAMA", struct.pack(">I", 100000)))
    png("colour16", 16, 2)
    png("colour_alpha", 8, 6)
    png("interlaced", 8, 2, interlaced=True)
    png("interlaced_grey2", 2, 0, interlaced=True)

    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    for name, image, options in (("full", picture(), {"subsampling": 0}),
                                 ("subsampled", picture(), {"subsampling": 2}),
                                 ("progressive", picture(), {"progressive": True}),
                                 ("turned", picture(), {"exif": exif}),
                                 ("grey", picture().convert("L"), {})):
        image.save(HERE / f"jpeg_{name}.jpg", quality=90, **options)
        golden(f"jpeg_{name}.jpg")
    picture().convert("CMYK").save(HERE / "cmyk.jpg")

    large = picture(64, 48)
    large.save(HERE / "large.png")
    for width, height in ((5, 7), (64, 20), (100, 48), (90, 131), (1, 1)):
        (HERE / f"large.{height}x{width}.rgb").write_bytes(
            large.resize((width, height), Image.Resampling.BILINEAR).tobytes())


if __name__ == "__main__":
    main()
