"""Every page's frame: settings, menu, and the one place where a refused choice becomes a sentence."""

import gc
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """Spare the garbage collector, which Streamlit runs after every script, the modules that stay for good.

    With torch imported one collection takes a quarter of a second and holds up every visitor.
    """
    gc.collect()
    gc.freeze()


def frame() -> None:
    """Draw the page that the menu, or the address, names."""
    from attrcore.jobs import NoAnswer
    from pages.parts import cached

    st.set_page_config("Attribution fragility explorer", HERE.parent / "assets" / "favicon.png", layout="wide")
    st.logo(HERE.parent / "assets" / "logo.svg", size="large")
    st.html(HERE.parent / "assets" / "style.css")
    page = st.navigation({
        "Explore": [st.Page(HERE / "explore" / "see.py", title="See", default=True)],
    })  # fmt: skip
    try:
        with cached.run():
            page.run()
    except (ValueError, NoAnswer) as e:
        st.error(str(e))
    settle()


if __name__ == "__main__":  # workers import this file by another name, and must draw nothing
    frame()
