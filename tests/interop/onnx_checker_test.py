"""The ONNX files that we write pass ONNX's own checker and compute what Keras computed.

  pip install onnx numpy
  python tests/interop/onnx_checker_test.py build/dev/interop_models
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.helper
from onnx.reference import ReferenceEvaluator

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "keras")
TOLERANCE = 1e-5  # Of the largest value.
FIRST_OPSET, LAST_OPSET = 13, 21


def expected_ir_version(opset):
    """The oldest IR version of a release of ONNX that had this operator set."""
    return min(row[1] for row in onnx.helper.VERSION_TABLE if row[2] == opset)


def golden_batch(name):
    data = np.load(os.path.join(GOLDEN, name + ".npz"))
    return (data["x"], data["y"]) if "x" in data.files else (data["b2_in0"], data["b2_out0"])


def check(tool, name, opset, folder):
    path = os.path.join(folder, f"{name}_{opset}.onnx")
    subprocess.run([tool, "convert", os.path.join(GOLDEN, name + ".keras"), path, str(opset)],
                   check=True, stdout=subprocess.DEVNULL)
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", opset)]
    assert model.ir_version == expected_ir_version(opset), model.ir_version
    batch, width = model.graph.input[0].type.tensor_type.shape.dim
    x, want = golden_batch(name)
    assert batch.dim_param == "batch" and width.dim_value == x.shape[1]
    got = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: x})[0]
    worst = np.max(np.abs(got - want)) / np.max(np.abs(want))
    assert got.shape == want.shape and worst <= TOLERANCE, (name, opset, worst)
    return worst


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        for model_name in ("scoring_mlp", "activations", "functional_chain"):
            errors = [check(os.path.abspath(sys.argv[1]), model_name, opset, temporary)
                      for opset in range(FIRST_OPSET, LAST_OPSET + 1)]
            print(f"ok  {model_name}: opsets {FIRST_OPSET} to {LAST_OPSET}, {max(errors):.1e}")
