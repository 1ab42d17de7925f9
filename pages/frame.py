"""Every page's frame: settings, menu, and the one place where a refused choice becomes a sentence."""

import logging
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).resolve().parent
SECTIONS = {"Explore": ("See", "Path", "Compare", "Axioms"),
            "Attack": ("Fool", "Manipulate", "Budget", "Transfer", "Runs"),
            "Sanity": ("Randomise", "Labels", "Classes", "Shift"),
            "Train": ("Train", "Models")}  # fmt: skip
log = logging.getLogger("attrcore.pages")


def frame() -> None:
    """Draw the page that the menu, or the address, names."""
    from attrcore.answers import NoAnswer
    from attrcore.kinds import Refused
    from pages.parts import address, cached, knobs, menu

    st.set_page_config("Attribution fragility explorer", HERE.parent / "assets" / "favicon.png", layout="wide")
    st.logo(HERE.parent / "assets" / "logo.svg", size="large")
    st.html(HERE.parent / "assets" / "style.css")
    script = (HERE.parent / "assets" / "history.js").read_text()
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
    sections = {
        section: [
            st.Page(HERE / section.lower() / f"{title.lower()}.py", title=title, default=title == "See")
            for title in titles
        ]
        for section, titles in SECTIONS.items()
    }
    page = st.navigation(sections, position="hidden")
    menu.draw(sections)
    knobs.arrive(page.url_path)
    address.arrive()
    place = st.empty()
    try:
        with cached.run():
            page.run()
        st.html(f'<p class="about">{address.sharing()}</p>')
        tell(place)
        knobs.settle()
    except knobs.Ended:
        tell(place)
        st.stop()
    except (Refused, NoAnswer) as e:
        tell(place)
        refuse(e)
    except ValueError as e:  # a rule of attrcore that a choice broke, or a bug: the log tells them apart
        log.warning("a page was refused", exc_info=e)
        refuse(e)


def tell(place: Any) -> None:
    """Say there what the link asked for in vain."""
    from pages.parts import address

    if said := address.missed():
        place.info("  \n".join(said))


def refuse(reason: Exception) -> None:
    """Say why there is no more to see.  Stopping here keeps the choices whose widgets were not reached."""
    st.error(str(reason))
    st.stop()


if __name__ == "__main__":  # workers import this file by another name, and must draw nothing
    frame()
