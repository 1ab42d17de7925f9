"""Images of a network's size as PNG files: what is saved is what is read again, to the last level."""

import base64
from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from attrcore.kinds import Refused

LARGEST = 1024  # px a side; networks look at less


def packed(pixels: np.ndarray) -> bytes:
    """(1 or 3, H, W) uint8 as a PNG file."""
    file = BytesIO()
    Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)).save(file, "PNG")
    return file.getvalue()


def unpacked(file: bytes) -> np.ndarray:
    """(1 or 3, H, W) uint8 of a PNG file, 1 where it is grey.  Raises Refused for what is none."""
    try:
        with Image.open(BytesIO(file), formats=("PNG",)) as picture:
            if picture.mode not in ("L", "RGB") or max(picture.size) > LARGEST:
                raise Refused(
                    f"A picture in a recipe must be grey or RGB with 8 bits and at most {LARGEST} pixels a side, got "
                    f"{picture.mode} and {picture.width} x {picture.height}."
                )
            pixels = np.asarray(picture)
    except (OSError, ValueError, Image.DecompressionBombError) as e:
        if isinstance(e, Refused):
            raise
        raise Refused("A picture in a recipe must be a PNG file; this is none.") from e
    return (pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)).copy()


def in_letters(pixels: np.ndarray) -> str:
    """(1 or 3, H, W) uint8 as a PNG file in base64, as recipes hold it."""
    return base64.b64encode(packed(pixels)).decode()


def from_letters(letters: str) -> np.ndarray:
    """What `in_letters` was made of.  Raises Refused for anything else."""
    try:
        return unpacked(base64.b64decode(letters, validate=True))
    except ValueError as e:
        if isinstance(e, Refused):
            raise
        raise Refused("A picture in a recipe must be a PNG file in base64; this is none.") from e


def levels(x: Tensor) -> np.ndarray:
    """Images (..., C, H, W) in [0, 1] as uint8, to the nearest level."""
    return (x.detach().cpu() * 255).round().to(torch.uint8).numpy()


def reopened(x: Tensor) -> Tensor:
    """Images (B, C, H, W) in [0, 1], each rounded to 8 bits, saved and read again."""
    read = np.stack([unpacked(packed(image)) for image in levels(x)])
    return torch.from_numpy(read).to(x) / 255
