"""The boundary network: a small residual U-Net (Ronneberger et al., 2015; He et al., 2016) for one CPU core."""

from itertools import pairwise

import torch
from torch import Tensor, nn

CLASSES = 5  # out, wall, opening, room near its border, room's core
WIDTHS = (24, 32, 64, 96)  # channels at a quarter, an eighth, 1/16 and 1/32 of the input


class BoundaryNetwork(nn.Module):
    """Ink (n, 1, h, w) in 0..1, paper 0, sides multiples of 32 → scores (n, CLASSES, h/2, w/2).

    All work is done at a quarter of the input and below; the last layer's channels become pixels again
    (Shi et al., 2016).
    """

    def __init__(self) -> None:
        super().__init__()
        first, last = WIDTHS[0], WIDTHS[-1]
        pairs = list(pairwise(WIDTHS))
        self.stem = nn.Sequential(_convolution(1, first, kernel=8, stride=4, padding=2), _Residual(first))
        self.down = nn.ModuleList(nn.Sequential(_convolution(a, b, stride=2), _Residual(b)) for a, b in pairs)
        self.context = nn.Sequential(*(_Residual(last, dilation) for dilation in (1, 2, 4)))
        self.narrow = nn.ModuleList(_convolution(b, a, kernel=1, padding=0) for a, b in pairs)
        self.refine = nn.ModuleList(_Residual(width) for width in WIDTHS[:-1])
        self.head = nn.Sequential(nn.Conv2d(first, CLASSES * 4, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, ink: Tensor) -> Tensor:
        """Scores before the softmax."""
        levels = [self.stem(ink)]
        for down in self.down:
            levels.append(down(levels[-1]))
        up = self.context(levels.pop())
        for narrow, refine in zip(reversed(self.narrow), reversed(self.refine), strict=True):
            wide = nn.functional.interpolate(narrow(up), scale_factor=2.0, mode="nearest")
            up = refine(levels.pop() + wide)
        return self.head(up)


class _Residual(nn.Module):
    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _convolution(width, width, padding=dilation, dilation=dilation)
        self.second = _convolution(width, width, padding=dilation, dilation=dilation, active=False)

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.second(self.first(features)))


def _convolution(
    ins: int, outs: int, *, kernel: int = 3, stride: int = 1, padding: int = 1, dilation: int = 1, active: bool = True
) -> nn.Sequential:
    convolution = nn.Conv2d(ins, outs, kernel, stride, padding, dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outs), *([nn.ReLU(inplace=True)] if active else []))
