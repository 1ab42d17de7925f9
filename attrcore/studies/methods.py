"""Which explainers a study compares, by their names in the menu."""

from torch import Tensor, nn

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


def tried(
    asked: dict[str, Explainer], net: nn.Module, x: Tensor, target: Tensor
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Attributions (B, c, H, W) by each method that the network supports, and why the others have none.

    Raises Refused where none has any.
    """
    found: dict[str, Tensor] = {}
    refused: dict[str, str] = {}
    for name, method in asked.items():
        try:
            found[name] = method(net, x, target).detach()
        except Refused as e:
            refused[name] = str(e)
    if not found:
        raise Refused(" ".join(dict.fromkeys(refused.values())))
    return found, refused
