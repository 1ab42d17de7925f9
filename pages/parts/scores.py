"""Networks beside each other by what many pictures say: NA, AA, IN and CO with intervals, and what robustness costs."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from attrcore import kept, store
from attrcore.data.splits import SPLITS
from attrcore.models import find
from attrcore.models.shipped import Shipped
from attrcore.studies.evaluation import PROTOCOLS, evaluation, scores
from pages.parts import charts, knobs, pick, watch
from pages.parts.knobs import LINKED
from pages.parts.strokes import CHANCE, COLOURS
from pages.parts.tables import table

COLUMNS = {
    "NA": "NA: predicted right",
    "AA": "AA: still right under attack",
    "IN": "IN: top pixels kept",
    "CO": "CO: Kendall",
}
DIGITS = 200  # whose maps are attacked, as on the cards

PATTERNS = ("", "/", "x", ".")

Said = dict[str, Any]  # what an evaluation found
Score = tuple[float | None, float | None, float | None]  # with the ends of its interval


def shown(models: list[str]) -> None:
    """A table and bars of those that were evaluated, and a button for those that were not."""
    st.header("On many pictures")
    st.markdown(
        "**NA**: share of 10,000 test digits predicted right. **AA**: still right after 40 gradient steps on the "
        "prediction. **IN** and **CO**: overlap of the 100 most important pixels of Integrated Gradients, and "
        f"Kendall's tau of all, after an attack on the map, of {DIGITS} digits that were predicted right. No pixel "
        "changes by more than 0.3 ([Chen et al., 2019](https://arxiv.org/abs/1905.09957))."
    )
    protocol = st.segmented_control("Attack on maps", PROTOCOLS, default=PROTOCOLS[0], required=True, **LINKED,
                                    key=knobs.kept("scores.protocol"), help="published: as Chen et al. strict: three "
                                    "attempts, a slope ever nearer to the network's own.")  # fmt: skip
    known = {name: said for name in models if (said := found(name, protocol))}
    if known:
        numbers(known)
        bars(known)
        st.caption(verdict(known))
    missing = [name for name in models if name not in known]
    if missing:
        run(missing, protocol)


def found(name: str, protocol: str) -> Said | None:
    """What is known of a network: what its card says, or what was found here."""
    entry = find(name)
    card = entry.facts().get("robustness", {}) if isinstance(entry, Shipped) else {}
    if protocol in card:
        return card[protocol]["numbers"]
    key = evaluation(name, protocol, DIGITS).key()
    seen = store.look(key)
    return kept.result(key, ()).numbers if seen is not None and seen.state == "done" and store.sound(key) else None


def numbers(known: dict[str, Said]) -> None:
    """A row for each network."""
    each = {name: scores(said) for name, said in known.items()}
    base = next(iter(each.values()))["NA"][0]
    columns: dict[str, list[str]] = {"Network": [pick.plain(name) for name in known]}
    for score, title in COLUMNS.items():
        columns[title] = [told(score, one[score]) for one in each.values()]
    columns["Accuracy beside the first"] = [f"{100 * (one['NA'][0] - base):+.2f} %-points" for one in each.values()]
    columns["IN after a random change"] = [f"{said['IN']['random']['mean']:.1%}" for said in known.values()]
    columns["Chance of IN"] = [f"{said['chance of IN']:.1%}" for said in known.values()]
    columns["Ceiling of CO"] = [f"{said['ceiling of CO']:.2f}" for said in known.values()]
    table(columns, "Accuracy and robustness of each network")
    st.caption(
        "Brackets: 95 % intervals (Wilson's for shares, bootstrap over digits for maps). Chance: maps that have "
        "nothing to do with each other. Ceiling: black pixels tie, and no map without ties can come nearer."
    )


def told(score: str, value: Score) -> str:
    """A score with its interval."""
    if value[0] is None:
        return ""
    mean, *ends = (f"{v:.3f}" if score == "CO" else f"{v:.1%}" for v in value if v is not None)
    return f"{mean} ({' to '.join(ends)})" if ends else mean


def bars(known: dict[str, Said]) -> None:
    """A group for each score, a bar for each network."""
    figure, words = go.Figure(), []
    for i, (name, said) in enumerate(known.items()):
        each = [known_ends(value) for value in scores(said).values()]
        above, below = [high - mean for mean, _, high in each], [mean - low for mean, low, _ in each]
        figure.add_bar(
            x=list(COLUMNS), y=[mean for mean, *_ in each], name=pick.plain(name), marker_color=COLOURS[i],
            error_y={"type": "data", "symmetric": False, "thickness": 1.5, "array": above, "arrayminus": below},
            marker_pattern_shape=PATTERNS[i], hovertemplate="%{x}: %{y:.3f}",
        )  # fmt: skip
        words.append(
            f"{pick.plain(name)}: {', '.join(f'{s} {mean:.2f}' for s, (mean, *_) in zip(COLUMNS, each, strict=True))}"
        )
    chance = next(iter(known.values()))["chance of IN"]
    figure.add_shape(type="line", x0=1.5, x1=2.5, y0=chance, y1=chance, line={"color": CHANCE.colour, "dash": "dot"})
    figure.update_yaxes(range=[0, 1.02])
    figure.update_layout(barmode="group", showlegend=True)
    charts.draw(figure, 300, "; ".join(words), "scores")


def known_ends(value: Score) -> tuple[float, float, float]:
    """A score and the ends of its interval; the score itself where there is none, 0 where it is not known."""
    mean = value[0] or 0.0
    return mean, *(mean if end is None else end for end in value[1:])


def verdict(known: dict[str, Said]) -> str:
    """What is sure of the others beside the first: intervals that do not touch."""
    (first, base), *rest = ((pick.plain(name), scores(said)) for name, said in known.items())
    lines = []
    for name, one in rest:
        more = [s for s in COLUMNS if sure(one[s], base[s])]
        less = [s for s in COLUMNS if sure(base[s], one[s])]
        says = [f"more {', '.join(more)}"] * bool(more) + [f"less {', '.join(less)}"] * bool(less)
        lines.append(f"{name} has {' and '.join(says) or 'nothing surely more or less'} than {first}.")
    return " ".join(lines) + (" Sure is what lies beyond both intervals." if lines else "")


def sure(a: Score, b: Score) -> bool:
    """Does the first lie above the second, beyond both intervals?"""
    return None not in (a[1], b[2]) and a[1] > b[2]


def run(missing: list[str], protocol: str) -> None:
    """Evaluate one of those that were not."""
    if reason := SPLITS["MNIST"].missing():
        st.info(f"Not evaluated yet: {', '.join(map(pick.spoken, missing))}. {reason}")
        return
    titles = {pick.plain(name): name for name in missing}
    name = titles[st.selectbox("Not evaluated yet", titles, key="scores.network", width=300, filter_mode=None)]
    study = evaluation(name, protocol, DIGITS)
    words = "About an hour on two cores, minutes on a GPU; it can be left and taken up again."
    watch.start(study, "Evaluate", words, addressed=False)
    watch.follow(study, lambda seen: None)
