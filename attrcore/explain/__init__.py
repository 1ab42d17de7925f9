"""Every explainer, by menu name.  A new one is one file here and one line below."""

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

EXPLAINERS = {
    "Gradient": Gradient,
    "Gradient x Input": GradientXInput,
    "Integrated Gradients": IntegratedGradients,
    "Adaptive IG": AdaptiveIntegratedGradients,
    "IDGI": IDGI,
    "Expected Gradients": ExpectedGradients,
    "SmoothGrad": SmoothGrad,
    "SmoothGrad-squared": SmoothGradSquared,
    "VarGrad": VarGrad,
    "Guided Backprop": GuidedBackprop,
    "Deconvnet": Deconvnet,
    "Grad-CAM": GradCam,
    "Guided Grad-CAM": GuidedGradCam,
    "DeepLIFT": DeepLift,
    "LRP": LRP,
    "Deep Taylor": DeepTaylor,
    "CGI": CGI,
    "DeepLIFT-SHAP": DeepLiftShap,
    "GradientSHAP": GradientShap,
    "KernelSHAP": KernelShap,
    "Shapley sampling": ShapleySampling,
    "LIME": Lime,
    "Occlusion": Occlusion,
    "Sobel edges": SobelEdges,
    "Canny edges": CannyEdges,
    "Image itself": ImageItself,
    "Random map": RandomMap,
}
