"""Does a map depend on the model, and on the labels it learned?  (Adebayo et al., 2018, arXiv:1810.03292)"""
