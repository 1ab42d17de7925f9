import subprocess
import sys
import time

from attrcore.data import collections

LISTING = """
import sys
from attrcore.data import collections
for c in collections().values():
    c.missing() or c.names()
print(*{"torchvision", "captum", "skimage"} & sys.modules.keys())
"""


def test_listing_every_collection_imports_nothing_large():
    listed = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, check=True, timeout=120)
    assert listed.stdout.strip() == ""


def test_listing_a_collection_again_takes_about_a_millisecond():
    for name, collection in collections().items():
        seconds = []
        for _ in range(10):
            start = time.perf_counter()
            collection.missing() or collection.names()
            seconds.append(time.perf_counter() - start)
        assert min(seconds) < 0.005, name
