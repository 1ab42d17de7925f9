"""An attack on a map, step by step, as the stage shows it while it runs and ever after."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st
import torch
from PIL import Image

from attrcore import kept
from attrcore.attack.aims import CopyMap, FillRegion
from attrcore.folder import Look as Run
from attrcore.kept import Fact
from attrcore.look import Look, limit, paint
from attrcore.look import picture as rgb
from attrcore.maps import mass_centre, top_pixels
from attrcore.studies.fooling import Fooling
from pages.parts import cached, theatre, watch
from pages.parts.theatre import Curve, Frame, Marks, Play

AMPLIFIED = 10  # times what a pixel has changed, around middle grey
AT_ONCE = 60  # frames sent in one look
STAGE = "fool.stage"
PANES = ("Image", f"Change x {AMPLIFIED} (grey: none)", "Map")
LOOK = Look()


@lru_cache(100)
def pixels(study: Fooling) -> np.ndarray:
    """The clean picture, (C, H, W) uint8."""
    return study.subject.pixels()[0].numpy()


def stage(study: Fooling, seen: Run) -> None:
    """Send what is new of a run to the browser."""
    key = name(study, seen)
    since = theatre.had(STAGE, key)
    facts = {fact.n: fact.facts for fact in steps(seen)}
    if 0 not in facts:
        if seen.state == "running":
            st.caption("The first map is being computed …")
        return
    numbers = [n for n in kept.frames(seen.key, since + 1) if n in facts][:AT_ONCE]
    copies = numbers and isinstance(study.attack.aim, CopyMap)
    goal = kept.frame(seen.key, 0).get("goal") if copies else None
    frames = [frame(n, facts[n], kept.frame(seen.key, n), goal, study) for n in numbers]
    live = seen.live or more(study, seen)
    told = play(study, key, facts[0])._replace(kept=None if live or seen.state != "done" else best(seen))
    theatre.stage(STAGE, told, [f for f in frames if f], live=live)


def steps(seen: Run) -> list[Fact]:
    """What the attack's steps said so far."""
    return [fact for fact in watch.facts(seen) if "step" in fact.facts]


def more(study: Fooling, seen: Run) -> bool:
    """Are there frames that this visitor's browser has not got yet?"""
    return seen.frame is not None and theatre.had(STAGE, name(study, seen)) < seen.frame


def name(study: Fooling, seen: Run) -> str:
    """What the browser keeps the frames of this attempt under: another attempt may give other ones."""
    return f"{study.key()}.{seen.attempt}"


def play(study: Fooling, key: str, first: dict[str, Any]) -> Play:
    """Panes and curves of this attack, with what to compare with."""
    clean = pixels(study)
    chance = study.k / clean[0].size
    beside = {n: (("one random change", value),) for n, value in first.get("random", {}).items()}
    curves = (
        Curve("Aim", study.attack.aim.counts, beside.get("aim", ())),
        Curve("Overlap", f"share of the {study.k:,} top pixels kept",
              (("chance", chance), *beside.get("overlap", ())), (0, 1)),
        Curve("Kendall", "rank correlation with the clean map", (("chance", 0.0), *beside.get("kendall", ())),
              bounds=(-1, 1)),
        Curve("Confidence", "probability of the predicted class", (), (0, 1)),
    )  # fmt: skip
    aim, size = study.attack.aim, clean.shape[1:]
    region = aim.region.mask(*size).numpy() if isinstance(aim, FillRegion) else None
    panes = (*PANES, "Map to copy") if isinstance(aim, CopyMap) else PANES
    return Play(key, panes, curves, size, study.attack.steps, region)


def best(seen: Run) -> int:
    """The step whose image was kept: the first that scored as the last one's best."""
    facts = [fact.facts for fact in steps(seen)]
    return next(f["step"] for f in facts if f["best"] == facts[-1]["best"])


def frame(
    n: int, facts: dict[str, Any], seen: dict[str, np.ndarray], goal: np.ndarray | None, study: Fooling
) -> Frame | None:
    """One step as the stage shows it, beside the map to copy where there is one; None where its file has gone."""
    if not seen:
        return None
    plane = seen["map"].astype(np.float32)
    planes = [plane] if goal is None else [plane, goal.astype(np.float32)]
    pictures = [
        rgb(seen["image"]),
        amplified(pixels(study), seen["image"]),
        *(paint(p, limit([p], LOOK.clip), LOOK) for p in planes),
    ]
    maps = torch.from_numpy(plane)[None]
    marks = Marks(tuple(mass_centre(maps)[0].tolist()), top_pixels(maps, study.k)[0].numpy()) if maps.any() else Marks()
    large = max(plane.shape) > theatre.SMALL
    numbers = {name.capitalize(): float(value) for name, value in facts.items() if isinstance(value, int | float)}
    sent = tuple(jpeg(p) if large else np.ascontiguousarray(p) for p in pictures)
    return Frame(n, sent, numbers, {2: marks}, lost(facts, study))


def lost(facts: dict[str, Any], study: Fooling) -> str:
    """What the image is taken for where that is not what it was; empty where it is."""
    if (now := facts.get("predicted")) is None:
        return ""
    return f"prediction lost: {cached.classes(study.subject.model)[now]}"


def amplified(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The change of an image (C, H, W) uint8, large, around middle grey."""
    change = after.astype(np.float32) - before
    return rgb((128 + AMPLIFIED * change).clip(0, 255).astype(np.uint8))


def jpeg(pixels: np.ndarray) -> bytes:
    """For the stage only: a quarter of a PNG's size."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    return file.getvalue()
