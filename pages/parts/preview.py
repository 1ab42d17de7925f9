"""What is about to be attacked: the picture, what the network says of it, and its map."""

from attrcore.kinds import Explainer
from attrcore.look import Look
from attrcore.recipe import called
from pages.parts import cached, pick, show


def scene(seen: pick.Scene, method: Explainer) -> float | None:
    """Three cards; the map comes when it is there.  Returns the seconds that it took, where there is one."""
    name, look, pixels = called(type(method)), Look(), seen.picture.pixels
    answers = cached.maps(seen.model, pixels, seen.wanted, {name: method})
    with show.grid(seen):
        show.image(seen)
        show.prediction(seen, pick.another_class)
        place = show.card(name, method, answers[name], seen)
    for _, drawn in cached.as_they_come(answers):
        with place():
            if isinstance(drawn, Exception):
                show.refusal(drawn)
            else:
                show.panel(name, cached.painted(name, drawn, look, None, pixels), drawn, method)
    return None if isinstance(drawn, Exception) else drawn.seconds
