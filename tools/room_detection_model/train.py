"""Train the boundary network on generated plans: `python -m tools.room_detection_model.train FOLDER OUT.onnx`."""

import argparse
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tools.room_detection_model.canvas import Gray
from tools.room_detection_model.network import CLASSES, BoundaryNetwork
from tools.room_detection_model.partition import Random

CLASS_WEIGHTS = (1.0, 2.0, 3.0, 1.5, 1.0)
SHARE_OF_SMALL_CROPS = 0.6


@dataclass(frozen=True)
class Crops:
    """What a batch is cut to: about as many pixels whatever the side."""

    side: int
    count: int


# A hall larger than a crop cannot be told from the outside.
SMALL, LARGE = (
    Crops(side=352, count=8),
    Crops(side=576, count=3),
)


class Training:
    """A network, the running mean of its weights, and Adam with a one-cycle rate."""

    def __init__(self, network: BoundaryNetwork, *, steps: int, rate: float) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.steady = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.998), use_buffers=True)
        self._optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-4)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._optimizer, rate, total_steps=steps, pct_start=0.1)
        self._loss_of = nn.CrossEntropyLoss(torch.tensor(CLASS_WEIGHTS))

    def step(self, ink: Tensor, truth: Tensor) -> tuple[float, Tensor]:
        """Learn from one batch; its loss, and the class of each pixel as the network saw it."""
        scores = self.network(ink.contiguous(memory_format=torch.channels_last))
        loss = self._loss_of(scores, truth)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self._schedule.step()
        self.steady.update_parameters(self.network)
        return float(loss.detach()), scores.detach().argmax(1)

    def parts(self) -> dict[str, Any]:
        """All that has a state, by its name in a checkpoint."""
        return {
            "network": self.network,
            "steady": self.steady,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }


def train(folder: Path, out: Path, *, steps: int, rate: float, seed: int) -> None:
    """Prints the loss and each class's share of true pixels found; writes the mean network now and then.

    Beside it lies a checkpoint, from which the same command goes on as if it had not been ended.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    drawings = np.load(folder / "drawings.npy", mmap_mode="r")
    truths = np.load(folder / "classes.npy", mmap_mode="r")
    training, checkpoint = Training(BoundaryNetwork(), steps=steps, rate=rate), out.with_suffix(".pt")
    began, losses = time.monotonic(), []
    for step in range(_restored(checkpoint, training, random) + 1, steps + 1):
        ink, truth = batch(drawings, truths, SMALL if step <= SHARE_OF_SMALL_CROPS * steps else LARGE, random)
        loss, found = training.step(ink, truth)
        losses.append(loss)
        if step % 100 == 0:
            said = f"loss {np.mean(losses[-100:]):.3f} found {_recalls(found, truth)}"
            print(f"{step:6} {said} {time.monotonic() - began:.0f} s", flush=True)
        if step % 500 == 0 or step == steps:
            write(deepcopy(training.steady.module), out)
            _keep(checkpoint, training, random, step)


def _keep(checkpoint: Path, training: Training, random: Random, step: int) -> None:
    states = {name: part.state_dict() for name, part in training.parts().items()}
    draft = checkpoint.with_suffix(".draft")
    torch.save({"step": step, "random": random.bit_generator.state, **states}, draft)
    draft.replace(checkpoint)


def _restored(checkpoint: Path, training: Training, random: Random) -> int:
    """How many steps were done before."""
    if not checkpoint.exists():
        return 0
    kept = torch.load(checkpoint)
    for name, part in training.parts().items():
        part.load_state_dict(kept[name])
    random.bit_generator.state = kept["random"]
    return int(kept["step"])


def batch(drawings: Gray, truths: Gray, crops: Crops, random: Random) -> tuple[Tensor, Tensor]:
    """Crops of random plans, turned and mirrored: ink (n, 1, side, side) and classes at half its size."""
    rows = random.integers(0, len(drawings), crops.count)
    pairs = [_crop(drawings[row], truths[row], crops.side, random) for row in rows]
    inks, classes = (np.stack(pictures) for pictures in zip(*pairs, strict=True))
    return 1 - torch.from_numpy(inks).float().unsqueeze(1) / 255, torch.from_numpy(classes).long()


def _crop(drawing: Gray, truth: Gray, crop: int, random: Random) -> tuple[Gray, Gray]:
    top, left = (2 * int(random.integers(0, (len(drawing) - crop) // 2 + 1)) for _ in range(2))
    drawing = drawing[top : top + crop, left : left + crop]
    truth = truth[top // 2 : (top + crop) // 2, left // 2 : (left + crop) // 2]
    turns, mirror = int(random.integers(4)), bool(random.integers(2))
    drawing, truth = np.rot90(drawing, turns), np.rot90(truth, turns)
    return (drawing[:, ::-1], truth[:, ::-1]) if mirror else (drawing, truth)


def _recalls(found: Tensor, truth: Tensor) -> str:
    return " ".join(f"{float((found == c)[truth == c].float().mean()):.2f}" for c in range(CLASSES))


def write(network: nn.Module, out: Path) -> None:
    """The network for OpenCV, whose input `ink` has sides that are multiples of 32."""
    network.eval()
    network.to(memory_format=torch.contiguous_format)
    torch.onnx.export(
        network,
        (torch.zeros(1, 1, 704, 704),),
        str(out),
        input_names=["ink"],
        output_names=["scores"],
        opset_version=13,
        dynamo=False,
        dynamic_axes={"ink": {2: "h", 3: "w"}, "scores": {2: "h2", 3: "w2"}},
    )


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("folder", type=Path)
    flags.add_argument("out", type=Path)
    flags.add_argument("--steps", type=int, default=10000)
    flags.add_argument("--rate", type=float, default=2e-3)
    flags.add_argument("--seed", type=int, default=1)
    train(**vars(flags.parse_args()))
