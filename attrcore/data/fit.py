"""Bringing a picture to the size and channels that a network takes."""

import numpy as np
from PIL import Image, ImageOps

DARK = {1: 127.5, 3: 255.0}  # the middle grey level at the rim up to which a picture is not inverted
FAINT = 8  # grey levels between channels: JPEG's rounding leaves no more in a grey picture that is stored in colour


def fit(picture: Image.Image, size: tuple[int, int, int], resize: int, interpolation: str = "bilinear") -> np.ndarray:
    """(C, H, W) uint8, grey where C is 1.

    A file of the network's own size and channels is taken as it is: it may be one of ours that comes back.
    For three channels this is torchvision's ImageNet preprocessing: short side to `resize` (bilinear or bicubic, with
    antialiasing), centre crop to H x W, black where even that is larger.  For one, a digit network's: nothing is cut
    off; a picture that is not square is padded with the colour of its rim, and one that is bright at its rim is
    inverted, since those networks know white on black.
    """
    return fit_and_say(picture, size, resize, interpolation)[0]


def fit_and_say(
    picture: Image.Image, size: tuple[int, int, int], resize: int, interpolation: str = "bilinear"
) -> tuple[np.ndarray, str]:
    """The same, and in a few words what was done to the picture beyond scaling it; often nothing."""
    channels, h, w = size
    colour = colourful(picture)
    grey = "" if colour or channels == 1 else "grey in all three channels"
    if picture.size == (w, h) and picture.mode == ("L" if channels == 1 else "RGB") and rim(picture) <= DARK[channels]:
        return np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1).copy(), grey
    if channels == 1:
        pixels, done = fit_digit(picture.convert("L"), (w, h))
        return pixels, ", ".join(["made grey"] * colour + done)
    done = [grey] if grey else []
    picture = picture.convert("RGB")
    short = min(picture.size)
    if short < min(h, w, resize):
        done.append(f"enlarged from {picture.width} x {picture.height} px")
    if short != resize:
        sides = [resize * side // short for side in picture.size]
        picture = picture.resize(sides, Image.Resampling[interpolation.upper()])
    if picture.width > w or picture.height > h:
        done.append("centre crop")
    if picture.width < w or picture.height < h:
        done.append("padded with black")
    left, top = start(picture.width, w), start(picture.height, h)
    return np.asarray(picture.crop((left, top, left + w, top + h))).transpose(2, 0, 1).copy(), ", ".join(done)


def fit_digit(picture: Image.Image, size: tuple[int, int]) -> tuple[np.ndarray, list[str]]:
    """A grey picture for a digit network, and what was done to it."""
    done, ground = [], rim(picture)
    if picture.width != picture.height:
        side = max(picture.size)
        picture = ImageOps.pad(picture, (side, side), color=int(ground))
        done.append("padded to a square")
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BILINEAR)
    if ground > DARK[1]:
        picture = ImageOps.invert(picture)
        done.append("inverted")
    return np.asarray(picture)[None].copy(), done


def start(have: int, want: int) -> int:
    """Where a centre crop begins, negative where it is wider than what it crops; rounded as torchvision does."""
    return round((have - want) / 2) if have >= want else -((want - have) // 2)


def colourful(picture: Image.Image) -> bool:
    """Does a picture show any colour, in areas large enough to be seen?"""
    if picture.mode in ("1", "L", "LA"):
        return False
    small = np.asarray(picture.convert("RGB").resize((64, 64), Image.Resampling.BOX))
    return int(np.ptp(small, axis=2).max()) > FAINT


def rim(picture: Image.Image) -> float:
    """The middle grey level of the outermost pixels."""
    p = np.asarray(picture, dtype=float)
    return float(np.median(np.concatenate([p[0], p[-1], p[:, 0], p[:, -1]])))
