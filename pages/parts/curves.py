"""A path of integrated gradients on the screen: its pictures at one point, and its curves."""

from html import escape

import numpy as np
import streamlit as st
from plotly.subplots import make_subplots

from attrcore.ig_path import NEAR, Halves, Opened
from attrcore.look import Look, in_words, limit, paint
from pages.parts import knobs, lens, show, wire
from pages.parts.pick import Scene
from pages.parts.strokes import BLUE, GREEN, ORANGE, PINK

SIGNED = Look(values="signed")  # the halves of a path may speak against each other
LEFT, RIGHT = 64, 72  # px beside the curves, as beside the slider below them (`assets/style.css`)
PLAIN = {"displayModeBar": False}


def baseline(scene: Scene, found: Opened, start: np.ndarray, title: str) -> None:
    """The picture that the path starts from, (C, H, W) in [0, 1], and what the network says of it."""
    with st.container(width=show.CARD, gap="xsmall"):
        st.markdown("**Baseline**")
        picture = pixels_of(start)
        show.drawing(wire.packed(picture.tobytes(), picture.shape), f"The baseline: {title}")
        st.html(f'<p class="about">{escape(title)}</p>{show.bars(found.before, found.target, scene.classes)}')


def pixels_of(values: np.ndarray) -> np.ndarray:
    """(C, H, W) in [0, 1] -> (H, W, 3) uint8."""
    return show.rgb((values * 255).round().astype(np.uint8))


def painted(replaced: np.ndarray) -> str:
    """What a painted baseline means, from the mask (H, W) of what it replaces, in sentences."""
    if not replaced.any():
        return (
            "Nothing is painted yet, so the path below starts from the whole baseline. Paint what of the image is to "
            "be replaced: then it starts from that mixture, and asks what the painted parts add to the rest."
        )
    share = float(replaced.mean())
    return (
        f"**{share:.0%} of the image is replaced.** The other {1 - share:.0%} is the same in baseline and image: "
        "x - x' is zero there, and those pixels get **exactly nothing**, however much they matter to the network.\n\n"
        "Below you see what the network takes the mixture for. A baseline should look like nothing to it: no class "
        "probable. Where it still sees something, the map explains only the difference from that.\n\n"
        "The address of this page does not hold what you paint: a link, or a reload, opens with nothing painted."
    )


def facts(found: Opened, parts: Halves) -> None:
    """Where the score begins and ends, and whether it saturates on the way."""
    st.markdown("**From baseline to image**")
    st.markdown(
        f"F(x') = {found.scores[0]:.4g} and F(x) = {found.scores[-1]:.4g} are logits; the probabilities are "
        f"{found.chances[0]:.1%} and {found.chances[-1]:.1%}."
    )
    st.markdown(saturation(parts))


def saturation(parts: Halves) -> str:
    """Whether the score saturates on the path, and how much of the map comes from there."""
    if not any(parts.sizes):
        return "The score does not move along this path, and the map is empty."
    says = (
        f"From **alpha {parts.bend:.2f}** on, the logit stays within a tenth of its whole change from its last value; "
        f"a straight line would from {1 - NEAR:.2f} on. "
    )
    if not parts.saturated:
        return (
            f"{says}So **no part of this path is saturated**: a stretch is called so when the logit, near its last "
            "value, moves less than half as fast as a straight line."
        )
    share = parts.sizes[1] / sum(parts.sizes)
    return (
        f"{says}This **saturated stretch, {1 - parts.bend:.0%} of the path**, adds {parts.sums[1]:+.3g} to "
        f"the map's sum and makes **{share:.0%} of the map** by the size of its values; what comes before adds "
        f"{parts.sums[0]:+.3g} and makes {1 - share:.0%}. "
        "Saturated stretches often make more of a map than of the score "
        "([Miglani et al., 2020](https://arxiv.org/abs/2010.12697))."
    )


def check(found: Opened) -> None:
    """What the gate says of the finished map."""
    says = " ".join(check.says for check in found.checks if check.law == "completeness" or not check.holds)
    st.markdown(f"**Check of the finished map** {show.badges(found.checks)} {says}")


def walk(found: Opened, parts: Halves, name: str) -> int:
    """The curves of class `name` and below them a slider along the path; the number of the stop it is nearest to."""
    stops = found.points[found.stops]
    above, alpha = st.container(), 1.0
    if len(stops) > 1:
        with st.container(key="along"):
            alpha = st.slider(
                f"alpha (shows the nearest of {len(stops)} points)", 0.0, 1.0, 0.5, 0.01, key=knobs.kept("alpha"),
                help="The arrow keys walk along the path. Computes nothing.", **knobs.LINKED,
            )  # fmt: skip
    off = np.abs(stops - alpha).round(9)
    stop = int(np.flatnonzero(off == off.min())[-1])
    with above:
        path(found, parts, stop, name)
    return stop


def at_stop(found: Opened, stop: int, image: np.ndarray, start: np.ndarray) -> None:
    """The image there, the gradient, the map so far and the finished map under one lens; what their colours mean."""
    a, whole, so_far = found.points[found.stops[stop]], found.parts.sum(0), found.parts[: stop + 1].sum(0)
    top = limit([whole], SIGNED.clip)
    gradient, x = found.gradients[stop], image.astype(np.float32) / 255
    lens.viewer([
        lens.Pane(f"Image at alpha {a:.3f}", pixels_of(start + a * (x - start)), words=f"The image at alpha {a:.3f}"),
        pane("Gradient there", gradient, found.strongest),
        pane("Map so far", so_far, top),
        pane("Finished map", whole, top),
    ], "path.lens")  # fmt: skip
    check(found)
    show.legend(SIGNED, None)
    st.caption(
        f"Channels are added up. Both maps share one scale: the strongest colours stand for ±{top:.3g} (logit per "
        f"pixel), the {SIGNED.clip} percentile of the finished map. The gradient has its own for the whole path: "
        f"±{found.strongest:.3g} (logit per unit of brightness)."
    )


def pane(title: str, plane: np.ndarray, top: float) -> lens.Pane:
    """A signed map under the lens."""
    return lens.Pane(title, paint(plane, top, SIGNED), plane, in_words(title, plane))


def path(found: Opened, parts: Halves, stop: int, name: str) -> None:
    """The score of class `name` and its slope from baseline to image, with the saturated stretch and the stop."""
    st.caption(
        "Logits have no unit; the slope is what the logit gains per whole way from baseline to image, by the gradient. "
        "Where the dotted sum leaves the line of F, the rule has missed something: the rest is the gap."
    )
    figure = make_subplots(
        2, 1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.62, 0.38], specs=[[{"secondary_y": True}], [{}]]
    )
    steps = np.concatenate([[0], found.points, [1]])
    chance = "alpha %{x:.3f}<br>logit <b>%{y:.4g}</b><br>probability %{customdata:.1%}<extra></extra>"
    figure.add_scatter(
        x=steps, y=found.scores, customdata=found.chances, name="logit F", hovertemplate=chance, line_color=BLUE
    )
    sums = found.scores[0] + np.cumsum([0, *found.weights * found.slopes])
    figure.add_scatter(
        x=[0, *found.weights.cumsum()], y=sums, name="F(x') + sum of the parts so far", mode="markers+lines",
        line={"color": ORANGE, "dash": "dot"}, marker_size=4,
        hovertemplate="up to alpha %{x:.3f}<br>F(x') + sum <b>%{y:.4g}</b><extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=found.points, y=found.slopes, name="slope by the gradient", mode="markers+lines", line_color=GREEN,
        marker_size=4, hovertemplate="alpha %{x:.3f}<br>slope <b>%{y:.4g}</b><extra></extra>", row=2, col=1,
    )  # fmt: skip
    figure.add_scatter(
        x=steps, y=found.chances, name="probability", line={"color": PINK, "width": 1.2, "dash": "dash"},
        hoverinfo="skip", row=1, col=1, secondary_y=True,
    )  # fmt: skip
    alpha, row = found.points[found.stops[stop]], found.stops[stop]
    for at, y in ((1, found.scores[row + 1]), (2, found.slopes[row])):
        figure.add_vline(alpha, line={"color": "gray", "width": 1}, row=at, col=1)
        figure.add_scatter(
            x=[alpha], y=[y], mode="markers", marker={"size": 11, "color": BLUE if at == 1 else GREEN},
            showlegend=False, hoverinfo="skip", row=at, col=1,
        )  # fmt: skip
    if parts.saturated:
        figure.add_vrect(parts.bend, 1, fillcolor="gray", opacity=0.18, line_width=0, row="all", col=1)
        figure.add_annotation(
            x=parts.bend, y=1, yref="y domain", xanchor="left", text="saturated", showarrow=False, yanchor="bottom"
        )
    figure.update_xaxes(range=[0, 1], domain=[0, 1])  # plotly leaves a place for the second axis inside, too
    figure.update_traces(cliponaxis=False)
    figure.update_xaxes(title="alpha: 0 is the baseline, 1 the image", row=2, col=1)
    figure.update_yaxes(title="logit", row=1, col=1, secondary_y=False)
    chances = {"title": "probability", "range": [-0.02, 1.02], "tickformat": ".0%", "tickvals": [0, 0.5, 1]}
    chances |= {"tickmode": "array", "showgrid": False}
    figure.update_yaxes(row=1, col=1, secondary_y=True, **chances)
    low, high = min(0, *found.slopes), max(0, *found.slopes)
    margin = 0.06 * (high - low) or 1
    figure.update_yaxes(title="logit per alpha", range=[low - margin, high + margin], row=2, col=1)
    legend = {"orientation": "h", "y": 1.06, "yanchor": "bottom", "x": 0}
    figure.update_layout(height=400, margin={"l": LEFT, "r": RIGHT, "t": 50, "b": 40}, legend=legend)
    words = (
        f"The logit of {name} from {found.scores[0]:.3g} at the baseline to {found.scores[-1]:.3g} at the image; "
        + (f"saturated from alpha {parts.bend:.2f} on" if parts.saturated else "nowhere saturated")
    )
    st.plotly_chart(figure, width="stretch", config=PLAIN, alt=words, key="path.chart")
