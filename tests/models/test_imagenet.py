import hashlib
import http.server
import re
import subprocess
import sys
import threading

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from attrcore.models import MODELS
from attrcore.models.imagenet import ImageNet
from tests.conftest import needs, seeded

SOURCES = {name: source for name, source in MODELS.items() if isinstance(source, ImageNet)}


@pytest.fixture
def empty(monkeypatch, tmp_path):
    """A machine without any weights."""
    monkeypatch.setenv("ATTRCORE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture
def server(empty, monkeypatch):
    """A local stand-in for the server of the weights: path -> bytes."""
    files = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = files.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_port}"
        monkeypatch.setattr(ImageNet, "url", property(lambda self: f"{address}/{self.file}"))
        yield files
        running.shutdown()


@pytest.mark.parametrize("name", SOURCES)
def test_file_and_preprocessing_are_those_of_torchvisions_first_weights(name):
    source = SOURCES[name]
    weights = torchvision.models.get_model_weights(source.architecture)["IMAGENET1K_V1"]
    assert abs(weights.meta["_file_size"] - source.megabytes) <= 0.5
    assert weights.url == source.url and tuple(weights.meta["categories"]) == source.classes
    transform = weights.transforms()
    assert transform.resize_size == [source.resize] and source.size == (3, *transform.crop_size * 2)
    assert transform.interpolation.value == source.interpolation and transform.antialias
    assert tuple(transform.mean) == source.mean and tuple(transform.std) == source.std


def test_every_classifier_of_these_families_is_there_once():
    classes = ("SqueezeNet", "AlexNet", "ResNet", "VGG", "DenseNet", "GoogLeNet", "Inception", "MobileNet",
               "EfficientNet", "ConvNeXt", "VisionTransformer")  # fmt: skip
    every = torchvision.models.list_models(module=torchvision.models)
    module = {name: torchvision.models.get_model_builder(name).__module__.rpartition(".")[2] for name in every}
    files = {c.lower() for c in classes} | {"mobilenetv2", "mobilenetv3", "vision_transformer"}
    expected = {name for name in every if module[name] in files} - {"vit_h_14"}  # which has no such weights
    named = [source.architecture for source in SOURCES.values()]
    assert len(named) == len(set(named)) and set(named) == expected


def test_the_menu_begins_with_what_works_without_a_download():
    small = ["SqueezeNet 1.1", "SqueezeNet 1.0", "MobileNet-v2"]
    downloads = [name in SOURCES for name in MODELS]
    assert downloads == sorted(downloads) and [name for name in MODELS if name in SOURCES][:3] == small


def test_models_are_listed_without_torchvision_and_in_no_time():
    """A page does both on every run; importing torchvision takes seconds."""
    script = (
        "import sys, timeit, attrcore.models as m; "
        "n = len([e.missing() + str((e.size, e.resize, e.interpolation)) for e in m.MODELS.values()]); "
        "best = min(timeit.repeat(lambda: [e.missing() for e in m.MODELS.values()], number=1, repeat=20)); "
        "print('torchvision' in sys.modules, best / n < 2e-4)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


def test_without_weights_it_says_so_in_a_sentence(empty):
    source = SOURCES["ResNet-18"]
    assert source.missing() == "The weights of resnet18 are not on this machine."
    with pytest.raises(FileNotFoundError, match="The weights of resnet18 are not on this machine"):
        source.load()


def test_weights_of_the_data_folder_are_found_and_normalised_inside(empty):
    net = torchvision.models.squeezenet1_1(weights=None)
    folder = empty / "data" / "imagenet" / "weights"
    folder.mkdir(parents=True)
    save_file(net.state_dict(), folder / "squeezenet1_1.safetensors")
    assert "squeezenet1_1.safetensors of the data folder, which need not be" in SOURCES["SqueezeNet 1.1"].origin()
    classifier = SOURCES["SqueezeNet 1.1"].load()
    x = torch.rand(1, 3, 224, 224)
    mean, std = torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    with torch.no_grad():
        torch.testing.assert_close(classifier.net(x), net.eval()((x - mean) / std))
    assert classifier.classes[281] == "tabby" and len(classifier.classes) == 1000


# Those whose files torchvision does not load as they are, one with statistics of its own, and one that is plain.
@pytest.mark.parametrize(
    "name",
    ["DenseNet-121", "GoogLeNet", "Inception-v3", "EfficientNet-v2-L", "ConvNeXt-T", "ViT-B/32", "SqueezeNet 1.1"],
)
def test_the_logits_are_those_of_torchvision_with_the_same_file(name, empty):
    """torchvision loads the file from its cache by its own rules; it holds random weights in the published form."""
    source = SOURCES[name]
    folder = empty / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(as_published(source.architecture), folder / source.file)
    theirs = torchvision.models.get_model(source.architecture, weights="IMAGENET1K_V1", progress=False).eval()
    x = torch.rand(2, 3, 96, 96) if "ViT" not in name else torch.rand(2, *source.size)
    preset = torchvision.models.get_model_weights(source.architecture)["IMAGENET1K_V1"].transforms()
    before = torch.random.get_rng_state()
    ours = source.load().net
    assert torch.equal(torch.random.get_rng_state(), before)
    with torch.no_grad():
        expected = theirs(torchvision.transforms.functional.normalize(x, preset.mean, preset.std))
        assert expected.std() > 0 and torch.equal(ours(x), expected)
    assert not any(p.requires_grad or p.is_meta for p in ours.parameters())


def as_published(architecture):
    """Random weights under the names that the published file has: side heads are there, DenseNet's names are old."""
    extra = {"init_weights": False} if architecture in ("googlenet", "inception_v3") else {}
    net = seeded(lambda: getattr(torchvision.models, architecture)(weights=None, **extra))
    weights = net.state_dict()
    for key in ("heads.head.weight", "heads.head.bias"):
        if key in weights:  # torchvision starts them at zero
            torch.nn.init.normal_(weights[key], generator=torch.Generator().manual_seed(0))
    if architecture.startswith("densenet"):
        weights = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12]\.)", r"\1.\2", k): v for k, v in weights.items()}
        weights = {k: v for k, v in weights.items() if not k.endswith("num_batches_tracked")}  # it is that old
        assert "features.denseblock1.denselayer1.norm.1.weight" in weights
    return weights


def published(files, tmp_path, content=None):
    """A file of weights on the server, under a name with its sha256 as torchvision has it."""
    if content is None:
        torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), tmp_path / "w.pth")
        content = (tmp_path / "w.pth").read_bytes()
    name = f"squeezenet1_1-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    files[f"/{name}"] = content
    return ImageNet("squeezenet1_1", name), len(content)


def test_a_download_reports_its_progress_and_leaves_a_network(server, empty):
    source, size = published(server, empty)
    steps = list(source.fetch())
    assert [s.done for s in steps] == sorted(s.done for s in steps) and steps[-1][:2] == (size, size)
    assert not source.missing() and source.load().net(torch.rand(1, 3, 224, 224)).shape == (1, 1000)


def test_a_download_that_is_not_what_was_published_is_refused_and_removed(server, empty):
    source, _ = published(server, empty)
    server[f"/{source.file}"] = b"something else"
    with pytest.raises(ValueError, match="must have the sha256 in its name"):
        list(source.fetch())
    assert source.missing() and not list((empty / "hub" / "checkpoints").iterdir())


def test_a_download_that_is_broken_off_leaves_nothing(server, empty):
    source, _ = published(server, empty)
    steps = source.fetch()
    next(steps)
    steps.close()
    assert source.missing() and not list((empty / "hub" / "checkpoints").iterdir())


def test_a_file_that_the_server_lacks_is_said_so(server, empty):
    with pytest.raises(ConnectionError, match=r"127.0.0.1 answers 404 Not Found\."):
        list(ImageNet("squeezenet1_1", "squeezenet1_1-00000000.pth").fetch())


def test_a_downloaded_file_may_be_read_by_others(server, empty):
    source, _ = published(server, empty)
    list(source.fetch())
    (empty / "plain").touch()
    assert source.found().stat().st_mode == (empty / "plain").stat().st_mode


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x.pth", "http://nowhere.invalid/x.pth"])
def test_without_a_network_there_is_one_sentence(empty, monkeypatch, url):
    monkeypatch.setattr(ImageNet, "url", property(lambda self: url))
    with pytest.raises(ConnectionError, match=r"could not be downloaded: .* does not answer. Is this machine online\?"):
        list(SOURCES["ResNet-18"].fetch())


class Boom:
    def __reduce__(self):
        return (print, ("a pickle was executed",))


def test_a_poisoned_weights_file_is_never_executed(empty, capsys):
    source = SOURCES["ResNet-18"]
    folder = empty / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save({"weight": Boom()}, folder / source.file)
    with pytest.raises(Exception, match=r"[Ww]eights"):
        source.load()
    assert "executed" not in capsys.readouterr().out


@needs("imagenet")
@pytest.mark.parametrize("name", ["SqueezeNet 1.1", "SqueezeNet 1.0", "MobileNet-v2"])
def test_real_weights_recognise_real_photos(name):
    """The photos were chosen as correct for these three networks: anything less is our preprocessing."""
    from attrcore.data.fit import fit
    from attrcore.data.photos import ImageNetPhotos

    source, photos = MODELS[name], ImageNetPhotos()
    net = source.load().net
    files = photos.names()[::6]
    x = torch.stack([torch.from_numpy(fit(photos.open(f), source.size, source.resize)) for f in files]) / 255
    with torch.no_grad():
        said = net(x).argmax(1)
    assert [source.classes[i].lower() for i in said] == [photos.label(f).lower() for f in files] or (
        said == torch.tensor([int(f.split("_")[0]) for f in files])
    ).all()
