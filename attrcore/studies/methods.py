"""Which explainers a study compares: by their names in the menu, with other settings in brackets."""

import re
from dataclasses import fields

from torch import Tensor, nn

from attrcore.explain import EXPLAINERS
from attrcore.explain.cgi import CGI, SIGNED
from attrcore.kinds import Explainer, Refused
from attrcore.recipe import Recipe, types

COMPETING = "{} with CGI"
ONE = re.compile(r"\s*([^,()]+?)\s*(?:\(([^()]*)\))?\s*(?:,|$)")  # a name, and what stands in brackets behind it
READ = {int: int, float: float, str: str, bool: {"on": True, "off": False}.__getitem__}  # a setting's words


def named(methods: str) -> list[str]:
    """Explainers by their names in the menu, with commas between.  Raises Refused for what are none."""
    found = [name.strip() for name in methods.split(",")]
    known(found, found, methods)
    return found


def known(names: list[str], titles: list[str], methods: str) -> None:
    """Raise Refused where a name is none of an explainer, or a title stands there twice."""
    strange = [name for name in names if name not in EXPLAINERS]
    if strange or not names or len(set(titles)) < len(titles):
        what = "one stands there twice" if names and not strange else f"there is no {(*strange, '')[0]!r}"
        raise Refused(f"Methods must be names of explainers, each once, with commas between; {what}: {methods!r}")


def usual(methods: str, competition: bool = False) -> dict[str, Explainer]:
    """Explainers by title, such as "Gradient, SmoothGrad (samples 50, noise 0.15)": without brackets as usual.

    With `competition`, after each that has signs the same under CGI.  Raises Refused for what are none.
    """
    parts = [m.groups("") for m in ONE.finditer(methods) if m[0].strip()]
    if sum(len(m[0]) for m in ONE.finditer(methods)) < len(methods):
        raise Refused(f"Methods must be names with settings in brackets, and commas between, got {methods!r}")
    titles = [f"{name} ({said.strip()})" if said.strip() else name for name, said in parts]
    known([name for name, _ in parts], titles, methods)
    found: dict[str, Explainer] = {}
    for title, (name, said) in zip(titles, parts, strict=True):
        found[title] = method = configured(EXPLAINERS[name], said)
        if competition and name in SIGNED:
            found[COMPETING.format(title)] = CGI(of=method)
    return found


def configured(cls: type[Recipe], said: str) -> Recipe:
    """The explainer with settings such as "samples 50, noise 0.15".  Raises Refused for what are none."""
    chosen = {}
    for one in filter(None, map(str.strip, said.split(","))):
        name, _, value = one.rpartition(" ")
        kind = types(cls).get(name.replace(" ", "_"))
        if kind not in READ:
            simple = ", ".join(f.name for f in fields(cls) if types(cls)[f.name] in READ)
            raise Refused(f"{cls.__name__} has the settings {simple or '(none)'}; there is no {name!r}.")
        try:
            chosen[name.replace(" ", "_")] = READ[kind](value)
        except (ValueError, KeyError) as e:
            raise Refused(f"{name} must be of type {kind.__name__}, got {value!r}.") from e
    try:
        return cls(**chosen)
    except ValueError as e:
        raise Refused(str(e)) from e


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
