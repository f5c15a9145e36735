#!/usr/bin/env python3
"""Trains, exports and checks the embedded Fashion-MNIST model.

    python train.py                      train the float model, export, verify
    python train.py --binary --init checkpoint.pt
                                         the same with binarised weights
    python train.py --export-only FILE   export and verify a checkpoint
    python train.py --check              verify the committed files
    python subset.py                     write the calibration and test subsets

The test set chooses nothing: the exported weights are the ones at the end of
the schedule, and the test set is read after that.
"""

import argparse
import contextlib
import copy
import json
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from dataset import DEFAULT_DIRECTORY, normalise, read_split
from network import IMAGE_SIZE, Network

HERE = Path(__file__).resolve().parent
SHIFT = 2           # random crop from the image padded by this many pixels
BLACK = -1.0        # pixel 0 after normalisation
ERASE_SIZES = (3, 9)
EVALUATION_BATCH = 500


def file_names(binary):
    """(model, result, log, checkpoint) of one variant."""
    if binary:
        return ("fashion-mnist-binary-float.tflite", "result-binary.json",
                "train-binary.log", "checkpoint-binary.pt")
    return "fashion-mnist-float.tflite", "result.json", "train.log", "checkpoint.pt"


class Log:
    """Prints lines and keeps them in a file."""

    def __init__(self, path, mode="w"):
        self.file = open(path, mode, encoding="ascii")

    def __call__(self, line):
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()


def augment(x, erase):
    """A random shift and a random mirror image; a rectangle of noise with probability erase.

    x is [N, 1, 28, 28]. Erasing follows Zhong et al. 2017, arXiv:1708.04896.
    """
    n = len(x)
    padded = F.pad(x, (SHIFT,) * 4, value=BLACK).squeeze(1)
    axis = torch.arange(IMAGE_SIZE)
    rows = axis + torch.randint(0, 2 * SHIFT + 1, (n, 1))
    columns = torch.where(torch.rand(n, 1) < 0.5, axis, axis.flip(0))
    columns = columns + torch.randint(0, 2 * SHIFT + 1, (n, 1))
    out = padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    if erase > 0:
        size = torch.randint(ERASE_SIZES[0], ERASE_SIZES[1] + 1, (2, n, 1))
        start = (torch.rand(2, n, 1) * (IMAGE_SIZE - size + 1)).long()
        inside = (axis >= start) & (axis < start + size)
        mask = inside[0][:, :, None] & inside[1][:, None, :]
        mask &= (torch.rand(n) < erase)[:, None, None]
        out = torch.where(mask, torch.rand(n, 1, 1) * 2 - 1, out)
    return out.unsqueeze(1)


def parameter_groups(network, weight_decay):
    """Weight decay only for plain weights of more than one input per output channel.

    Biases, batch normalisation, depthwise weights (few, as MobileNet-V1 advises)
    and binarised latent weights (only their signs count) have none.
    """
    decayed, free = [network.classifier.weight], [network.classifier.bias]
    for layer in network.layers:
        plain = not layer.binary and not layer.depthwise
        (decayed if plain else free).append(layer.weight)
        free.extend(layer.bn.parameters())
    return [{"params": decayed, "weight_decay": weight_decay},
            {"params": free, "weight_decay": 0.0}]


def update_average(average, network, decay):
    """Exponential moving average of weights and batch-normalisation statistics."""
    with torch.no_grad():
        for a, b in zip(average.state_dict().values(), network.state_dict().values()):
            if a.is_floating_point():
                a.lerp_(b, 1.0 - decay)
            else:
                a.copy_(b)


def refresh_batch_norm(network, x, args):
    """Takes the batch-normalisation statistics afresh, in float32.

    One plain mean over many batches of augmented training images, with the weights
    fixed: Wu and Johnson 2021, "Rethinking 'Batch' in BatchNorm", arXiv:2105.07576.
    """
    norms = [layer.bn for layer in network.layers]
    for bn in norms:
        bn.reset_running_stats()
        bn.momentum = None
    network.train()
    with torch.no_grad():
        for indices in torch.randperm(len(x))[:args.refresh].split(EVALUATION_BATCH):
            network(augment(x[indices], args.erase))
    network.eval()


def predict(network, x):
    """Softmax outputs [N, 10], float32."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(b).softmax(1) for b in x.split(EVALUATION_BATCH)])


def train(args, log):
    """Trains and returns (network in evaluation mode, seconds)."""
    torch.manual_seed(args.seed)
    images, labels = read_split(args.data, "train")
    x = torch.from_numpy(normalise(images)).unsqueeze(1)
    y = torch.from_numpy(labels.astype(np.int64))
    if args.validation:
        order = torch.from_numpy(np.random.default_rng(args.seed).permutation(len(x)))
        held, kept = order[:args.validation], order[args.validation:]
        x_held, y_held, x, y = x[held], y[held], x[kept], y[kept]

    network = Network(binary=args.binary).to(memory_format=torch.channels_last)
    if args.init:
        network.load_state_dict(torch.load(args.init, weights_only=True)["state"])
        network.clip_latent_weights()
    average = copy.deepcopy(network)
    steps = args.epochs * (len(x) // args.batch)
    optimiser = torch.optim.AdamW(parameter_groups(network, args.weight_decay), lr=args.lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, args.lr, total_steps=steps, pct_start=0.15, div_factor=20,
        final_div_factor=500, cycle_momentum=False)
    log(f"parameters {network.parameter_count()}, MACs {network.macs()}, "
        f"training images {len(x)}, steps {steps}")

    autocast = (torch.autocast("cpu", torch.bfloat16) if args.precision == "bf16"
                else contextlib.nullcontext())
    start = time.monotonic()
    step = 0
    for epoch in range(1, args.epochs + 1):
        network.train()
        total_loss = total_right = seen = 0
        order = torch.randperm(len(x))
        for indices in order.split(args.batch):
            if len(indices) < args.batch:
                break
            batch = augment(x[indices], args.erase)
            batch = batch.contiguous(memory_format=torch.channels_last)
            with autocast:
                logits = network(batch)
            logits = logits.float()
            loss = F.cross_entropy(logits, y[indices], label_smoothing=args.smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            network.clip_latent_weights()
            step += 1
            # The average of few steps would remember the random start: warm it up.
            update_average(average, network, min(args.ema, step / (step + 10)))
            total_loss += loss.item() * len(indices)
            total_right += (logits.argmax(1) == y[indices]).sum().item()
            seen += len(indices)
        line = (f"epoch {epoch:3d}  loss {total_loss / seen:.4f}  "
                f"augmented train accuracy {total_right / seen:.4f}  "
                f"lr {schedule.get_last_lr()[0]:.6f}")
        if args.validation:
            right = predict(average, x_held).argmax(1) == y_held
            line += f"  validation accuracy {right.float().mean().item():.4f}"
        log(f"{line}  {time.monotonic() - start:.0f} s")

    # An average of latent weights is not what the signs were trained with.
    result = network if args.binary else average
    refresh_batch_norm(result, x, args)
    seconds = time.monotonic() - start
    log(f"trained in {seconds:.0f} s")
    return result, seconds


def export_and_verify(network, training, args, log):
    """Writes the .tflite, runs it on the whole test set and writes the result."""
    from export import run_tflite, write_tflite
    import tensorflow

    model_name, result_name, _, _ = file_names(network_is_binary(network))
    path = Path(args.out) / model_name
    write_tflite(network, path)
    images, labels = read_split(args.data, "t10k")
    x = normalise(images)
    ours = predict(network, torch.from_numpy(x).unsqueeze(1)).numpy()
    theirs = run_tflite(path, x[:, :, :, None])
    accuracy = float((theirs.argmax(1) == labels).mean())
    subset_images, subset_labels = read_split(HERE, "test")
    subset = run_tflite(path, normalise(subset_images)[:, :, :, None])
    result = {
        "model": model_name,
        "test_images": len(labels),
        "accuracy": round(accuracy, 4),
        "accuracy_pytorch": round(float((ours.argmax(1) == labels).mean()), 4),
        "accuracy_subset": round(float((subset.argmax(1) == subset_labels).mean()), 4),
        "max_softmax_difference": float(f"{np.abs(ours - theirs).max():.3g}"),
        "parameters": network.parameter_count(),
        "macs": network.macs(),
        "bytes": path.stat().st_size,
        "training": training,
        "versions": {"python": platform.python_version(), "numpy": np.__version__,
                     "torch": torch.__version__, "tensorflow": tensorflow.__version__},
    }
    text = json.dumps(result, indent=2)
    (Path(args.out) / result_name).write_text(text + "\n", encoding="ascii")
    log(f"test accuracy {accuracy:.4f} (TFLite interpreter, {len(labels)} images), "
        f"largest difference to PyTorch {result['max_softmax_difference']:.3g}")


def network_is_binary(network):
    return any(layer.binary for layer in network.layers)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=DEFAULT_DIRECTORY, metavar="DIR",
                        help="the full data set, *-ubyte.gz (default: %(default)s)")
    parser.add_argument("--out", default=str(HERE), metavar="DIR",
                        help="where the results go (default: beside this script)")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=23, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=128, help="default: %(default)s")
    parser.add_argument("--lr", type=float, default=5e-3,
                        help="peak learning rate (default: %(default)s)")
    parser.add_argument("--weight-decay", type=float, default=0.02, help="default: %(default)s")
    parser.add_argument("--smoothing", type=float, default=0.05,
                        help="label smoothing (default: %(default)s)")
    parser.add_argument("--erase", type=float, default=0.2,
                        help="probability of random erasing (default: %(default)s)")
    parser.add_argument("--ema", type=float, default=0.998,
                        help="decay of the weight average (default: %(default)s)")
    parser.add_argument("--refresh", type=int, default=20000, metavar="N",
                        help="images for the last batch-norm statistics (default: %(default)s)")
    parser.add_argument("--validation", type=int, default=0, metavar="N",
                        help="hold out N training images and report on them (default: none)")
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16",
                        help="arithmetic of the training steps (default: %(default)s)")
    parser.add_argument("--binary", action="store_true",
                        help="binarise all weights but the first and last layer's")
    parser.add_argument("--init", metavar="CHECKPOINT",
                        help="start from these weights, for example the float model's")
    parser.add_argument("--export-only", metavar="CHECKPOINT",
                        help="no training: export and verify this checkpoint")
    parser.add_argument("--check", action="store_true",
                        help="verify checksums and accuracy of the committed files")
    return parser.parse_args()


def main():
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    if args.check:
        from check import check
        return check(HERE, args.data)
    if args.export_only:
        saved = torch.load(args.export_only, weights_only=True)
        network = Network(binary=saved["training"]["binary"])
        network.load_state_dict(saved["state"])
        export_and_verify(network, saved["training"], args, print)
        return 0
    _, _, log_name, checkpoint_name = file_names(args.binary)
    Path(args.out).mkdir(parents=True, exist_ok=True)
    log = Log(Path(args.out) / log_name)
    training = {name: value for name, value in vars(args).items()
                if name not in ("data", "out", "init", "export_only", "check")}
    training["initial_weights"] = Path(args.init).name if args.init else "random"
    log("Fashion-MNIST, MobileNet-V1 style; " +
        ", ".join(f"{k} {v}" for k, v in sorted(training.items())))
    network, seconds = train(args, log)
    training["seconds"] = round(seconds)
    torch.save({"state": network.state_dict(), "training": training},
               Path(args.out) / checkpoint_name)
    export_and_verify(network, training, args, log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
