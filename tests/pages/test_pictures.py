"""A visitor's own picture: it stays until they take it away, and a run of it is found again without it."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from attrcore import jobs
from attrcore.data.digits import packaged_digits
from attrcore.png import from_letters
from pages.parts import attacks
from tests.waiting import over

ROOT = Path(__file__).parents[2]
DIGIT, OTHER = (np.roll(digit, 4, 1) for digit in packaged_digits()[0][77:79])  # framed they are other pictures
OWN = {"pictures1": "Your own picture", "steps": "3"}

pytestmark = pytest.mark.usefixtures("studying")


def file(digit):
    data = BytesIO()
    Image.fromarray(digit).save(data, "PNG")
    return "seven.png", data.getvalue(), "image/png"


def opened(page, **address):
    at = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value
    return at.switch_page(page).run()


def sent(page):
    at = opened(page, **OWN)
    assert "Choose, take or draw a picture" in text(at)
    at.file_uploader[0].set_value(file(DIGIT)).run()
    next(t for t in at.toggle if t.label.startswith("Frame")).set_value(False).run()
    return at


def text(at):
    return "\n".join(e.value for e in (*at.markdown, *at.caption, *at.info, *at.error))


@pytest.fixture
def built(noted):
    return noted(attacks, "chosen")


def test_it_goes_along_to_another_page_and_back(built):
    at = sent("explore/see.py")
    assert "seven.png" not in text(at) and "Choose, take" not in text(at)
    at.switch_page("attack/fool.py").run()
    assert "Still here: seven\\.png" in text(at) and (from_letters(built[-1].subject.picture)[0] == DIGIT).all()
    at.switch_page("explore/see.py").run()
    assert "Still here: seven\\.png" in text(at)
    next(b for b in at.button if b.label == "Take it away").click().run()
    assert "Choose, take or draw a picture" in text(at) and "seven" not in text(at)


def test_one_that_is_taken_out_of_its_widget_is_gone():
    at = sent("explore/see.py")
    at.file_uploader[0].set_value(None).run()
    assert "Choose, take or draw a picture" in text(at)


def test_another_one_takes_its_place(built):
    at = sent("explore/see.py")
    at.switch_page("attack/fool.py").run()
    at.file_uploader[0].set_value(file(OTHER)).run()
    assert "Still here" not in text(at)
    next(t for t in at.toggle if t.label.startswith("Frame")).set_value(False).run()
    assert (from_letters(built[-1].subject.picture)[0] == OTHER).all()


def test_the_address_names_a_run_of_what_it_lacks_and_no_other(built):
    at = sent("attack/fool.py")
    assert "run" not in at.query_params
    next(b for b in at.button if b.label == "Attack").click().run()
    key = built[-1].key()
    assert at.query_params["run"] == key and "from the store" not in text(at)
    assert over(jobs.engine(), key, 120).state == "done"
    at.run()
    assert at.query_params["run"] == key and "This is the run" not in text(at) and "What it did" in headers(at)
    again = opened("attack/fool.py", run=key, **OWN)  # loaded anew: the picture is gone, the run is there
    assert f"This is the run `{key}`" in text(again) and "What it did" in headers(again)
    at.number_input(key="steps").set_value(4).run()
    assert "run" not in at.query_params and "What it did" not in headers(at)


def headers(at):
    return [e.value for e in at.header]


def test_the_address_holds_no_run_of_what_it_can_say_itself(built):
    at = opened("attack/fool.py", steps="3", **{"no.Packaged digits": "78"})
    next(b for b in at.button if b.label == "Attack").click().run()
    assert jobs.engine().look(built[-1].key()) is not None and "run" not in at.query_params
