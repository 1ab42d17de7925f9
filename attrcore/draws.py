"""Random draws that are nobody else's."""

from hashlib import sha256

import torch


def generator(purpose: str, seed: int) -> torch.Generator:
    """A generator on the CPU, so that every device gets the same draws, of its own for each purpose.

    With the seed alone, a control of Gaussian noise and a baseline of uniform noise would be made of the same stream of
    bits, and two maps that have nothing to do with each other would look alike.
    """
    return torch.Generator().manual_seed(int.from_bytes(sha256(f"{purpose} {seed}".encode()).digest()[:8]) % 2**63)
