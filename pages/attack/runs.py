"""Runs: every study that is kept, under way or ended; and those of one kind side by side."""

import streamlit as st

from pages.parts import ask, entries, shelf, side_by_side

st.title("Runs")
st.markdown(
    "Every study that was started here, by you or others, stays on the server's disk until somebody deletes it. Open "
    "one to see it again, or tick finished ones of one kind to see what their settings changed."
)
now = shelf.listed()
every = shelf.looked(now.entries)
if every:
    ticked, found = shelf.ticked(every), shelf.filtered(every)
else:
    ticked, found = [], []
    st.info("There is no run yet. Start one: open Fool, choose what to attack, and press Attack.")
    st.page_link(entries.shown_by("Fooling"), label="Open Fool")
if every and not found:
    st.info("No run is as the filters ask.")
shelf.live(found, now)
shelf.ended(found, ticked)
if any(entry.state == "done" for entry in every):
    st.header("Side by side")
    if ticked:
        st.button("Untick all", on_click=shelf.untick)
    side_by_side.compare([entry.key for entry in ticked])
if every:
    shelf.room(every)
ask.asked(every)
