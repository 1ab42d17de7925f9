"""Every explainer, by menu name.  A new one is one file here and one line below."""

from attrcore.explain.deconvnet import Deconvnet
from attrcore.explain.deeplift import DeepLift
from attrcore.explain.edges import SobelEdges
from attrcore.explain.grad_cam import GradCam
from attrcore.explain.gradient import Gradient
from attrcore.explain.gradient_x_input import GradientXInput
from attrcore.explain.guided_backprop import GuidedBackprop
from attrcore.explain.integrated_gradients import IntegratedGradients
from attrcore.explain.occlusion import Occlusion
from attrcore.explain.random_map import RandomMap
from attrcore.explain.smoothgrad import SmoothGrad

EXPLAINERS = {
    "Gradient": Gradient,
    "Gradient x Input": GradientXInput,
    "Integrated Gradients": IntegratedGradients,
    "SmoothGrad": SmoothGrad,
    "Guided Backprop": GuidedBackprop,
    "Deconvnet": Deconvnet,
    "DeepLIFT": DeepLift,
    "Grad-CAM": GradCam,
    "Occlusion": Occlusion,
    "Sobel edges": SobelEdges,
    "Random map": RandomMap,
}
