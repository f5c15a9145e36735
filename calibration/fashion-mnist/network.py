"""The network: a small MobileNet-V1 for 28x28 grey images, in PyTorch.

Depthwise separable blocks follow Howard et al., "MobileNets: Efficient
Convolutional Neural Networks for Mobile Vision Applications" (2017),
arXiv:1704.04861. Batch normalisation (Ioffe and Szegedy 2015,
arXiv:1502.03167) and ReLU follow every convolution.

Binarised weights follow Rastegari et al., "XNOR-Net" (2016),
arXiv:1603.05279, section 3.1: w_c is replaced by alpha_c * sign(w_c) with
alpha_c = mean |w_c| for each output channel c. The gradient passes straight
through (Bengio et al. 2013, arXiv:1308.3432) to latent weights clipped to
[-1, 1] (Courbariaux et al. 2015, arXiv:1511.00363).
"""

import torch
from torch import nn
from torch.nn import functional as F

IMAGE_SIZE = 28
CLASSES = 10
STEM_CHANNELS = 32
# (output channels, stride of the depthwise convolution) of each block
BLOCKS = ((64, 2), (96, 1), (96, 1), (160, 2), (160, 1), (160, 1))
KERNEL = 3


def same_padding(size, kernel, stride):
    """Zeros (before, after) one axis under TFLite's SAME padding.

    The odd one goes after: bottom or right. PyTorch's own padding is
    symmetric, which differs for stride 2 on an even size.
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def binarise(w):
    """alpha_c * sign(w_c), sign(0) = +1, with the identity as gradient."""
    with torch.no_grad():
        alpha = w.abs().mean(dim=(1, 2, 3), keepdim=True)
        b = torch.where(w < 0, -alpha, alpha)
    # The sum below is b but for rounding; without gradients b itself, exactly.
    return w + (b - w).detach() if torch.is_grad_enabled() else b


class ConvBn(nn.Module):
    """Convolution without bias -> batch normalisation -> ReLU.

    weight is [O, I / groups, KH, KW]. With binary=True, weight holds the
    latent weights and effective_weight() those that the convolution uses.
    """

    def __init__(self, name, size, inputs, outputs, kernel, stride, groups, binary):
        super().__init__()
        self.name = name
        self.size = size
        self.inputs = inputs
        self.outputs = outputs
        self.kernel = kernel
        self.stride = stride
        self.groups = groups
        self.binary = binary
        self.weight = nn.Parameter(torch.empty(outputs, inputs // groups, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, mode="fan_in", nonlinearity="relu")
        self.bn = nn.BatchNorm2d(outputs)

    @property
    def depthwise(self):
        return self.groups > 1

    @property
    def output_size(self):
        return -(-self.size // self.stride)

    def macs(self):
        """Multiply-accumulates for one image."""
        return self.output_size ** 2 * self.weight.numel()

    def effective_weight(self):
        return binarise(self.weight) if self.binary else self.weight

    def forward(self, x):
        w = self.effective_weight()
        before, after = same_padding(self.size, self.kernel, self.stride)
        if before == after:
            x = F.conv2d(x, w, stride=self.stride, padding=before, groups=self.groups)
        else:
            x = F.pad(x, (before, after, before, after))
            # In float32 even under autocast: the bfloat16 backward pass of this
            # shape is six times slower on a CPU (34 ms against 5.5 ms, batch 128).
            with torch.autocast("cpu", enabled=False):
                y = F.conv2d(x.float(), w, stride=self.stride, groups=self.groups)
            x = y.to(x.dtype)
        return F.relu(self.bn(x), inplace=True)


class Network(nn.Module):
    """Input [N, 1, 28, 28] in [-1, 1]; output [N, 10] logits."""

    def __init__(self, binary=False):
        super().__init__()
        size = IMAGE_SIZE
        layers = [ConvBn("stem/conv", size, 1, STEM_CHANNELS, KERNEL, 1, 1, False)]
        channels = STEM_CHANNELS
        for i, (outputs, stride) in enumerate(BLOCKS, 1):
            layers.append(ConvBn(f"block{i}/depthwise", size, channels, channels,
                                 KERNEL, stride, channels, binary))
            size = layers[-1].output_size
            layers.append(ConvBn(f"block{i}/pointwise", size, channels, outputs,
                                 1, 1, 1, binary))
            channels = outputs
        self.layers = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, CLASSES)

    def forward(self, x):
        x = self.layers(x)
        return self.classifier(x.mean(dim=(2, 3)))

    def macs(self):
        """Multiply-accumulates of all convolutions and the classifier, one image."""
        return sum(layer.macs() for layer in self.layers) + self.classifier.weight.numel()

    def parameter_count(self):
        """Trained parameters; a batch normalisation counts its scale and shift."""
        return sum(p.numel() for p in self.parameters())

    def clip_latent_weights(self):
        with torch.no_grad():
            for layer in self.layers:
                if layer.binary:
                    layer.weight.clamp_(-1.0, 1.0)
