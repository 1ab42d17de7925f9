"""What an attack did, beside what random changes of the same size do: all of it measured on the saved file."""

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import streamlit as st

from attrcore.attack.aims import DrainTopPixels
from attrcore.compare import interval
from attrcore.evidence import measures
from attrcore.kinds import Result
from attrcore.look import Look, limit, shown
from attrcore.png import levels, packed
from attrcore.quick import Drawn
from attrcore.recipe import called
from attrcore.studies.fooling import Fooling
from pages.parts import cached, fooled, lens, show, swipe
from pages.parts.knobs import escaped
from pages.parts.tables import table

HEADS = (
    "Measure",
    "Attacked",
    "Random walk",
    "Random changes: mean (95 %)",
    "Chance level",
    "Moved at random (95 %)",
    "Same map",
)
SIDES = ("attacked", "walk", "random")
FULL = 0.995  # what a map shares with itself, but for ties


def verdict(study: Fooling, found: Result, best: int | None = None) -> None:
    """The attack in a few sentences, `best` the step that was kept where known; a warning where there was no slope."""
    n, classes = found.numbers, cached.classes(study.subject.model)
    overlap = n["likeness"][0]
    kept = n["kept"]["attacked"]
    says = "stays" if kept else f"becomes “{escaped(classes[n['predicted']])}” instead of"
    if overlap["attacked"] != overlap["attacked"]:
        st.info("The map is the same everywhere, before or after: it marks no place, and no measure can say how far.")
        return
    flat, steps = n["steps without slope"], study.attack.steps
    if not n["change"]["attacked"]["largest"]:
        st.warning(f"**The attack failed: the image is as it was.** {failure(n, steps)}")
        slopeless(flat, steps)
        return
    step = f" Step {best} of {steps} was kept: the best that keeps the prediction."
    ties = overlap["ceiling"] < FULL
    tied = f" (of {overlap['ceiling']:.0%} that the map shares with itself: its pixels tie)" if ties else ""
    st.markdown(
        f"**The prediction {says} “{escaped(classes[n['label']])}”** "
        f"({n['chances']['clean']:.1%} before, {n['chances']['attacked']:.1%} after). "
        f"No pixel moved by more than {n['change']['attacked']['largest']} of 255 levels. {aim(study, found)}"
        f"**Of the {study.k:,} most important pixels {overlap['attacked']:.0%} are left{tied};** a random change of "
        f"the same size leaves {noise(n)}, the best of a random walk of as many steps {overlap['walk']:.0%}, and of "
        f"pixels picked at random {overlap['chance']:.0%} are among them.{'' if best is None else step}"
    )
    slopeless(flat, steps)
    aims = n["aim"]
    if flat < steps and aims["attacked"] <= max(aims["walk"], middle(aims["random"])[2]):
        st.info("Random changes of the same size get as far: this attack shows nothing that noise does not.")


def noise(n: dict[str, Any]) -> str:
    """What random changes leave of the top pixels, and whatever sets them apart from the attack."""
    values, change = n["likeness"][0]["random"], n["change"]
    mean, low, high = middle(values)
    asides = [f"one more of its {len(values)} draws would lie between {low:.0%} and {high:.0%}"]
    if lost := len(values) - sum(n["kept"]["random"]):
        asides.append(f"{lost} of them lose the prediction")
    if empty := sum(v != v for v in values):
        asides.append(f"{empty} leave no map at all, and are left out")
    if not 0.9 < change["random"]["length"] / change["attacked"]["length"] < 1.1:
        asides.append(f"as a whole {change['random']['length']:.1f} long beside {change['attacked']['length']:.1f}")
    return "no map at all" if mean != mean else f"{mean:.0%} ({'; '.join(asides)})"


def middle(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and ends of draws, but for those that gave no number; not numbers where none did."""
    known = np.array(values, float)
    known = known[~np.isnan(known)]
    return interval(known) if len(known) else (np.nan,) * 3


def failure(n: dict[str, Any], steps: int) -> str:
    """Why nothing was found that could be kept."""
    if held := n["steps that kept the prediction"]:
        return f"Of {steps} steps {held} kept the prediction, and none of them came nearer to the aim than the image."
    return (
        f"Every one of its {steps} steps changed the prediction, and with it what is to be explained. *Hold*, under "
        "More settings, has the attack stay near the image's logits; smaller steps or another aim may keep them too."
    )


def slopeless(flat: int, steps: int) -> None:
    """Warn where steps had no slope to climb."""
    if flat:
        st.warning(
            f"There was no slope to climb at {flat} of {steps} steps: from there, no small change of any pixel moved "
            "the aim. Rounded corners (Direction: derivative, softplus or growing), a random start, or a direction by "
            "trial may find one."
        )


def aim(study: Fooling, found: Result) -> str:
    """How far it got with what it was after, where that is not the overlap itself."""
    n = found.numbers["aim"]
    if isinstance(study.attack.aim, DrainTopPixels):
        return ""
    words = study.attack.aim.counts
    return (
        f"**{words[:1].upper()}{words[1:]}: {figure(n['clean'])} before, {figure(n['attacked'])} after;** "
        f"random changes reach {spread(n['random'])}. "
    )


def sides(study: Fooling, found: Result) -> None:
    """Image and map before and after, each under a divider, and the maps' badges."""
    before, after = fooled.pixels(study), levels(found.tensors["attacked"])
    target = found.numbers["target"]
    about = study.subject.model, target, study.subject.explainer
    answers = [cached.explained(pixels, *about) for pixels in (before, after)]
    drawn = [cached.awaited(answer) for answer in answers]
    look = Look()
    planes = [shown(d.attribution, look.drawn) for d in drawn]
    images, maps = st.columns(2)
    with images:
        st.markdown("**Image**")
        swipe.between(lens.Pane("before", show.rgb(before), words="The image before"),
                      lens.Pane("after", show.rgb(after), words="The image after"), "fool.images", 320)  # fmt: skip
    with maps:
        st.markdown(f"**Map** by {called(type(study.subject.explainer))}, each on its own scale")
        painted = [cached.painted("Map", d, look, limit([p], look.clip), before)
                   for d, p in zip(drawn, planes, strict=True)]  # fmt: skip
        swipe.between(*(lens.Pane(side, p.png, words=f"{side}: {p.words}")
                        for side, p in zip(("before", "after"), painted, strict=True)), "fool.maps", 320)  # fmt: skip
        for side, d in zip(("Before", "After"), drawn, strict=True):
            badge(side, d, study)


def badge(side: str, drawn: Drawn, study: Fooling) -> None:
    """One map's badges on a line."""
    said = show.badges(drawn.checks, study.subject.explainer)
    help = "\n\n".join(c.says for c in drawn.checks)
    st.markdown(f"{side}: {said or 'this method promises nothing that could be checked'}", help=help or None)


def numbers(study: Fooling, found: Result) -> None:
    """Every measure: attacked, random changes, chance."""
    table(
        dict(zip(HEADS, zip(*rows(found.numbers), strict=True), strict=True)),
        "What the attack did, beside random changes",
    )
    near = measures(study.k, fooled.pixels(study).shape[-1])["LENS-recall"].w
    st.caption(
        f"Aim: {study.attack.aim.counts}. Then the likeness of the clean map to that of the changed image; 1 is the "
        "same map, unless its pixels tie: the last column. LENS-recall: the share of the new top "
        f"pixels that are former ones or at most {near} off (Kamath et al., 2024). "
        "Random walk: as many steps as the attack takes, each of a pixel's by lot; the step is kept that is best by "
        "the attack's own criterion and keeps the prediction. A walk of few steps stays further inside the ball than "
        "single draws and may do less: see the lengths. "
        f"Random changes: {study.draws} draws, seeds 0 to {study.draws - 1}, as far as the attack itself went: in an "
        "L-inf ball every pixel up or down by that much, where black and white leave room; in an L2 ball so many that "
        "the whole is as long. In brackets the ends between which one more draw lies with 95 %. Chance level: pixels "
        "in random order; of the cosine, the map moved. Maps of other pictures are often more alike than that. Moved "
        "at random: the attacked map shifted, mirrored and turned, which keeps its texture. All is measured on the "
        "saved 8-bit file, predicted and explained again by the network itself."
    )


def rows(n: dict[str, Any]) -> list[tuple[str, ...]]:
    """Every measure of a result's numbers, in words, in the order of `HEADS`."""
    aims, chances, kept, change = (n[name] for name in ("aim", "chances", "kept", "change"))
    told: list[tuple[str, ...]] = [("Aim", *both(aims), spread(aims["random"]), f"before: {figure(aims['clean'])}")]
    told += [
        (row["measure"], *both(row), spread(row["random"]), figure(row["chance"]),
         f"{figure(row['moved'][0])} to {figure(row['moved'][2])}", figure(row["ceiling"]))
        for row in n["likeness"]
    ]  # fmt: skip
    told += [
        ("Centre shift, px", *both(n["shift"]), spread(n["shift"]["random"])),
        ("Probability of the predicted class", *(f"{chances[side]:.1%}" for side in SIDES[:2]),
         spread(chances["random"], "{:.1%}"), f"before: {chances['clean']:.1%}"),
        ("Prediction kept", *("yes" if kept[side] else "no" for side in SIDES[:2]),
         f"{sum(kept['random'])} of {len(kept['random'])}"),
        ("Largest change, levels", *(str(change[side]["largest"]) for side in SIDES)),
        ("Values changed", *(f"{change[side]['share']:.0%}" for side in SIDES)),
        ("Length of the change (L2)", *(figure(change[side]["length"]) for side in SIDES)),
    ]  # fmt: skip
    return [(*row, *[""] * (len(HEADS) - len(row))) for row in told]


def both(n: dict[str, Any]) -> tuple[str, ...]:
    """A figure of the attacked image and of the random walk's."""
    return tuple(figure(n[side]) for side in SIDES[:2])


def figure(value: float) -> str:
    """To two decimals."""
    return "" if value != value else f"{value:.2f}"


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """Mean and the range of 95 % of draws."""
    found = middle(values)
    if not np.isfinite(found).all():
        return ""
    mean, low, high = (form.format(v) for v in found)
    return f"{mean} ({low} to {high})"


def downloads(study: Fooling, found: Result, key: str) -> None:
    """The attacked image, the numbers with what made them, the maps."""
    offers: tuple[tuple[str, str, Any], ...] = (
        ("Attacked image", "png", lambda: packed(levels(found.tensors["attacked"]))),
        ("Evidence", "json", lambda: record(found)),
        ("Image and maps", "npz", lambda: arrays(found)),
    )
    with st.container(horizontal=True):
        for label, kind, make in offers:
            st.download_button(f"{label} (.{kind})", make, f"attack-{key}.{kind}", on_click="ignore",
                               key=f"fool.save.{kind}")  # fmt: skip
    st.caption("The image comes back to the last level when it is uploaded again as “Your own picture”, with the same "
               "prediction and the same map.")  # fmt: skip


def record(found: Result) -> bytes:
    """Numbers, recipe and versions as JSON, which has nothing for what is not a number but null."""
    said = {"recipe": found.recipe.to_dict(), "numbers": found.numbers, "made_by": found.made_by}
    strict = json.loads(json.dumps(said), parse_constant=lambda _: None)
    return json.dumps(strict, indent=1, allow_nan=False).encode()


def arrays(found: Result) -> bytes:
    """Every tensor of the result under its name."""
    file = BytesIO()
    np.savez_compressed(file, **{k.replace(" ", "_"): t.numpy() for k, t in found.tensors.items()})
    return file.getvalue()
