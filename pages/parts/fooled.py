"""An attack on a map, step by step, as the stage shows it while it runs and ever after."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st
import torch
from PIL import Image

from attrcore import kept
from attrcore.attack.aims import FillRegion
from attrcore.folder import Look as Run
from attrcore.look import Look, limit, paint
from attrcore.look import picture as rgb
from attrcore.maps import mass_centre, top_pixels
from attrcore.studies.fooling import Fooling
from pages.parts import theatre
from pages.parts.theatre import Curve, Frame, Marks, Play

AMPLIFIED = 10  # times what a pixel has changed, around middle grey
AT_ONCE = 60  # frames sent in one look
STAGE = "fool.stage"
PANES = ("Image", f"Change x {AMPLIFIED}", "Map")
LOOK = Look()


@lru_cache(100)
def pixels(study: Fooling) -> np.ndarray:
    """The clean picture, (C, H, W) uint8."""
    return study.subject.pixels()[0].numpy()


def stage(study: Fooling, seen: Run) -> None:
    """Send what is new of a run to the browser."""
    key = name(study, seen)
    since = theatre.had(STAGE, key)
    facts = {fact.n: fact.facts for fact in kept.facts(seen.key)[0] if "step" in fact.facts}
    if 0 not in facts:
        st.caption("The first map is being computed …")
        return
    numbers = [n for n in kept.frames(seen.key, since + 1) if n in facts][:AT_ONCE]
    clean = pixels(study)
    frames = [frame(n, facts[n], kept.frame(seen.key, n), clean, study.k) for n in numbers]
    theatre.stage(STAGE, play(study, key, facts[0]), [f for f in frames if f], live=seen.live or more(study, seen))


def more(study: Fooling, seen: Run) -> bool:
    """Are there frames that this visitor's browser has not got yet?"""
    return seen.frame is not None and theatre.had(STAGE, name(study, seen)) < seen.frame


def name(study: Fooling, seen: Run) -> str:
    """What the browser keeps the frames of this attempt under: another attempt may give other ones."""
    return f"{study.key()}.{seen.attempt}"


def play(study: Fooling, key: str, first: dict[str, Any]) -> Play:
    """Panes and curves of this attack, with what to compare with."""
    clean = pixels(study)
    chance, random = study.k / clean[0].size, first.get("random", {})
    control = [(n, random[n]) for n in ("aim", "overlap", "kendall") if n in random]
    beside = {n: (("one random change", value),) for n, value in control}
    curves = (
        Curve("Aim", aim_in_words(study), beside.get("aim", ())),
        Curve("Overlap", f"share of the {study.k:,} top pixels kept",
              (("chance", chance), *beside.get("overlap", ())), (0, 1)),
        Curve("Kendall", "rank correlation with the clean map", (("chance", 0.0), *beside.get("kendall", ()))),
        Curve("Confidence", "probability of the predicted class", (), (0, 1)),
    )  # fmt: skip
    aim, size = study.attack.aim, clean.shape[1:]
    region = aim.region.mask(*size).numpy() if isinstance(aim, FillRegion) else None
    return Play(key, PANES, curves, size, study.attack.steps, region)


def best(seen: Run) -> int:
    """The step whose image was kept: the first that scored as the last one's best."""
    facts = [fact.facts for fact in kept.facts(seen.key)[0] if "step" in fact.facts]
    return next(f["step"] for f in facts if f["best"] == facts[-1]["best"])


def aim_in_words(study: Fooling) -> str:
    """What is drawn as the aim."""
    said = {
        "DrainTopPixels": "share of the map off its former top",
        "MoveCentre": "squared way of the centre, in pixels",
        "FillRegion": "share of the map in the region",
        "CopyMap": "minus the distance to the other map",
        "TurnAway": "one minus the cosine",
        "ReorderPixels": "share of pixel pairs reordered",
    }
    return said[type(study.attack.aim).__name__]


def frame(n: int, facts: dict[str, Any], seen: dict[str, np.ndarray], clean: np.ndarray, k: int) -> Frame | None:
    """One step as the stage shows it; None where its file has gone meanwhile."""
    if not seen:
        return None
    plane = seen["map"].astype(np.float32)
    pictures = [
        rgb(seen["image"]),
        amplified(clean, seen["image"]),
        paint(plane, limit([plane], LOOK.clip), LOOK),
    ]
    maps = torch.from_numpy(plane)[None]
    centre = mass_centre(maps / maps.sum().clamp_min(1e-12))[0].tolist() if maps.any() else None
    marks = Marks(tuple(centre) if centre else None, top_pixels(maps, k)[0].bool().numpy() if maps.any() else None)
    large = max(plane.shape) > theatre.SMALL
    numbers = {name.capitalize(): float(value) for name, value in facts.items() if not isinstance(value, dict)}
    return Frame(n, tuple(jpeg(p) if large else np.ascontiguousarray(p) for p in pictures), numbers, {2: marks})


def amplified(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The change of an image (C, H, W) uint8, large, around middle grey."""
    change = after.astype(np.float32) - before
    return rgb((128 + AMPLIFIED * change).clip(0, 255).astype(np.uint8))


def jpeg(pixels: np.ndarray) -> bytes:
    """For the stage only: a quarter of a PNG's size."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    return file.getvalue()
