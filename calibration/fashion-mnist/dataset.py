"""Reading and writing the IDX files of Fashion-MNIST, gzip compressed."""

import gzip
import struct
from pathlib import Path

import numpy as np

DEFAULT_DIRECTORY = "/usr/share/datasets/fashion-mnist"  # Debian: dataset-fashion-mnist
LABELS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
UBYTE = 0x08


def read_idx(path):
    """The uint8 array in a gzip compressed IDX file: 0, 0, type, rank, sizes, data."""
    with gzip.open(path, "rb") as f:
        content = f.read()
    zero, kind, rank = struct.unpack_from(">HBB", content)
    if zero != 0 or kind != UBYTE:
        raise ValueError(f"{Path(path).name}: not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    data = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    if data.size != np.prod(shape):
        raise ValueError(f"{Path(path).name}: {data.size} bytes for shape {shape}")
    return data.reshape(shape)


def write_idx(path, array):
    """Writes a uint8 array; the same array gives the same bytes (no name, no time)."""
    if array.dtype != np.uint8:
        raise ValueError(f"expected uint8, got {array.dtype}")
    header = struct.pack(f">HBB{array.ndim}I", 0, UBYTE, array.ndim, *array.shape)
    with open(path, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as f:
            f.write(header + np.ascontiguousarray(array).tobytes())


def read_split(directory, split):
    """(images [N, 28, 28], labels [N]), uint8; split is "train", "t10k" or a prefix."""
    directory = Path(directory)
    images = read_idx(directory / f"{split}-images-idx3-ubyte.gz")
    labels = read_idx(directory / f"{split}-labels-idx1-ubyte.gz")
    if len(images) != len(labels):
        raise ValueError(f"{split}: {len(images)} images but {len(labels)} labels")
    return images, labels


def normalise(pixels):
    """The network's input: (pixel - 127.5) / 127.5, float32 in [-1, 1]."""
    return (pixels.astype(np.float32) - np.float32(127.5)) / np.float32(127.5)
