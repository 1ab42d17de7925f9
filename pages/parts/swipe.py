"""Two pictures of one size, one over the other: a divider between them, or one after the other."""

from pages.parts import lens, wire

KEYS = "Drag the divider, or move it with the arrow keys (Shift: by ten). Blink shows one after the other."

COMPONENT = wire.component("swipe")


def between(left: lens.Pane, right: lens.Pane, key: str, wide: int = 448, keys: str = KEYS) -> None:
    """Show two pictures, at most `wide` px wide, and below them what `keys` says; values are not shown.

    Raises ValueError where sizes differ.
    """
    h, w = lens.size(left)
    if lens.size(right) != (h, w):
        raise ValueError(f"{right.title} must be as high and wide as {left.title}, {(h, w)}, got {lens.size(right)}")
    sides = [{"title": p.title, "picture": wire.picture(p.picture), "words": p.words} for p in (left, right)]
    COMPONENT(key=key, data={"key": key, "size": [h, w], "wide": wide, "keys": keys, "sides": sides})
