#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the golden values of random_test.cpp, from the definitions and Python's integers alone."""

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def sequence(key):
    while True:
        key = (key + GAMMA) & MASK
        yield mix(key)


def below(draws, bound):
    """Keeps a draw when its product's lower half is at least 2^64 mod bound."""
    while True:
        product = next(draws) * bound
        if (product & MASK) >= (1 << 64) % bound:
            return product >> 64


def stream_key(seed, name, a=0, b=0):
    key = mix((seed + GAMMA) & MASK)
    for number in [*name, a & MASK, b & MASK]:
        key = mix((key + GAMMA + number) & MASK)
    return key


def shuffled(count, key):
    draws, items = sequence(key), list(range(count))
    for left in range(count, 1, -1):
        other = below(draws, left)
        items[left - 1], items[other] = items[other], items[left - 1]
    return items


if __name__ == "__main__":
    draws = sequence(1234567)
    print("seed 1234567:", [next(draws) for _ in range(3)])
    draws = sequence(4)
    print("seed 4, raw:", [next(draws) * (3 << 62) >> 64 for _ in range(5)])
    draws = sequence(4)
    print("seed 4, below 3 * 2^62:", [below(draws, 3 << 62) for _ in range(3)])
    print("keys:", stream_key(0, b""), stream_key(7, b"shuffle", 3, 29), stream_key(7, "poidsé".encode(), -1))
    print("shuffle of 10 with 99:", shuffled(10, 99))
