from dataclasses import dataclass

import pytest

from attrcore.recipe import Recipe, called, knob, menu


@dataclass(frozen=True)
class Spice(Recipe):
    """Something hot."""

    heat: float = knob(0.5, 0.0, 1.0, "How hot.")


@dataclass(frozen=True)
class Dish(Recipe):
    """Something to eat (Cook, 1999).

    It is served
    warm.

    Or cold.
    """

    spice: Spice = Spice()
    portions: int = knob(2, 1, 8, "How many.")
    style: str = knob("thai", choices=("thai", "plain"), help="Which cuisine.")
    fresh: bool = knob(True, help="From today.")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"portions": 0}, r"Dish.portions must be in \[1, 8\], got 0"),
        ({"style": "french"}, "Dish.style must be one of thai, plain, got 'french'"),
        ({"spice": Spice}, "Dish.spice must be of type Spice"),
    ],
)
def test_a_bad_value_is_refused_by_name_rule_and_value(settings, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Dish(**settings)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1.5])
def test_a_number_outside_its_range_is_refused_even_when_it_is_none(value):
    with pytest.raises(ValueError, match=r"Spice.heat must be in"):
        Spice(heat=value)


@pytest.mark.parametrize("settings", [{"portions": 2.0}, {"portions": True}, {"fresh": 1}, {"style": 3}])
def test_another_type_is_refused(settings):
    with pytest.raises(TypeError, match="must be of type"):
        Dish(**settings)


def test_settings_survive_json_and_back():
    dish = Dish(spice=Spice(heat=0.25), portions=3)
    assert Recipe.from_dict(dish.to_dict()) == dish and hash(Recipe.from_dict(dish.to_dict())) == hash(dish)


def test_equal_settings_have_equal_keys_and_any_change_another():
    assert Spice(heat=1).key() == Spice(heat=1.0).key()
    keys = [d.key() for d in (Dish(), Dish(portions=3), Dish(spice=Spice(heat=0.1)), Dish(fresh=False), Spice())]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    "settings", [{}, [], "Dish", {"kind": "os.system"}, {"kind": ["Dish"]}, {"kind": "Dish", "spice": {"kind": "eval"}}]
)
def test_only_known_recipes_are_built_from_settings(settings):
    with pytest.raises(ValueError, match="kind must name a Recipe"):
        Recipe.from_dict(settings)


def test_a_knob_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="Dish has no knob 'salt'"):
        Recipe.from_dict({"kind": "Dish", "salt": 1})


def test_from_dict_of_a_class_gives_only_its_own_kind():
    with pytest.raises(ValueError, match="kind must name a Dish, got 'Spice'"):
        Dish.from_dict(Spice().to_dict())


def test_two_recipes_cannot_share_a_name():
    with pytest.raises(TypeError, match="two recipes are named Spice"):
        type("Spice", (Recipe,), {"__module__": "elsewhere"})


def test_title_is_the_first_line_and_story_the_rest():
    assert Dish.title() == "Something to eat (Cook, 1999)." and Dish.story() == "It is served warm.\n\nOr cold."


def test_zero_has_one_key_whatever_its_sign():
    assert Spice(heat=-0.0).key() == Spice(heat=0.0).key()


def test_a_number_without_a_range_is_no_knob():
    with pytest.raises(TypeError, match="a knob that holds a number must have a range, got 3"):
        knob(3, help="How many.")


def test_people_read_names_in_words():
    assert called(type("MeanColour", (), {})) == "Mean colour" and called(Spice) == "Spice"


def test_people_read_the_names_of_a_menu():
    acronym = type("GradCAMish", (), {})
    assert called(acronym) == "Grad camish" and menu({"Grad-CAM-ish": acronym}) == {"Grad-CAM-ish": acronym}
    assert called(acronym) == "Grad-CAM-ish"


def test_annotations_written_as_strings_are_checked_too(tmp_path, monkeypatch):
    (tmp_path / "postponed.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from attrcore.recipe import Recipe, knob\n\n\n@dataclass(frozen=True)\nclass Postponed(Recipe):\n"
        "    heat: float = knob(0.5, 0.0, 1.0, 'How hot.')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from postponed import Postponed

    assert Postponed(heat=1).heat == 1.0
    with pytest.raises(TypeError, match=r"Postponed.heat must be of type float, got 'hot'"):
        Postponed(heat="hot")
