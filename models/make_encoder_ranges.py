"""Measures the activation ranges that the bundled encoders' 8-bit form needs, and writes models/NAME-ranges.npz.

    python models/make_encoder_ranges.py DATA_FOLDER

DATA_FOLDER holds Parquet files with a column ``text``. Only the largest magnitude of each of the network's channels
is kept, never a text. Small changes of the texts change little: a range is a maximum over many.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

TEXTS_A_FILE = {"multilingual": 48, "english": 64}
MAX_TOKENS = 256


def main(folder: Path) -> None:
    """Write one file for each bundled encoder."""
    import onnxruntime
    import polars as pl
    from tokenizers import Tokenizer

    from feedback_nlp.encoding.bundled import BUNDLED
    from feedback_nlp.encoding.onnx_graph import SITES, build_model

    files = sorted(folder.glob("*.parquet"))
    if not files:
        sys.exit(f"No Parquet files in {folder}.")
    for name, encoder in BUNDLED.items():
        weights = encoder.read_weights()
        session = onnxruntime.InferenceSession(build_model(weights, None).SerializeToString())
        tokenizer = Tokenizer.from_file(str(encoder.tokenizer.verified()))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        outputs = [f"range_{layer}_{site}" for layer in range(weights.shape.layers) for site in SITES]
        ranges: dict[str, np.ndarray] = {}
        for path in files:
            frame = pl.read_parquet(path, columns=["text", "lang"])
            if name == "english":
                frame = frame.filter(pl.col("lang") == "en")
            texts = frame["text"].unique().sort()
            chosen = texts.sample(min(TEXTS_A_FILE[name], len(texts)), seed=0).to_list()
            for text in chosen:
                ids = np.array([tokenizer.encode(encoder.prefix + text).ids], np.int64)
                for output, values in zip(outputs, session.run(outputs, {"input_ids": ids}), strict=True):
                    largest = np.abs(values[0]).max(axis=0)
                    ranges[output] = np.maximum(ranges.get(output, largest), largest)
            print(name, path.stem, len(chosen), file=sys.stderr)
        stacked = {
            site: np.stack([ranges[f"range_{layer}_{site}"] for layer in range(weights.shape.layers)]).astype("<f2")
            for site in SITES
        }
        np.savez_compressed(Path(__file__).parent / f"{name}-ranges.npz", **stacked)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
