"""An attack on a network while it runs and ever after: the maps at every look, and the curves over its steps."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from attrcore import kept
from attrcore.attack.aims import DrainTopPixels, FillRegion, MatchRegion, MoveCentre
from attrcore.folder import Look as Run
from attrcore.kinds import Aim
from attrcore.look import Look, limit, paint
from attrcore.look import picture as rgb
from attrcore.studies.model_fooling import ModelFooling
from pages.parts import charts, fooled, theatre, watch
from pages.parts.strokes import ATTACK, CHANCE, DASHES, RANDOM
from pages.parts.theatre import Frame, Play

STAGE = "manipulate.stage"
PANES = ("Held-out pictures", "Maps of the original", "Maps now", "Maps of the control now")
LOOK = Look()
CARD = 284  # px of a chart: three beside the sidebar at 1280, one on a phone
LEAST = 1e-9  # of a loss on its logarithmic axis
NETWORKS = {
    "fooled": ("fooled network", *ATTACK),
    "control": ("control: the same without the aim", *RANDOM),
}
# What looks at the held-out pictures say, and what they are called.
LOOKED = {
    "fooled": ("Maps that count as fooled", "Share of held-out maps that reach the aim, by share (below)."),
    "agreement": ("Same prediction", "Share of held-out pictures of which the network says what the original says."),
    "overlap": ("Top-k overlap", "Share of the original map's k most important pixels that are among them still."),
}
# Parts of the loss, of each step's batch.
LOSSES = {
    "aim": ("Aim", "What the loss rewards, of the batch's maps on the network with its corners as chosen: "),
    "classification": ("Cross-entropy", "With the class that the original network predicts, of the batch."),
    "logits moved": ("Logits moved", "Mean squared distance from the original network's logits, of the batch."),
}
AIMS: dict[type[Aim], str] = {
    FillRegion: "share of the map in the region.",
    MatchRegion: "minus the mean squared distance from the region's mask.",
    DrainTopPixels: "share of the map off its former top.",
    MoveCentre: "squared way of the centre, as a share of the squared diagonal.",
}

Series = dict[str, tuple[list[int], list[float | None]]]


def shown(study: ModelFooling, seen: Run) -> None:
    """Maps and curves as far as they have come."""
    facts = {fact.done: fact.facts for fact in watch.facts(seen)}
    if 0 not in facts:
        if seen.state == "running":
            st.caption("The original maps are being computed …")
        return
    first = kept.frame(seen.key, 0)
    if first:
        stage(study, seen, first)
        curves(study, facts, first["images"][0, 0].size)


def stage(study: ModelFooling, seen: Run, first: dict[str, np.ndarray]) -> None:
    """Send what is new of a run, whose first look is `first`, to the browser."""
    key = fooled.name(study, seen)
    numbers = kept.frames(seen.key, theatre.had(STAGE, key) + 1)[: fooled.AT_ONCE]
    frames = [frame(n, f) for n in numbers if (f := kept.frame(seen.key, n))]
    images = montage([rgb(image) for image in first["images"]])
    play = Play(key, PANES, (), images.shape[:2], study.schedule.steps, outline(study, first["images"]))
    theatre.stage(STAGE, play, frames, live=seen.live or more(study, seen))


def more(study: ModelFooling, seen: Run) -> bool:
    """Are there frames that this visitor's browser has not got yet?"""
    return seen.frame is not None and theatre.had(STAGE, fooled.name(study, seen)) < seen.frame


def frame(n: int, seen: dict[str, np.ndarray]) -> Frame:
    """One look as the stage shows it."""
    pictures = [montage([rgb(image) for image in seen["images"]])]
    pictures += [montage(painted(seen[f"{name} maps"])) for name in ("original", "fooled", "control")]
    large = max(pictures[0].shape) > theatre.SMALL
    return Frame(n, tuple(fooled.jpeg(p) if large else np.ascontiguousarray(p) for p in pictures), {})


def painted(maps: np.ndarray) -> list[np.ndarray]:
    """Maps (n, H, W) in colours, each on its own scale."""
    planes = maps.astype(np.float32)
    return [paint(plane, limit([plane], LOOK.clip), LOOK) for plane in planes]


def montage(pictures: list[np.ndarray]) -> np.ndarray:
    """Up to four of one size in two rows of two."""
    room = [*pictures, *[np.zeros_like(pictures[0])] * (-len(pictures) % 2)]
    return np.concatenate([np.concatenate(room[i : i + 2], 1) for i in range(0, len(room), 2)])


def outline(study: ModelFooling, images: np.ndarray) -> np.ndarray | None:
    """The aim's region on each picture of the montage."""
    if not isinstance(study.aim, FillRegion | MatchRegion):
        return None
    mask = study.aim.region.mask(*images.shape[2:]).numpy()
    return montage([mask] * len(images))


def curves(study: ModelFooling, facts: dict[int, dict[str, Any]], pixels: int) -> None:
    """What the looks and the loss say of the fooled network and its control; a map has so many pixels."""
    looks = {n: said.get("held out", said if n == 0 else None) for n, said in facts.items()}
    looks = {n: said for n, said in looks.items() if said}
    steps = {n: said for n, said in facts.items() if "step" in said}
    level = {"fooled": looks[0]["control"]["fooled"], "overlap": study.k / pixels}
    st.html(legend())
    with st.container(horizontal=True):
        for name, (title, help) in LOOKED.items():
            panel(study, title, help, series(looks, name), level.get(name))
    with st.container(horizontal=True):
        for name, (title, help) in LOSSES.items():
            help = help + AIMS[type(study.aim)] if name == "aim" else help
            panel(study, title, help, series(steps, name), log=name != "aim")


def series(said: dict[int, dict[str, Any]], name: str) -> Series:
    """Steps and what each network had there, where it had anything."""
    found = {}
    for network in NETWORKS:
        points = {n: facts[network].get(name) for n, facts in said.items() if name in facts[network]}
        if points:
            found[network] = list(points), list(points.values())
    return found


def panel(
    study: ModelFooling, title: str, help: str, found: Series, beside: float | None = None, log: bool = False
) -> None:  # fmt: skip
    """One chart: a line for each network, and a level to compare with."""
    with st.container(width=CARD, gap="xsmall"):
        st.markdown(f"**{title}**", help=help)
        figure = go.Figure()
        for network, (steps, values) in found.items():
            called, colour, dash = NETWORKS[network]
            figure.add_scatter(
                x=steps, y=[None if v is None else max(v, LEAST) if log else v for v in values], name=called,
                mode="lines+markers" if len(steps) < 40 else "lines", line={"color": colour, "dash": dash, "width": 2},
                marker_size=5, hovertemplate=f"{called}<br>step %{{x}}: <b>%{{y:.3g}}</b><extra></extra>",
            )  # fmt: skip
        if beside is not None:
            figure.add_hline(beside, line={"color": CHANCE.colour, "width": 1.5, "dash": CHANCE.dash})
        figure.update_xaxes(range=[0, study.schedule.steps], title={"text": "steps", "standoff": 8})
        if log:
            figure.update_yaxes(type="log", exponentformat="power", dtick=2)
        elif title != LOSSES["aim"][0]:
            figure.update_yaxes(range=[-0.03, 1.06], tickvals=[0, 0.25, 0.5, 0.75, 1])
        figure.update_layout(showlegend=False, hovermode="closest")
        charts.draw(figure, 190, words(title, found), f"manipulate.{title}")


def words(title: str, found: Series) -> str:
    """The chart for those who do not see it."""
    ends = [f"{NETWORKS[name][0]} {y[0]:.3g} at step {x[0]}, {y[-1]:.3g} at step {x[-1]}"
            for name, (x, y) in found.items() if y[0] is not None and y[-1] is not None]  # fmt: skip
    return f"{title}: {'; '.join(ends) or 'nothing yet'}"


def legend() -> str:
    """Lines and what they mean, once for all charts, as HTML."""
    items = [f'<span><i style="color: {colour}; --dash: {DASHES[dash]}"></i>{called}</span>'
             for called, colour, dash in NETWORKS.values()]  # fmt: skip
    items.append(f'<span><i class="chance" style="--dash: {DASHES[CHANCE.dash]}"></i>chance, or the original</span>')
    return f'<p class="lines">{"".join(items)}</p>'
