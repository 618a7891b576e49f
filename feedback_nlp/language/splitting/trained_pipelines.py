"""A trained spaCy pipeline of the user's own, as a judge of where sentences end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from feedback_nlp.errors import SettingError

if TYPE_CHECKING:
    from spacy.language import Language

# Components that say nothing about sentences; without them a pipeline is several times as fast.
_UNUSED = (
    "ner", "lemmatizer", "trainable_lemmatizer", "tagger", "morphologizer", "attribute_ruler", "textcat",
    "textcat_multilabel", "entity_linker", "entity_ruler", "spancat", "span_ruler", "coref",
)  # fmt: skip
_PICKLES = ("*.pkl", "*.pickle", "*.joblib")


def load_pipeline(name: str) -> Language:
    """Return the spaCy pipeline of that name or in that folder, without the parts that have no say in sentences.

    Nothing is downloaded, and a folder that holds pickles is refused. Raises :class:`SettingError` when there is no
    such pipeline, when it does not load, or when nothing in it sets sentence boundaries.
    """
    import spacy

    folder = Path(name)
    pickles = [path.name for pattern in _PICKLES for path in folder.rglob(pattern)] if folder.is_dir() else []
    if pickles:
        raise SettingError(
            f"Splitter {name!r}: the folder holds a pickle ({pickles[0]}), which can run anything when it is read. "
            f"Save the pipeline without that component, with nlp.to_disk(FOLDER)."
        )
    if not folder.is_dir() and not spacy.util.is_package(name):
        raise SettingError(
            f"Splitter {name!r} is neither 'rules', nor an installed plug-in of the group feedback_nlp.splitters, nor "
            f"an installed spaCy pipeline, nor a folder. Install the pipeline (where there is a network: "
            f"python -m spacy download en_core_web_sm), give the folder of one, or set splitter to 'rules'."
        )
    try:
        nlp = spacy.load(name, exclude=list(_UNUSED))
        sets_sentences = nlp("The app is slow. Nobody answers.").has_annotation("SENT_START")
    except Exception as error:  # whatever a component of somebody else's raises
        raise SettingError(
            f"Splitter {name!r}: spaCy {spacy.__version__} cannot load the pipeline ({type(error).__name__}: {error}). "
            f"Try spacy.load({name!r}) in Python, or set splitter to 'rules'."
        ) from error
    if not sets_sentences:
        parts = ", ".join(nlp.pipe_names) or "none"
        raise SettingError(
            f"Splitter {name!r}: no component of the pipeline sets sentence boundaries (those it has: {parts}). "
            f"Add one with nlp.add_pipe('sentencizer'), or train a senter, and save it again."
        )
    nlp.max_length = 10**9  # texts come in parts of bounded length
    return nlp
