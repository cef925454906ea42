"""The fine-tuning curves of Lin et al. 2024: 14 pre-trained models on three tasks."""

from builders.rows import Files, Row, significant

# Parameters by the model's name or, where it has none, by its authors' paper.
MODELS = {
    "MBZUAI/LaMini-GPT-124M": ("decoder", 124e6),
    "MBZUAI/LaMini-GPT-774M": ("decoder", 774e6),
    "cerebras/Cerebras-GPT-256M": ("decoder", 256e6),
    "cerebras/Cerebras-GPT-1.3B": ("decoder", 1.3e9),
    "facebook/bart-base": ("encoder-decoder", 140e6),
    "facebook/bart-large": ("encoder-decoder", 400e6),
    "facebook/opt-350m": ("decoder", 350e6),
    "facebook/opt-1.3b": ("decoder", 1.3e9),
    "facebook/opt-6.7b": ("decoder", 6.7e9),
    "gpt2": ("decoder", 124e6),
    "t5-small": ("encoder-decoder", 60e6),
    "t5-base": ("encoder-decoder", 220e6),
    "google/mt5-base": ("encoder-decoder", 580e6),
    "google/mt5-large": ("encoder-decoder", 1.2e9),
}

# Task by upstream file. Two files carry other names than the authors' own benchmark/*.csv, with
# whose figures they agree: see the card.
TASKS = {"flan": "flan", "gigaword": "wmt19", "wikiword": "gigaword"}


def losses(files: Files) -> list[Row]:
    """Return the loss after fine-tuning, by task, model (in upstream order) and samples."""
    return [
        {
            "task": task,
            "model": p["model"],
            "architecture": MODELS[p["model"]][0],
            "params": MODELS[p["model"]][1],
            "samples": int(samples),
            "loss": significant(float(loss), 5),
            "zero_shot_loss": significant(float(p["0"]), 5),
        }
        for file, task in TASKS.items()
        for p in files[f"sft-rectified/{file}.csv"]
        for samples, loss in p.items()
        if samples not in ("model", "0")
    ]


TABLES = {"losses": losses}
