"""A table of words and numbers.  Streamlit's own cannot be scrolled by keyboard where it is wider than the screen."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st


def table(columns: Mapping[str, Sequence[object]], about: str) -> None:
    """Columns by name, all of one length; `about` names the table for those who do not see it.

    What begins with ✓ stands in green, what begins with ✗ in red.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in zip(*columns.values(), strict=True))
    st.html(
        f'<div class="scrolls" role="region" tabindex="0" aria-label="{escape(about)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cell(value: object) -> str:
    """One cell."""
    words = str(value)
    kind = {"✓": ' class="kept"', "✗": ' class="broken"'}.get(words[:1], "")
    return f"<td><span{kind}>{escape(words)}</span></td>"
