"""How alike two maps are: in a sentence, as marks on one scale, and in numbers."""

from html import escape

import numpy as np
import streamlit as st

from attrcore.compare import Compared, Likeness, Together, share, verdict
from attrcore.quick import Drawn
from pages.parts import tables

Span = tuple[float, float, float] | None  # mean, least and most over maps of other pictures
SIZES = ((0.2, "slightly"), (0.5, "clearly"), (0.9, "much"), (np.inf, "almost wholly"))  # by the share of the way
KINDS = {"absolute": "Strength, whatever its sign", "signed": "Sign: for the class or against it"}


def shown(found: Compared, beside: list[Span], drawn: list[Drawn], others: int, k: int) -> None:
    """All of it: what the measures say together, each of them, and its numbers."""
    signs = all((d.attribution.sum(0) < 0).any() for d in drawn)
    st.markdown(summary(found, beside, signs))
    chart(found, beside, others, k)
    with st.expander("Every number, and what it means"):
        table(found, beside, others, k)
        st.caption(notes(found, others))


def summary(found: Compared, beside: list[Span], signs: bool) -> str:
    """What the measures say together; `signs` where both maps have negative values."""
    size, sign = found.together
    if not size.count:
        return f"Nothing can be compared: {found.rows[0].why}."
    return f"{of_size(size, found.rows, beside)} {of_sign(size, sign, found.rows, signs)}"


def of_size(size: Together, rows: list[Likeness], beside: list[Span]) -> str:
    """Whether both maps are strong in the same places."""
    said = counted(size.more if size.verdict != "less" else size.less, size.count)
    if size.verdict == "less":
        return (
            f"**The maps are strong in different places**: {said} them {sizes(rows, size)} less alike than moved maps."
        )
    if size.verdict == "no more":
        least = f", as happens to {size.chance_more:.0%} of unrelated maps" if size.more else ""
        return f"**Nothing shows that the maps are strong in the same places**: {said} them more alike{least}."
    start = f"**The maps are strong in the same places**: {said} them {sizes(rows, size)} more alike than moved maps"
    above = [
        one.value > span[2]
        for one, span in zip(rows, beside, strict=True)
        if span and one.of == "absolute" and verdict(one) == "more"
    ]
    if not above:
        return f"{start}."
    if sum(above) > len(above) / 2:
        some = "all" if all(above) else f"{sum(above)}"
        return f"{start}, and {some} of these more alike than all maps of other pictures."
    return (
        f"{start}. But {len(above) - sum(above)} of these find maps of other pictures as alike: what the two share may "
        "be no more than what such maps share anyway, like a bright middle."
    )


def of_sign(size: Together, sign: Together, rows: list[Likeness], signs: bool) -> str:
    """Whether both maps agree on what speaks for the class and what against it."""
    if not signs or not sign.count:
        return "One of them has no negative values, so signs say little here."
    much = sizes(rows, sign)
    match size.verdict, sign.verdict:
        case _, "less":
            return f"**Their signs are opposed** ({much}): what is for the class in one is against it in the other."
        case "more", "more":
            return f"**Their signs agree** ({much}) on what speaks for the class and what against it."
        case "more", "no more":
            return (
                f"**Their signs do not**: by sign {counted(sign.more, sign.count)} them more alike. They mark the same "
                "places, but where one says “for the class”, the other may say “against”."
            )
        case _, "more":
            return "**Their signs agree** more than those of moved maps do, though their strong places do not."
    return "Their signs agree no more than those of moved maps."


def sizes(rows: list[Likeness], whole: Together) -> str:
    """How much more, or less, alike the measures of a kind that say so find the maps: the least to the most."""
    shares = sorted(share(one) for one in rows if one.of == whole.of and verdict(one) == whole.verdict)
    ends = [next(word for most, word in SIZES if s < most) for s in (shares or [0.0])]
    return ends[0] if ends[0] == ends[-1] else f"{ends[0]} to {ends[-1]}"


def counted(some: int, of: int) -> str:
    """Two of six measures find."""
    if some in (0, of):
        return f"{'none' if not some else 'all'} of {of} measures find{'s' if not some else ''}"
    return f"{some} of {of} measures find{'s' if some == 1 else ''}"


def words(one: Likeness, span: Span, others: int) -> str:
    """One measure's verdict."""
    if one.why:
        return f"no value: {one.why}"
    said = verdict(one)
    if said == "no more":
        return "no more alike than moved maps"
    size = f"{next(word for most, word in SIZES if share(one) < most)} {said} alike"
    if said == "less" or span is None:
        return f"{size} than moved maps"
    return f"{size}, also than {others} other pictures" if one.value > span[2] else f"{size}, but other pictures too"


def chart(found: Compared, beside: list[Span], others: int, k: int) -> None:
    """Every measure as a mark on one scale, beside what moved maps and other pictures give, and its verdict."""
    items = dict.fromkeys(KINDS, "")
    for one, span in zip(found.rows, beside, strict=True):
        items[one.of] += row(one, span, others, k)
    keys = [("moved", "moved maps, 95 %")] + [("others", "other pictures")] * any(beside) + [("mark", "these two maps")]
    legend = "".join(f'<span><i class="{kind}"></i> {said}</span>' for kind, said in keys)
    lists = "".join(
        f'<p class="kind">{kind}</p><ul>{items[of]}</ul>' for of, kind in KINDS.items() if items[of]
    )  # fmt: skip
    scale = "<b>-1</b><b>0</b><b>1</b>"
    st.html(
        f'<div class="likeness"><div class="keys" aria-hidden="true">{legend}</div>'
        f'<div class="scale" aria-hidden="true">{scale}</div>{lists}</div>'
    )


def row(one: Likeness, span: Span, others: int, k: int) -> str:
    """One measure as HTML."""
    marks = ""
    if not one.why:
        start = 0 if one.reach[0] >= 0 else -1
        marks = f'<i class="track" style="{place(start, 1)}"></i><i class="moved" style="{place(*one.moved[1:])}"></i>'
        marks += f'<i class="others" style="{place(*span[1:])}"></i>' if span else ""
        marks += f'<i class="mark" style="{place(one.value, one.value)}"></i>'
    sure = ' class="sure"' if verdict(one) in ("more", "less") else ""
    return (
        f"<li><span>{escape(named(one, k))}</span> <b>{figure(one.value)}</b>"
        f'<span class="bar" aria-hidden="true">{marks}</span><span{sure}>{escape(words(one, span, others))}</span></li>'
    )


def place(low: float, high: float) -> str:
    """Where something from `low` to `high` stands on a scale from -1 to 1."""
    low, high = (min(1.0, max(-1.0, v)) for v in (low, high))
    return f"left: {50 * (low + 1):.2f}%; width: {50 * (high - low):.2f}%"


def named(one: Likeness, k: int) -> str:
    """A measure's name, with its setting."""
    return f"{one.measure} (k = {k})" if one.measure.startswith("Top-k") else one.measure


def table(found: Compared, beside: list[Span], others: int, k: int) -> None:
    """The same in numbers."""
    rows = found.rows
    tables.table({
        "measure": [named(o, k) for o in rows],
        "of maps": [o.of for o in rows],
        "value": [figure(o.value) for o in rows],
        "moved maps": [between(o.moved) for o in rows],
        "other pictures": ["" if span is None else between(span) for span in beside],
        "can reach": ["—" if o.why else f"{figure(o.reach[0])} to {figure(o.reach[1])}" for o in rows],
        "of the way": ["—" if o.why else f"{share(o):.0%}" for o in rows],
        "so they are": [words(o, span, others) for o, span in zip(rows, beside, strict=True)],
    }, "How alike the two maps are")  # fmt: skip


def notes(found: Compared, others: int) -> str:
    """What the numbers mean and how far they can be trusted."""
    draws = sorted({o.draws for o in found.rows if o.draws}, reverse=True)
    often = " or ".join(map(str, draws)) + (" times (the fewer for slow measures)" if len(draws) > 1 else " times")
    worth = (
        f" Other pictures: the first map against maps of {others} other pictures by the second's model and method, "
        f"each of the class predicted there. To lie above all {others} by luck happens 1 time in {others + 1}."
    )
    return (
        f"Moved maps: the second map shifted around its edges, turned and mirrored at random, {often}. The grey band "
        "holds the middle 95 % of them: one measure alone calls 2.5 to 5 in 100 pairs of unrelated maps more alike, "
        "and as many less. The sentence on top takes all measures of a kind as one such test. Slightly: less than 20 % "
        "of the way from moved maps to the most (or the least) that these values can reach; clearly: less than 50 %; "
        f"much: less than 90 %.{worth if others else ''} Where measures differ: Spearman and Kendall rank every pixel, "
        "faint ones too; top-k and cosine go by the strongest; SSIM and HOG by shapes. SSIM: maps stretched to [0, 1], "
        "data range 1, Gaussian window 11 px, sigma 1.5."
    )


def between(three: tuple[float, float, float]) -> str:
    """Mean and range in words."""
    if np.isnan(three[0]):
        return "—"
    mean, low, high = map(figure, three)
    return f"{mean} ({low} to {high})"


def figure(value: float) -> str:
    """Two digits; a dash for what is no number."""
    return f"{round(value, 2) + 0.0:.2f}" if np.isfinite(value) else "—"
