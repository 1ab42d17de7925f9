"""Every attack, by menu name."""

from attrcore.attack.random_sign import RandomSign

ATTACKS = {"Random sign": RandomSign}
