"""A component with its data as one HTML file that works without a server, and without a network."""

import base64
import json
from html import escape
from string import Template
from typing import Any

from pages.parts.wire import Parts

# What Streamlit's theme gives to components, light and dark.
PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
:root {
    color-scheme: light dark; --st-font: system-ui, sans-serif; --st-button-radius: 8px;
    --st-text-color: light-dark(#1f1f1f, #f0f0f0); --st-background-color: light-dark(#fff, #141414);
    --st-primary-color: light-dark(#1f5f9c, #7db4e8); --header: 0px;
}
body { font-family: var(--st-font); color: var(--st-text-color); background: var(--st-background-color); }
main { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
.notes { font-size: 0.875rem; opacity: 0.8; }
$css
</style>
<main>
<h1>$title</h1>
$html
<div class="notes">$notes</div>
</main>
<script type="application/json" id="data">$data</script>
<script type="module">
import draw from "data:text/javascript;base64,$js"
const data = JSON.parse(document.getElementById("data").textContent)
draw({ data, parentElement: document.querySelector("main"), setStateValue() {}, setTriggerValue() {} })
</script>
</html>
""")


def page(title: str, parts: Parts, data: dict[str, Any], notes: list[str]) -> bytes:
    """The file: a heading, the component, and notes below it, a paragraph each."""
    return PAGE.substitute(
        title=escape(title), css=parts.css, html=parts.html, js=base64.b64encode(parts.js.encode()).decode(),
        notes="".join(f"<p>{escape(note)}</p>" for note in notes), data=json.dumps(data).replace("<", "\\u003c"),
    ).encode()  # fmt: skip
