"""The authors' numbers of the cascading test on MNIST, beside ours."""

from typing import Any

import streamlit as st

from attrcore.published import SANITY
from attrcore.studies.randomisation import Randomisation
from attrcore.studyfile import shipped
from pages.parts.tables import table
from pages.parts.unlearned import USUAL, told

THEIRS = ("model", "digest", "order", "grain", "target", "statistics", "copies")  # settings that theirs are of


def beside(study: Randomisation, n: dict[str, Any], by: str) -> None:
    """A table of both, where the study is set up as theirs but for digits and draws."""
    if by != USUAL or any(getattr(study, name) != getattr(reproduced(), name) for name in THEIRS):
        return
    ours = {name: points[1:] for name, points in n["curves"][by].items() if plain(name) in SANITY.curves}
    if not ours or any(p["mean"] is None for points in ours.values() for p in points):
        return  # it is under way
    st.subheader("Beside the authors' numbers")
    off = {(name, layer): p["mean"] - v for name, points in ours.items() for layer, p, v in
           zip(SANITY.layers, points, SANITY.curves[plain(name)], strict=True)}  # fmt: skip
    (method, layer), most = max(off.items(), key=lambda pair: abs(pair[1]))
    st.markdown(
        f"No mean is further from theirs than **{abs(most):.2f}** ({method} after {layer}, where ours is "
        f"{'higher' if most > 0 else 'lower'})."
    )
    columns: dict[str, list[str]] = {"Method": list(ours)}
    for i, (layer, called) in enumerate(SANITY.layers.items()):
        columns[f"{layer}, ours"] = [over_draws(points[i]) for points in ours.values()]
        columns[f"{called}, theirs"] = [f"{SANITY.curves[plain(name)][i]:.2f}" for name in ours]
    table(columns, f"{by}, ours and theirs")
    with st.popover("What theirs is"):
        st.markdown(
            f"**Source.** {SANITY.source}\n\n**Read from.** {SANITY.read_from}\n\n**Their protocol.** "
            f"{SANITY.protocol}\n\n" + "\n\n".join(f"**To know.** {words}" for words in SANITY.caveats)
        )


def reproduced() -> Randomisation:
    """The study of theirs that ships."""
    return next(file.study for file in shipped().values() if isinstance(file.study, Randomisation))


def plain(name: str) -> str:
    """A method without its settings."""
    return name.partition(" (")[0]


def over_draws(p: dict[str, Any]) -> str:
    """A mean with its interval over draws of weights."""
    return told({name: p[name] for name in ("mean", "low", "high")})
