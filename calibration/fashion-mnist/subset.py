#!/usr/bin/env python3
"""Draws the committed subsets: 512 training images to calibrate, 1,000 test images.

Both are seeded and class balanced (512 = 52 images of classes 0 and 1 and 51 of
the others), in a seeded random order, so that any prefix is a fair sample too.
The same data set and seed give the same bytes.
"""

import argparse
from pathlib import Path

import numpy as np

from dataset import DEFAULT_DIRECTORY, LABELS, read_split, write_idx

HERE = Path(__file__).resolve().parent
CALIBRATION_IMAGES = 512
TEST_IMAGES = 1000
SEED = 20170825


def balanced_subset(labels, count, rng):
    """Indices of count images, as many of each class as can be, shuffled."""
    classes = len(LABELS)
    chosen = []
    for c in range(classes):
        wanted = count // classes + (c < count % classes)
        chosen.append(rng.permutation(np.flatnonzero(labels == c))[:wanted])
    return rng.permutation(np.concatenate(chosen))


def write_subsets(data, out, seed):
    for split, prefix, count in (("train", "calibration", CALIBRATION_IMAGES),
                                 ("t10k", "test", TEST_IMAGES)):
        images, labels = read_split(data, split)
        chosen = balanced_subset(labels, count, np.random.default_rng([seed, count]))
        write_idx(Path(out) / f"{prefix}-images-idx3-ubyte.gz", images[chosen])
        write_idx(Path(out) / f"{prefix}-labels-idx1-ubyte.gz", labels[chosen])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=DEFAULT_DIRECTORY, metavar="DIR",
                        help="the full data set, *-ubyte.gz (default: %(default)s)")
    parser.add_argument("--out", default=str(HERE), metavar="DIR",
                        help="where the subsets go (default: beside this script)")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    args = parser.parse_args()
    write_subsets(args.data, args.out, args.seed)


if __name__ == "__main__":
    main()
