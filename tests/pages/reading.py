"""Tables of a page, read off its HTML."""

from html.parser import HTMLParser

import pandas


class Cells(HTMLParser):
    """Rows of the words in th and td."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_data(self, data):
        self.rows[-1][-1] += data


def tables(at):
    """Every table as a data frame of words."""
    found = []
    for element in at.get("html"):
        if "<table>" in element.proto.body:
            cells = Cells()
            cells.feed(element.proto.body)
            found.append(pandas.DataFrame(cells.rows[1:], columns=cells.rows[0]))
    return found
