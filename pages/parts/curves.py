"""A path of integrated gradients on the screen: its pictures at one point, its curves, and its gaps."""

from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from attrcore.answers import Answer
from attrcore.explain.integrated_gradients import QUADRATURES
from attrcore.ig_path import STEPS, Halves, Opened
from attrcore.look import Look, in_words, limit, paint
from pages.parts import cached, lens, show, wire
from pages.parts.pick import Scene
from pages.parts.strokes import BLUE, COLOURS, DASHES, GREEN, ORANGE, PINK

SIGNED = Look(values="signed")  # the halves of a path may speak against each other
CHART = 270  # px: three fit beside the sidebar at 1280, five at 1920
LEAST = -2  # log10 of the smallest gap drawn, in percent
PLAIN = {"displayModeBar": False}


def baseline(scene: Scene, start: np.ndarray, title: str) -> None:
    """The picture that the path starts from, (C, H, W) in [0, 1], and what the network says of it."""
    with st.container(width=show.CARD, gap="xsmall"):
        st.markdown("**Baseline**")
        picture = pixels_of(start)
        show.drawing(wire.packed(picture.tobytes(), picture.shape), f"The baseline: {title}")
        st.html(f'<p class="about">{escape(title)}</p>{show.chances(scene)}')


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
        "probable. Where it still sees something, the map explains only the difference from that."
    )


def facts(found: Opened, parts: Halves) -> None:
    """What the gate says of the finished map, and how much of it comes from the saturated stretch."""
    st.markdown(f"**Finished map** {show.badges(found.checks)}")
    st.markdown(" ".join(check.says for check in found.checks if check.law == "completeness" or not check.holds))
    st.markdown(
        f"F(x) = {found.scores[-1]:.4g} and F(x') = {found.scores[0]:.4g} are logits; the probabilities are "
        f"{found.chances[-1]:.1%} and {found.chances[0]:.1%}."
    )
    st.markdown(saturation(parts))


def stops(found: Opened) -> list[str]:
    """The path's alpha at each of its stops, as the slider and the address write them."""
    return [f"{alpha:.3f}" for alpha in found.points[found.stops]]


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
    figure.add_vrect(parts.bend, 1, fillcolor="gray", opacity=0.18, line_width=0, row="all", col=1)
    figure.add_annotation(
        x=parts.bend, y=1, yref="y domain", xanchor="left", text="saturated", showarrow=False, yanchor="bottom"
    )
    figure.update_xaxes(range=[-0.01, 1.01])
    figure.update_xaxes(title="alpha: 0 is the baseline, 1 the image", row=2, col=1)
    figure.update_yaxes(title="logit", row=1, col=1, secondary_y=False)
    chances = {"title": "probability", "range": [-0.02, 1.02], "tickformat": ".0%", "tickvals": [0, 0.5, 1]}
    chances |= {"tickmode": "array", "showgrid": False}
    figure.update_yaxes(row=1, col=1, secondary_y=True, **chances)
    low, high = min(0, *found.slopes), max(0, *found.slopes)
    margin = 0.06 * (high - low) or 1
    figure.update_yaxes(title="logit per alpha", range=[low - margin, high + margin], row=2, col=1)
    legend = {"orientation": "h", "y": 1.06, "yanchor": "bottom", "x": 0}
    figure.update_layout(height=460, margin={"l": 0, "r": 10, "t": 50, "b": 0}, legend=legend)
    words = (
        f"The logit of {name} from {found.scores[0]:.3g} at the baseline to {found.scores[-1]:.3g} at the image; "
        f"saturated from alpha {parts.bend:.2f} on"
    )
    st.plotly_chart(figure, width="stretch", config=PLAIN, alt=words, key="path.chart")
    st.caption(
        "Logits have no unit; the slope is what the logit gains per whole way from baseline to image, by the gradient. "
        "Where the dotted sum leaves the line of F, the rule has missed something: the rest is the gap."
    )


def saturation(parts: Halves) -> str:
    """How much of the map comes from before the saturated stretch and how much from it, in a sentence."""
    if not sum(parts.sizes):
        return "The score does not move along this path, and the map is empty."
    share = parts.sizes[1] / sum(parts.sizes)
    hardly = ", as on a straight line: this path hardly saturates" if parts.bend >= 0.9 else ""
    return (
        f"From **alpha {parts.bend:.2f}** on, the logit stays within a tenth of its whole change from its last "
        f"value{hardly}. This **saturated stretch, {1 - parts.bend:.0%} of the path**, adds {parts.sums[1]:+.3g} to "
        f"the map's sum and makes **{share:.0%} of the map** by the size of its values; what comes before adds "
        f"{parts.sums[0]:+.3g} and makes {1 - share:.0%}."
    )


def several(asked: dict[str, Answer]) -> None:
    """The gaps from several baselines, by their names, each when it is there."""
    st.markdown(
        "The *gap* is how far the map's sum is from F(x) - F(x'), as a share of that change; the gate allows 5 %. "
        f"Both axes are logarithmic, and what is below {10.0**LEAST:g} % is drawn there. Where the score changes "
        "little from baseline to image, the share is large."
    )
    lines = [
        f'<span style="display: inline-block; width: 30px; height: 3px; vertical-align: middle; color: {colour}; '
        f'background: repeating-linear-gradient(to right, {dash})"></span> {rule}'
        for rule, colour, dash in zip(QUADRATURES, COLOURS, DASHES.values(), strict=False)
    ]
    st.html(f'<p class="about">{" &emsp; ".join(lines)}</p>')
    with st.container(horizontal=True, gap="small"):
        places = {name: st.container(width=CHART) for name in asked}
    empty = {}
    for name, place in places.items():
        place.markdown(f"**{name}**")
        empty[name] = place.empty()
        empty[name].caption("computing …")
    for name, found in cached.as_they_come(asked):
        with empty[name].container():
            show.refusal(found) if isinstance(found, Exception) else gaps(name, found)


def gaps(name: str, found: dict[str, list[float]]) -> None:
    """How far from complete each rule leaves the map, by steps, on logarithmic axes."""
    figure = go.Figure()
    for (rule, off), colour, dash in zip(found.items(), COLOURS, DASHES, strict=False):
        figure.add_scatter(
            x=STEPS, y=[max(100 * gap, 10.0**LEAST) for gap in off], name=rule, mode="markers+lines",
            line={"color": colour, "dash": dash},
            hovertemplate=f"{rule}, %{{x}} steps<br><b>%{{y:.3g}} %</b><extra></extra>",
        )  # fmt: skip
    for bound in (1, 5):  # an annotation of add_hline would stand at 10 to the bound
        figure.add_hline(bound, line={"color": "gray", "width": 1, "dash": "dash"})
        figure.add_annotation(
            x=0, xref="paper", y=np.log10(bound), text=f"{bound} %", showarrow=False, xanchor="left", yanchor="bottom"
        )
    most = np.log10(100 * max(map(max, found.values())) + 1)
    figure.update_xaxes(type="log", tickvals=STEPS, title="steps")
    figure.update_yaxes(type="log", dtick=1, ticksuffix=" %", title="gap", range=[LEAST - 0.1, max(2.1, most + 0.1)])
    figure.update_layout(height=250, margin={"l": 0, "r": 10, "t": 10, "b": 0}, showlegend=False)
    least = min(found, key=lambda rule: found[rule][-1])
    words = f"Gap from {name} by rule and steps; the least after {STEPS[-1]} steps has {least}"
    st.plotly_chart(figure, width="stretch", config=PLAIN, alt=words, key=f"gaps.{name}")
