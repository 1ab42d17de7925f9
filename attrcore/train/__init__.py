"""Training losses, by menu name: `loss(net, x, y)` is a scalar."""

from attrcore.train.natural import natural

LOSSES = {"NATURAL": natural}
