"""Bringing a picture to the size and channels that a network takes."""

import numpy as np
from PIL import Image, ImageOps


def fit(picture: Image.Image, size: tuple[int, int, int], resize: int) -> np.ndarray:
    """(C, H, W) uint8: short side to `resize`, centre crop to H x W, grey where C is 1.

    For three channels this is torchvision's ImageNet preprocessing (bilinear, antialiased).  A grey picture for a
    digit network that is bright at its rim is inverted: those networks know white strokes on black.
    """
    channels, h, w = size
    picture = picture.convert("L" if channels == 1 else "RGB")
    short = min(picture.size)
    if short != resize:
        picture = picture.resize([resize * side // short for side in picture.size], Image.Resampling.BILINEAR)
    left, top = round((picture.width - w) / 2), round((picture.height - h) / 2)
    picture = picture.crop((left, top, left + w, top + h))
    if channels == 1 and bright_rim(picture):
        picture = ImageOps.invert(picture)
    pixels = np.asarray(picture)
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1).copy()


def bright_rim(picture: Image.Image) -> bool:
    """Is the outermost pixel row brighter than mid-grey on average?"""
    p = np.asarray(picture.convert("L"), dtype=float)
    return float(np.concatenate([p[0], p[-1], p[:, 0], p[:, -1]]).mean()) > 127.5
