"""The page, driven without a browser but with the real engine."""

import re
from pathlib import Path

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from attrcore import jobs
from attrcore.explain import EXPLAINERS, GROUPS
from tests.conftest import needs

ROOT = Path(__file__).parents[2]
USUAL = ("Gradient", "Integrated Gradients", "SmoothGrad", "Guided Backprop", "Grad-CAM", "Sobel edges")


@pytest.fixture(scope="module", autouse=True)
def engine():
    yield jobs.engine()
    jobs.close()


def opened(page="", **address):
    at = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=120)
    for key, value in address.items():
        at.query_params[key] = value
    if page:
        at.switch_page(f"explore/{page}.py")
    return at.run()


def text(at):
    said = [e.value for e in (*at.markdown, *at.caption, *at.error, *at.info)]
    return "\n".join([*said, *(e.proto.body for e in at.get("html"))])


def test_it_opens_with_a_digit_its_prediction_and_maps():
    at = opened()
    assert not at.exception and not at.error
    assert at.title[0].value == "See" and "of the predicted class in MNIST CNN?" in text(at)
    assert "0 · 100.0% ◂ explained" in text(at)
    assert all(f"**{name}**" in text(at) for name in at.session_state["maps"])
    assert re.search(r"0 · 100.0% ◂ explained <small>logit \d+\.\d</small>", text(at))


def test_the_page_alone_opens_too():
    at = AppTest.from_file(ROOT / "pages" / "explore" / "see.py", default_timeout=120).run()
    assert not at.exception and at.title[0].value == "See"


def test_a_link_restores_every_choice():
    at = opened(**{"model": "MNIST MLP", "no.Packaged digits": "13", "maps": ["Gradient", "DeepLIFT"], "class10": "7",
                   "Look.values": "signed", "DeepLift.baseline": "White", "inspect": "DeepLIFT"})  # fmt: skip
    assert not at.exception and not at.error
    assert "of “7” in MNIST MLP?" in text(at) and at.session_state["maps"] == ["Gradient", "DeepLIFT"]
    assert at.session_state["Look.values"] == "signed" and at.session_state["DeepLift.baseline"] == "White"
    assert "DeepLIFT, rescale rule" in text(at) and "3 · 28 x 28 px" in text(at)


@pytest.mark.parametrize(
    "address",
    [{"model": "nonsense"}, {"no.Packaged digits": "99999999"}, {"no.Packaged digits": "x"}, {"maps": ["<script>"]},
     {"IntegratedGradients.steps": "100000"}, {"class10": "12"}, {"Look.clip": "nan"}],
)  # fmt: skip
def test_a_link_with_nonsense_opens_with_defaults(address):
    at, plain = opened(**address), opened()
    assert not at.exception and not at.error and at.info[0].value.startswith("The link asked for")
    assert text(at).replace(at.info[0].value, "").split() == text(plain).split()
    assert [w.value for w in at.selectbox] == [w.value for w in plain.selectbox]
    assert [w.value for w in (*at.slider, *at.number_input)] == [w.value for w in (*plain.slider, *plain.number_input)]


def group(at, name):
    """The pills of a group of methods."""
    return next(pills for pills in at.get("button_group") if pills.key == f"maps.{name}")


def test_methods_stand_in_groups_and_the_address_holds_what_is_chosen_of_all():
    at = opened(maps=["Gradient", "LRP"])
    assert [pills.label for pills in at.get("button_group") if (pills.key or "").startswith("maps.")] == [*GROUPS]
    assert group(at, "Backward rules").value == ["LRP"] and group(at, "Control maps").value == []
    group(at, "Control maps").set_value(["Random map"]).run()
    assert at.query_params["maps"] == ["Gradient", "LRP", "Random map"] == at.session_state["maps"]
    assert "**Random map**" in text(at) and "**LRP**" in text(at)
    at.button(key="reset").click().run()
    assert at.session_state["maps"] == list(USUAL) and "maps" not in at.query_params
    assert at.button(key="reset").disabled


def test_a_link_may_hold_no_map_at_all():
    at = opened(maps=["Gradient"])
    group(at, "Gradients").set_value([]).run()
    assert at.query_params["maps"] == "" and "Choose a map above." in text(at)
    assert "Choose a map above." in text(opened(maps=[""]))


def test_a_choice_keeps_the_order_of_its_clicks():
    """To set it anew would send it to the browser again, and undo a click that is on its way."""
    at = opened(maps=["LRP"])
    group(at, "Backward rules").set_value(["LRP", "DeepLIFT"]).run()  # in the order of the clicks
    assert at.session_state["maps.Backward rules"] == ["LRP", "DeepLIFT"]
    assert at.session_state["maps"] == ["DeepLIFT", "LRP"]


def test_control_maps_and_much_chance_are_called_what_they_are():
    at = opened(**{"maps": ["SmoothGrad", "Sobel edges", "Gradient"], "SmoothGrad.samples": "2"})
    assert ":gray-badge[control map]" in text(at) and ":gray-badge[nothing to check]" in text(at)
    assert re.search(r":(orange|red)-badge\[.*random", text(at)) and re.search(
        r"20 % takes about \d+ samples", text(at)
    )
    assert "green-badge" not in text(at)


def test_knobs_that_do_nothing_in_a_view_are_greyed_and_a_linked_display_is_open():
    def idle(at):
        knobs = [w for w in (*at.get("button_group"), *at.slider) if (w.key or "").startswith("Look.")]
        return {w.key.removeprefix("Look.") for w in knobs if w.disabled}

    def is_open(at):
        return next(e for e in at.expander if e.label.startswith("Display")).proto.expanded

    plain, linked = opened(), opened(**{"Look.view": "green and red"})
    assert idle(plain) == {"signed_palette"} and not is_open(plain)
    assert idle(linked) == {"values", "opacity", "palette", "signed_palette"} and is_open(linked)
    assert idle(opened(**{"Look.values": "signed"})) == {"palette"}


def test_settings_and_layers_are_written_as_the_menus_write_them():
    at = opened(**{"maps": ["Integrated Gradients", "Grad-CAM"], "inspect": ["Integrated Gradients", "Grad-CAM"],
                   "IntegratedGradients.baseline": "Mean colour"})  # fmt: skip
    assert "baseline: Mean colour" in text(at) and "layer, counted from the output: 1, rectify: on" in text(at)
    assert at.slider(key="GradCam.back").label == "Layer, counted from the output"


def test_no_more_maps_go_under_the_lens_than_it_holds():
    names = [*list(EXPLAINERS)[:3], "SmoothGrad", "Guided Backprop", "Deconvnet", "Grad-CAM", "Sobel edges"]
    at = opened(maps=names, inspect=names)
    assert not at.exception and "Here are the first 7" in text(at)


def test_a_method_the_network_cannot_have_is_refused_with_the_reason():
    at = opened(model="MNIST MLP", maps=["Gradient", "Grad-CAM"])
    assert "Grad-CAM" in text(at) and "This network has no convolutional feature map" in text(at) and not at.exception


def test_too_few_steps_are_labelled_on_the_map():
    at = opened(**{"maps": ["Integrated Gradients"], "IntegratedGradients.steps": "1",
                   "IntegratedGradients.rule": "right Riemann"})  # fmt: skip
    assert ":red-badge[sum broken, " in text(at)


def test_display_settings_ask_the_engine_nothing(monkeypatch):
    at = opened()
    asked = []
    monkeypatch.setattr(jobs.Engine, "submit", lambda self, *args: asked.append(args))
    at.segmented_control(key="Look.values").set_value("signed").run()
    at.slider(key="Look.opacity").set_value(0.4).run()
    at.toggle(key="Look.one_scale").set_value(True).run()
    assert not at.exception and not asked


def test_another_digit_asks_for_each_map_once(monkeypatch):
    at, submit, asked = opened(), jobs.Engine.submit, []
    monkeypatch.setattr(
        jobs.Engine, "submit", lambda self, *args: asked.append(args[0].__name__) or submit(self, *args)
    )
    at.number_input(key="no.Packaged digits").set_value(4321).run()
    assert not at.exception
    assert sorted(asked) == ["explain"] * len(at.session_state["maps"]) + ["predict"]


def test_weights_that_are_missing_get_a_sentence_and_the_rest_works(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("attrcore.models.imagenet.ImageNet.url", "http://127.0.0.1:9/x.pth")
    at = opened(model="ResNet-18")
    assert "The weights of resnet18 are not on this machine." in text(at) and not at.exception
    at.button[0].click().run()
    assert "does not answer. Is this machine online?" in text(at) and not at.exception
    at.selectbox(key="model").set_value("MNIST MLP").run()
    assert "class in MNIST MLP?" in text(at) and not at.exception


def test_a_slow_map_says_that_it_is_computed(monkeypatch):
    said, soon, asked = [], jobs.Answer.soon, set()
    html = DeltaGenerator.html
    monkeypatch.setattr(
        DeltaGenerator, "html", lambda self, body, **more: said.append(body) or html(self, body, **more)
    )

    def late(self, seconds):  # not there when first looked for
        return bool(seconds == 0 and (self in asked or asked.add(self)) and soon(self, seconds))

    monkeypatch.setattr(jobs.Answer, "soon", late)
    at = opened(maps=["Gradient", "Integrated Gradients"])
    pending = [body for body in map(str, said) if "pending" in body and "<style>" not in body]
    assert "computing …" in pending[0] and "computing, 32 passes through the network …" in pending[1]
    assert all("aspect-ratio: 28 / 28" in body for body in pending)  # as high as the map will be
    assert not at.exception and "sum kept, " in text(at) and "computing" not in text(at)  # maps took their places


def test_a_broken_rule_is_a_sentence_and_is_logged(monkeypatch, caplog):
    def broken(self):
        raise ValueError("TopKOverlap.k must be in [1, 784], got 0")

    monkeypatch.setattr("attrcore.look.Look.colours", property(broken))
    at = opened()
    assert at.error[0].value == "TopKOverlap.k must be in [1, 784], got 0" and not at.exception
    assert "a page was refused" in caplog.text and "Traceback" in caplog.text


def test_the_page_process_runs_no_network(monkeypatch):
    monkeypatch.setattr("torch.nn.Module.__call__", lambda *args: pytest.fail("a network ran beside the page"))
    at = opened(**{"no.Packaged digits": "888"})
    assert not at.exception and "sum kept, " in text(at)


def test_no_engine_is_a_sentence_not_a_stack(monkeypatch):
    def busy(self, still_there):
        raise jobs.NoAnswer("No answer within 120 seconds: the server is busy. Try again later.")

    monkeypatch.setattr(jobs.Answer, "result", busy)
    at = opened(**{"no.Packaged digits": "777"})
    assert "the server is busy" in text(at) and not at.exception


@needs("imagenet")
def test_a_photo_on_a_real_network():
    at = opened(model="SqueezeNet 1.1", maps=["Gradient", "DeepLIFT", "Guided Backprop"])
    assert "tabby cat" in text(at) and "sum kept, " in text(at) and not at.exception
