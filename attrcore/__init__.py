"""Attribution maps of image classifiers, how fragile they are, and how to make them less so.  No user interface."""
