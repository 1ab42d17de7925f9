"""Every attack, by menu name: aim x ball x direction x climb, and the random control."""

from attrcore.attack.ascent import Ascent
from attrcore.attack.random_sign import RandomSign

ATTACKS = {"Ascent": Ascent, "Random sign": RandomSign}
