"""What encoders and classifiers in torch have in common: where they run, what they are, and loading them quietly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from feedback_nlp.errors import EncoderError
from feedback_nlp.settings import Settings


def torch_device(settings: Settings) -> str:
    """Return 'cpu' or 'cuda'. Torch is only imported when it could matter, since that takes seconds.

    Raises :class:`EncoderError` where 'cuda' is set and torch sees no GPU.
    """
    if settings.device == "cpu":
        return "cpu"
    if settings.device == "auto" and not _may_have_gpu():
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if settings.device == "cuda":
        raise EncoderError("device = 'cuda', but torch sees no GPU here. Set device to 'auto' or 'cpu'.")
    return "cpu"


def weights_sha256(model: Any) -> str:
    """Return a hash of a torch model's tensors, by name: the same on every device and wherever its folder lies."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name}:{values.dtype}:{tuple(values.shape)}\n".encode())
        digest.update(memoryview(values.reshape(-1).view(torch.uint8).numpy()))
    return digest.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back the bars and reports that transformers prints while it loads a model."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _may_have_gpu() -> bool:
    """Tell cheaply whether a GPU that torch could use may be here: its driver's device file or library is."""
    import ctypes.util

    return find_spec("torch") is not None and (
        Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists() or ctypes.util.find_library("nvcuda") is not None
    )
