"""The menu: links to every page, in the sidebar."""

from typing import Any

import streamlit as st


def draw(sections: dict[str, list[Any]]) -> None:
    """Pages by section.  Streamlit's own menu is no well-formed list, which screen readers stumble over."""
    with st.sidebar.container(gap="xxsmall", key="menu"):
        for section, pages in sections.items():
            st.caption(section)
            with st.container(key=f"menu-{section.lower()}"):
                for page in pages:
                    st.page_link(page)
