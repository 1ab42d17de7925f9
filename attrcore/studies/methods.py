"""Which explainers a study compares, by their names in the menu."""

from attrcore.explain import EXPLAINERS
from attrcore.explain.cgi import CGI, SIGNED
from attrcore.kinds import Explainer, Refused

COMPETING = "{} with CGI"


def named(methods: str) -> list[str]:
    """Explainers by their names in the menu, with commas between.  Raises Refused for what are none."""
    found = [name.strip() for name in methods.split(",")]
    strange = [name for name in found if name not in EXPLAINERS]
    if strange or len(set(found)) < len(found):
        what = f"there is no {strange[0]!r}" if strange else "one stands there twice"
        raise Refused(f"Methods must be names of explainers, each once, with commas between; {what}: {methods!r}")
    return found


def usual(methods: str, competition: bool = False) -> dict[str, Explainer]:
    """Those with their usual settings; with `competition`, after each that has signs the same under CGI."""
    found: dict[str, Explainer] = {}
    for name in named(methods):
        found[name] = EXPLAINERS[name]()
        if competition and name in SIGNED:
            found[COMPETING.format(name)] = CGI(of=SIGNED[name]())
    return found
