"""Every explainer, by group and menu name.  A new one is one file here and one line below."""

from attrcore.explain.adaptive_ig import AdaptiveIntegratedGradients
from attrcore.explain.cgi import CGI
from attrcore.explain.deconvnet import Deconvnet
from attrcore.explain.deep_taylor import DeepTaylor
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.deeplift_shap import DeepLiftShap
from attrcore.explain.edges import CannyEdges, ImageItself, SobelEdges
from attrcore.explain.expected_gradients import ExpectedGradients
from attrcore.explain.grad_cam import GradCam
from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_shap import GradientShap
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.guided_grad_cam import GuidedGradCam
from attrcore.explain.idgi import IDGI
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.lrp import LRP
from attrcore.explain.occlusion import Occlusion
from attrcore.explain.patches import KernelShap, Lime, ShapleySampling
from attrcore.explain.random_map import RandomMap
from attrcore.explain.smoothgrad import SmoothGrad
from attrcore.explain.smoothgrad_squared import SmoothGradSquared
from attrcore.explain.vargrad import VarGrad
from attrcore.recipe import Recipe, menu

GROUPS: dict[str, dict[str, type[Recipe]]] = {
    "Gradients": {
        "Gradient": Gradient,
        "Gradient x Input": GradientXInput,
        "CGI": CGI,
    },
    "Along a path": {
        "Integrated Gradients": IntegratedGradients,
        "Adaptive IG": AdaptiveIntegratedGradients,
        "IDGI": IDGI,
        "Expected Gradients": ExpectedGradients,
        "GradientSHAP": GradientShap,
    },
    "Averaged over noise": {
        "SmoothGrad": SmoothGrad,
        "SmoothGrad-squared": SmoothGradSquared,
        "VarGrad": VarGrad,
    },
    "Backward rules": {
        "Guided Backprop": GuidedBackprop,
        "Deconvnet": Deconvnet,
        "DeepLIFT": DeepLift,
        "DeepLIFT-SHAP": DeepLiftShap,
        "LRP": LRP,
        "Deep Taylor": DeepTaylor,
    },
    "Feature maps": {
        "Grad-CAM": GradCam,
        "Guided Grad-CAM": GuidedGradCam,
    },
    "Covered patches": {
        "Occlusion": Occlusion,
        "LIME": Lime,
        "KernelSHAP": KernelShap,
        "Shapley sampling": ShapleySampling,
    },
    "Control maps": {
        "Sobel edges": SobelEdges,
        "Canny edges": CannyEdges,
        "Image itself": ImageItself,
        "Random map": RandomMap,
    },
}

# What the methods of a group have in common.
ABOUT = {
    "Gradients": "How the score reacts to a tiny change of each pixel.",
    "Along a path": "Gradients added up on the way from a baseline, such as a black image, to the image.",
    "Averaged over noise": "Gradients of many noisy copies of the image, put together.",
    "Backward rules": "The score is handed back through the layers by other rules than the gradient's.",
    "Feature maps": "Where the last convolutional layer responds: coarse.",
    "Covered patches": "How the score changes when parts of the image are hidden.",
    "Control maps": "Pictures that never ask the network: what looks like one may owe its looks to the image alone.",
}

# The same methods without the groups, in the order of the menu.
EXPLAINERS: dict[str, type[Recipe]] = menu({name: cls for group in GROUPS.values() for name, cls in group.items()})


def load(method: Recipe) -> None:
    """Import what it waits for at its first call, so that the time it takes is its own."""
    if type(method) in GROUPS["Covered patches"].values():
        import captum.attr  # noqa: F401
