"""Two networks under an offset of their images: that their scores are equal, and which of their maps are not."""

import numpy as np
import streamlit as st

from attrcore.axioms import figure, shift
from attrcore.look import Look, in_words, limit, paint
from attrcore.look import picture as rgb
from pages.parts import charts, film
from pages.parts.film import Cell, Film, Strip
from pages.parts.tables import table

KINDS = ("ghost", "constant")
AMOUNTS = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)
SIGNED = Look(values="signed")
HEADS = ("Network 1, the digit", "Network 2, with the offset", "Difference")

Asked = tuple[str, float, np.ndarray | None]  # kind, value, ghost


def shown(pixels: np.ndarray, asked: Asked, seen: shift.Seen, measured: shift.Measured) -> None:
    """Scores, maps and verdicts."""
    st.markdown(
        f"**The scores are equal:** over {shift.DIGITS} digits the logits of the two networks differ by at most "
        f"{figure(measured.apart)}, in double precision. Of this digit:"
    )
    one, two = seen.logits
    columns = {str(i): (f"{a:.4f}", f"{b:.4f}") for i, (a, b) in enumerate(zip(one, two, strict=True))}
    table({"Logit of": ("Network 1, the digit", "Network 2, with the offset"), **columns}, "Logits of both networks")
    strips = [images(pixels, asked), *(strip(name, maps, seen.off[name]) for name, maps in seen.maps.items())]
    whole = Film("Maps of one function, computed by two networks", HEADS, strips)
    film.shown(whole)
    st.caption(
        "Purple speaks for the class, orange against it; in a row all three have one scale. Edges ask no network; they "
        "are there for comparison."
    )
    film.offer(whole, SIGNED, "shift")
    verdicts(measured)


def images(pixels: np.ndarray, asked: Asked) -> Strip:
    """What each network gets, and what was added: the second and third from their least to their largest value."""
    m = shift.offset_of(*asked).numpy()
    x = pixels / 255
    same = float(np.ptp(x + m)) == 0
    cells = [Cell(rgb(pixels), "The digit"), Cell(grey(x + m), "The digit with the offset", ends(x + m, same)),
             Cell(grey(m), "The offset", ends(m, float(np.ptp(m)) == 0))]  # fmt: skip
    return Strip("Image", cells)


def grey(plane: np.ndarray) -> np.ndarray:
    """(1, H, W) from its least value, black, to its largest, white; middle grey where it is the same everywhere."""
    low, high = plane.min(), plane.max()
    share = (plane - low) / (high - low) if high > low else np.full_like(plane, 0.5)
    return rgb(np.round(255 * share).astype(np.uint8))


def ends(plane: np.ndarray, same: bool) -> str:
    """What black and white stand for."""
    return f"{plane.min():z.2g} everywhere" if same else f"{plane.min():z.2g} to {plane.max():z.2g}"


def strip(name: str, maps: np.ndarray, off: float) -> Strip:
    """One method's maps of both networks and their difference, on one scale."""
    one, two = maps
    top = limit([one, two], SIGNED.clip)
    planes = {"network 1": one, "network 2": two, "the difference": two - one}
    cells = [Cell(paint(plane, top, SIGNED), in_words(f"{name}, {what}", plane)) for what, plane in planes.items()]
    says = "✓ the same map" if off <= shift.BOUND else f"✗ another map: off by {figure(off)} times its largest value"
    return Strip(name, cells, says)


def verdicts(measured: shift.Measured) -> None:
    """Over many digits."""
    rows = measured.verdicts
    if any(row.figures[1] for row in rows):
        charts.verdicts(rows, "largest difference", "on the ghost, network 1", "on the ghost, network 2")
        more = (
            f" On the ghost: share of a map's weight on the ghost's strokes; of an even map {measured.even:.0%}. "
            "SmoothGrad's noise is a share of the image's range, which a ghost widens: that is why it changes."
        )
    else:
        rows, more = [row._replace(figures=row.figures[:1]) for row in rows], ""
        charts.verdicts(rows, "largest difference")
    st.caption(
        f"Over {shift.DIGITS} digits. Largest difference: as a share of the largest value in network 1's maps; kept: "
        f"at most {shift.BOUND:g}.{more}"
    )
