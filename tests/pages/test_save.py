import numpy as np

from pages.parts.save import clipped, lettering


def test_long_words_are_cut_to_their_width_and_short_ones_left():
    font = lettering(14)
    for words in ("explained: 7", "explained: soft-coated wheaten terrier, a dog with a very long name indeed"):
        shown = clipped(words, 120, font)
        assert font.getlength(shown) <= 120 and (shown == words or shown.endswith("…"))
    assert clipped("explained: 7", 120, font) == "explained: 7"


def test_the_lettering_has_the_gates_marks():
    font = lettering(14)
    missing = np.asarray(font.getmask("\ue123"))
    assert all(not np.array_equal(np.asarray(font.getmask(mark)), missing) for mark in "✓✗")
