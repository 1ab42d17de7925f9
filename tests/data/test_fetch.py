import gzip
import io
import pickle
import tarfile
import threading
from functools import partial
from hashlib import md5
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
import pytest
import torchvision

from attrcore.data import DATASETS
from attrcore.data.arrays import Cifar10Test, batches
from attrcore.data.digits import FashionTest, MnistTest, test_set
from attrcore.data.mnist import FILES, mnist
from attrcore.paths import cache_folder
from tests.data.test_digits import idx

test_set.__test__ = False  # it is no test
FETCHED = [cls for cls in DATASETS.values() if cls.host]


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch, tmp_path):
    """No data folder and an empty cache folder."""
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for remembers in (test_set, batches):
        remembers.cache_clear()
    yield
    for remembers in (test_set, batches):
        remembers.cache_clear()


@pytest.fixture
def server(tmp_path):
    """A folder, and its address on the loopback interface."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def small_idx(monkeypatch, folder, address, dataset):
    """torchvision's data set, published here with two pictures in each half."""
    arrays = [np.full((2, 28, 28), 7, np.uint8), np.arange(2, dtype=np.uint8)] * 2
    resources = []
    for file, array in zip(FILES, arrays, strict=True):
        (folder / f"{file}.gz").write_bytes(idx(array))
        resources.append((f"{file}.gz", md5((folder / f"{file}.gz").read_bytes()).hexdigest()))
    monkeypatch.setattr(dataset, "mirrors", [address])
    monkeypatch.setattr(dataset, "resources", resources)


def small_cifar(monkeypatch, folder, address):
    """CIFAR-10 in torchvision's layout, published here with four pictures a batch."""
    dataset = torchvision.datasets.CIFAR10
    batch = {"data": np.arange(4 * 3072).astype(np.uint8).reshape(4, 3072), "labels": [3, 1, 2, 0]}
    meta = {"label_names": ["airplane", "automobile", "bird", "cat"]}
    with tarfile.open(folder / "cifar.tar.gz", "w:gz") as tar:
        for name, content in (("data_batch_1", batch), ("test_batch", batch), ("batches.meta", meta)):
            data = pickle.dumps(content)
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    sums = {"batch": md5(pickle.dumps(batch)).hexdigest(), "meta": md5(pickle.dumps(meta)).hexdigest()}
    monkeypatch.setattr(dataset, "train_list", [["data_batch_1", sums["batch"]]])
    monkeypatch.setattr(dataset, "test_list", [["test_batch", sums["batch"]]])
    monkeypatch.setattr(dataset, "meta", dataset.meta | {"md5": sums["meta"]})
    monkeypatch.setattr(dataset, "url", f"{address}cifar.tar.gz")
    monkeypatch.setattr(dataset, "tgz_md5", md5((folder / "cifar.tar.gz").read_bytes()).hexdigest())


def test_what_says_that_it_can_be_downloaded_can_and_names_torchvisions_server():
    assert [MnistTest, FashionTest, Cifar10Test] == FETCHED
    sets = torchvision.datasets
    first = [sets.MNIST.mirrors[0], sets.FashionMNIST.mirrors[0], sets.CIFAR10.url]
    assert [cls.host for cls in FETCHED] == [urlsplit(url).hostname for url in first]


@pytest.mark.parametrize("cls", [MnistTest, FashionTest])
def test_a_download_ends_the_lack_and_leaves_no_litter(cls, server, monkeypatch):
    small_idx(monkeypatch, *server, getattr(torchvision.datasets, cls.source.dataset))
    assert cls().missing()
    cls().fetch()
    assert not cls().missing() and cls().open("1").getpixel((3, 3)) == 7 and cls().label("1") == cls.classes[1]
    files = sorted(p.name for p in cache_folder().rglob("*") if p.is_file())
    assert files == sorted(FILES)
    cls().fetch()  # twice does no harm
    assert not cls().missing()


def test_cifar_arrives_in_torchvisions_layout(server, monkeypatch):
    small_cifar(monkeypatch, *server)
    cifar = Cifar10Test()
    assert cifar.missing()
    cifar.fetch()
    assert not cifar.missing() and cifar.count() == 10_000
    assert [cifar.label(str(i)) for i in range(4)] == ["cat", "automobile", "bird", "airplane"]
    planes = np.arange(4 * 3072).astype(np.uint8).reshape(4, 3, 32, 32)
    assert np.array_equal(np.asarray(cifar.open("2")), planes[2].transpose(1, 2, 0))


def test_a_batch_that_is_not_the_published_one_is_never_unpickled(server, monkeypatch):
    small_cifar(monkeypatch, *server)
    cifar = Cifar10Test()
    cifar.fetch()

    class Trap:
        def __reduce__(self):
            return pytest.fail, ("a strange pickle was loaded",)

    (cifar.root() / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="is not CIFAR-10 as it was published"):
        cifar.open("0")


@pytest.mark.parametrize("cls", FETCHED)
def test_without_a_network_it_says_so_in_a_sentence_and_leaves_nothing(cls, monkeypatch):
    sets = torchvision.datasets
    for dataset in (sets.MNIST, sets.FashionMNIST):
        monkeypatch.setattr(dataset, "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setattr(sets.CIFAR10, "url", "https://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(ConnectionError) as refused:
        cls().fetch()
    said = str(refused.value)
    assert said.endswith(".") and "\n" not in said and "Error" not in said and cls.host in said
    assert cls().missing() and not [p for p in cache_folder().rglob("*") if p.is_file()]


def test_what_is_not_as_published_is_not_kept(server, monkeypatch):
    small_idx(monkeypatch, *server, torchvision.datasets.MNIST)
    (server[0] / f"{FILES[2]}.gz").write_bytes(gzip.compress(b"something else"))
    with pytest.raises(ConnectionError, match="not with what was published"):
        MnistTest().fetch()
    assert MnistTest().missing() and not [p for p in cache_folder().rglob("*") if p.is_file()]


def test_training_downloads_what_it_lacks_or_says_that_it_cannot(server, monkeypatch):
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(FileNotFoundError, match=r"are not in .* could not be downloaded"):
        mnist(train=True)
    small_idx(monkeypatch, *server, torchvision.datasets.MNIST)
    assert mnist(train=True).labels.tolist() == [0, 1]
