"""Verifies the committed files: checksums, contents and accuracy. Trains nothing."""

import hashlib
import json
import re
import tempfile
from pathlib import Path

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from dataset import LABELS, normalise, read_idx, read_split
from export import METADATA, METADATA_NAME, run_tflite
from subset import SEED, write_subsets

CHECKSUM_LINE = re.compile(r"^([0-9a-f]{64})  ([\w.-]+)$", re.MULTILINE)


class Report:
    """Prints each check; counts those that failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def __call__(self, good, what):
        print("ok    " if good else "FAILED", what, flush=True)
        self.passed += bool(good)
        self.failed += not good


def check_binarised(path, report):
    """All convolution weights but the stem's are exactly alpha_c * {-1, +1}."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes()))
    names = 0
    good = True
    for tensor in model.subgraphs[0].tensors:
        name = tensor.name.decode()
        if not name.endswith("wise/weights"):
            continue
        names += 1
        w = np.frombuffer(bytes(model.buffers[tensor.buffer].data), "<f4").reshape(tensor.shape)
        if name.endswith("depthwise/weights"):
            w = w.transpose(3, 0, 1, 2)
        magnitude = np.abs(w.reshape(len(w), -1))
        good &= bool((magnitude == magnitude[:, :1]).all() and (magnitude > 0).all())
    report(good and names > 0, f"{path.name}: {names} weight tensors are alpha_c * {{-1, +1}}")


def check_model(directory, result_name, data, report):
    result = json.loads((directory / result_name).read_text(encoding="ascii"))
    path = directory / result["model"]
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes()))
    metadata = {m.name.decode(): bytes(model.buffers[m.buffer].data) for m in model.metadata}
    report(json.loads(metadata[METADATA_NAME]) == METADATA, f"{path.name}: metadata")
    report(path.stat().st_size == result["bytes"], f"{path.name}: {result['bytes']} bytes")
    if result["training"]["binary"]:
        check_binarised(path, report)
    sets = [("test", directory, "accuracy_subset")]
    if Path(data).is_dir():
        sets.append(("t10k", data, "accuracy"))
    else:
        print(f"the full data set is not installed: {path.name} is run on the subset only")
    for split, where, key in sets:
        images, labels = read_split(where, split)
        out = run_tflite(path, normalise(images)[:, :, :, None])
        right = int((out.argmax(1) == labels).sum())
        # Another processor's float kernels may round a near tie the other way.
        near = abs(right - result[key] * len(labels)) <= max(1, len(labels) // 2000) + 1e-6
        report(near, f"{path.name}: {right} of {len(labels)} right ({split}), "
                     f"{result[key]} recorded")


def check(directory, data):
    """Returns 0 if all is well, else 1. data may be absent: then only the subset is run."""
    report = Report()
    listed = CHECKSUM_LINE.findall((directory / "README.md").read_text(encoding="ascii"))
    for digest, name in listed:
        actual = hashlib.sha256((directory / name).read_bytes()).hexdigest()
        report(actual == digest, f"sha256 {name}")
    binaries = {p.name for pattern in ("*.tflite", "*.gz") for p in directory.glob(pattern)}
    report(binaries <= {name for _, name in listed}, "README.md lists every model and data file")

    for prefix in ("calibration", "test"):
        images, labels = read_split(directory, prefix)
        counts = np.bincount(labels, minlength=len(LABELS))
        report(images.shape[1:] == (28, 28) and counts.max() - counts.min() <= 1,
               f"{prefix}: {len(images)} images, {counts.min()} to {counts.max()} a class")
    if Path(data).is_dir():
        with tempfile.TemporaryDirectory() as fresh:
            write_subsets(data, fresh, SEED)
            for path in sorted(Path(fresh).glob("*.gz")):
                # The contents: another zlib may compress them differently.
                same = np.array_equal(read_idx(path), read_idx(directory / path.name))
                report(same, f"{path.name} is what subset.py draws")
    results = sorted(path.name for path in directory.glob("result*.json"))
    report("result.json" in results, f"results: {', '.join(results)}")
    for result_name in results:
        check_model(directory, result_name, data, report)
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0
