"""Every page's frame: settings, menu, and the one place where a refused choice becomes a sentence."""

import logging
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
log = logging.getLogger("attrcore.pages")


def frame() -> None:
    """Draw the page that the menu, or the address, names."""
    from attrcore.answers import NoAnswer
    from attrcore.kinds import Refused
    from pages.parts import cached

    st.set_page_config("Attribution fragility explorer", HERE.parent / "assets" / "favicon.png", layout="wide")
    st.logo(HERE.parent / "assets" / "logo.svg", size="large")
    st.html(HERE.parent / "assets" / "style.css")
    page = st.navigation({
        "Explore": [
            st.Page(HERE / "explore" / "see.py", title="See", default=True),
            st.Page(HERE / "explore" / "axioms.py", title="Axioms"),
        ],
    })  # fmt: skip
    try:
        with cached.run():
            page.run()
    except (Refused, NoAnswer) as e:
        refuse(e)
    except ValueError as e:  # a rule of attrcore that a choice broke, or a bug: the log tells them apart
        log.warning("a page was refused", exc_info=e)
        refuse(e)


def refuse(reason: Exception) -> None:
    """Say why there is no more to see.  Stopping here keeps the choices whose widgets were not reached."""
    st.error(str(reason))
    st.stop()


if __name__ == "__main__":  # workers import this file by another name, and must draw nothing
    frame()
