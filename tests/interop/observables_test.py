"""Phases, PLV and entropy are those of SciPy.

  pip install scipy numpy
  python tests/interop/observables_test.py build/dev/interop_observables
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy.signal import hilbert
from scipy.stats import entropy

TOLERANCE = 1e-10


def series(rng, length):
    common = rng.normal(size=length)
    turn = 2 * np.pi * np.arange(length) / length
    return {
        "noise": (rng.normal(size=length), rng.normal(size=length)),
        "half common": (common + rng.normal(size=length), common + rng.normal(size=length)),
        "locked sinusoids": (np.sin(7 * turn), np.sin(7 * turn + 1.1)),
        "with a trend": (np.cumsum(rng.normal(size=length)), np.cumsum(rng.normal(size=length))),
    }


def check(tool, a, b, counts, folder):
    source, answer = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
    np.savez(source, a=a, b=b, counts=counts.astype(np.float64))
    subprocess.run([tool, source, answer], check=True)
    got = np.load(answer)
    phase = np.angle(hilbert(a - a.mean()))
    plv = np.abs(np.mean(np.exp(1j * (phase - np.angle(hilbert(b - b.mean()))))))
    # Compared on the circle: −π is π.
    worst = np.max(np.abs(np.exp(1j * got["phase"]) - np.exp(1j * phase)))
    assert worst <= TOLERANCE, ("phase", worst)
    assert abs(got["plv"][0] - plv) <= TOLERANCE, ("plv", got["plv"], plv)
    assert abs(got["entropy"][0] - entropy(counts)) <= TOLERANCE, ("entropy", got["entropy"])
    return worst


if __name__ == "__main__":
    random = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as temporary:
        for length in (64, 97, 256, 1000):
            for name, (first, second) in series(random, length).items():
                error = check(os.path.abspath(sys.argv[1]), first, second,
                              random.integers(0, 40, size=10), temporary)
                print(f"ok  {name}, {length} samples: {error:.1e}")
