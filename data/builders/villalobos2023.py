"""Epoch AI's table of the scaling laws that 24 papers print, one row per law."""

from builders.rows import Files, Row, Value

FILE = "literature-exponents/scaling-laws.csv"

_PAPERS = {
    "A Constructive Prediction of the Generalization Error Across Scales": (
        *("Rosenfeld et al. 2019", ""),
    ),
    "Scaling Laws for Neural Language Models": ("Kaplan et al. 2020", "kaplan2020"),
    "Scaling Laws for Autoregressive Generative Modeling": (
        *("Henighan et al. 2020", "henighan2020"),
    ),
    "Training Compute-Optimal Large Language Models": ("Hoffmann et al. 2022", "hoffmann2022"),
    "Revisiting Neural Scaling Laws in Language and Vision": (
        *("Alabdulmohsin et al. 2022", "alabdulmohsin2022"),
    ),
    "Scaling Laws for a Multi-Agent Reinforcement Learning Model": ("Neumann and Gros 2022", ""),
    "A Scaling Law for Syn2real Transfer: How Much Is Your Pre-training Effective?": (
        *("Mikami et al. 2021", ""),
    ),
    "Effect of scale on catastrophic forgetting in neural networks": ("Ramasesh et al. 2022", ""),
    "Data Scaling Laws in NMT: The Effect of Noise and Architecture": (
        *("Bansal et al. 2022", "bansal2022"),
    ),
    "Scaling Laws for Reward Model Overoptimization": ("Gao et al. 2022", ""),
    "Beyond neural scaling laws: beating power law scaling via data pruning": (
        *("Sorscher et al. 2022", ""),
    ),
    "Transcending Scaling Laws with 0.1% Extra Compute": ("Tay et al. 2022, UL2R", ""),
    "Learning Curve Theory": ("Hutter 2021", ""),
    "Explaining Neural Scaling Laws": ("Bahri et al. 2021", "bahri2021"),
    "Scaling Laws for Deep Learning": ("Rosenfeld 2021", ""),
    "Scaling Laws vs Model Architectures: How does Inductive Bias Influence Scaling?": (
        *("Tay et al. 2022, architectures", ""),
    ),
    "Understanding Scaling Laws for Recommendation Models": ("Ardalani et al. 2022", ""),
    "Scaling Laws for Transfer": ("Hernandez et al. 2021", "hernandez2021"),
    "Scaling Laws for Neural Machine Translation": ("Ghorbani et al. 2021", "ghorbani2021"),
    "Data and Parameter Scaling Laws for Neural Machine Translation": (
        *("Gordon et al. 2021", "gordon2021"),
    ),
    "Broken Neural Scaling Laws": ("Caballero et al. 2022", "caballero2022"),
    "Scaling Vision Transformers": ("Zhai et al. 2021", "zhai2021"),
    "Scaling Laws for Acoustic Models": ("Droppo and Elibol 2021", ""),
    "Scaling Scaling Laws with Board Games": ("Jones 2021", "jones2021"),
}
"""Short name and key in the bibliography, where it has the paper."""

_DOMAINS = {
    "Games, RL": "Games",
    "RL": "Reinforcement learning",
    "Transfer, Language": "Language",
    "Vision, Transfer": "Vision",
    "Vision, Classification": "Vision",
    "Multimodal": "Images and text",
    "Language, Vision": "Several",
    "Multiple": "Several",
}
_TASKS = {"Language modeling": "language modelling", "Image modeling": "image modelling"}
_TASKS |= {"Speech modeling": "speech modelling", "ImageNet": "image classification"}
_TASKS |= {"ConnectFour": "Connect Four", "Hex": "Hex", "Pentago": "Pentago"}
_TASKS |= {"Python generation": "Python", "Multiple": "several"}
_TASKS |= {"Click-Through Rate prediction": "click-through rate"}
_VARIABLES = {"Finetuning data": "fine-tuning data", "Pretraining Data": "pre-training data"}
_VARIABLES |= {"Training Steps": "steps", "Upstream Negative Cross-entropy": "upstream score"}
_QUANTITIES = {"Top-1 error": "error", "Upstream Negative Cross-entropy": "upstream score"}
_QUANTITIES |= {"Downstream Accuracy": "accuracy", "Multiple": "several", "Elo": "Elo"}
_RISES = {"upstream score", "accuracy", "player strength", "data transferred", "Elo"}
_DOUBTS = (
    (range(1, 10), "irreducible is I E / n, where the law itself ends at I E / sqrt(E^2 + n^2)"),
    (range(10, 15), "flops are params times tokens, without the 6"),
    ((12, 13), "20.81 is not D_c to the exponent: 5.4e13, as printed, gives 20.16"),
    ((13,), "for the joint law the paper prints 0.103 for data, 0.095 is the law of data alone"),
    (range(33, 37), "the formula has no constant, yet a floor is given"),
    ((37,), "the runs go to some 3e11 tokens, not to 1e9"),
    (range(63, 123), "flops are too few for a training run of such sizes"),
    ((121,), "0.65 stands beside -0.03 for compute"),
    ((123,), "the floor is 0.97 here and 0.98 among the constants"),
    ((124, 125), "the formula has a plus before the exponent of a loss that falls"),
    ((124,), "4 is the largest exponent of the table, for a law its authors call saturated"),
    ((137,), "the formula says D where the variable is compute"),
)
"""Rows, and why something in them is not to be taken as printed."""

_SECONDS = {
    "Hours of speech": "seconds of speech",
    "64x64 VQ256 Video hours": "seconds of 64x64 VQ256 video",
}


def exponents(files: Files) -> list[Row]:
    """Return the laws in upstream order."""
    return [_law(number, row) for number, row in enumerate(files[FILE], start=1)]


def _law(number: int, row: dict[str, str]) -> Row:
    paper, cite = _PAPERS[row["Paper"]]
    quantity = _quantity(paper, row)
    first, second = (_variable(row[f"Scaling Variable {k}"]) for k in (1, 2))
    if paper == "Rosenfeld et al. 2019":
        # The paper's n, which bears alpha, is the data (card, second note).
        first, second = second, first
    unit = row["Data unit"]
    data = [_times(v, 3600 if unit in _SECONDS else 1) for v in _range(row, "Data range (mixed)")]
    flops, params = _range(row, "Compute range (FLOP)"), _range(row, "Size range (parameters)")
    category, task = row["Category"], row["Task"]
    details = (row["Task details"], row["Additional Conditions"], row["Scaling strategy"])
    return {
        "row": number,
        "paper": paper,
        "cite": cite,
        "title": row["Paper"],
        # Upstream's 2022 is a year after the paper's arXiv number, 2106.
        "year": 2021 if cite == "zhai2021" else int(row["Date"][-4:]),
        "domain": _DOMAINS.get(category, category),
        "task": _TASKS.get(task, task.lower()),
        "setting": ", ".join(filter(None, details)),
        "architecture": row["Architecture"],
        "quantity": quantity,
        "direction": "" if not quantity else "rises" if quantity in _RISES else "falls",
        "variable_1": first,
        "variable_2": second,
        "form": row["Type"].lower(),
        "formula": row["Functional form"],
        "exponent_1": _number(row["Exponent 1"]) if row["Exponent 1"] else _quoted(row),
        "exponent_2": _number(row["Exponent 2"]),
        "irreducible": _number(row["Irreducible loss"]),
        "constants": row["Parameter values"].replace(" ,", ","),
        **{"flops_low": flops[0], "flops_high": flops[1]},
        **{"data_low": data[0], "data_high": data[1], "data_unit": _SECONDS.get(unit, unit)},
        **{"params_low": params[0], "params_high": params[1]},
        "doubt": "; ".join(words for rows, words in _DOUBTS if number in rows),
    }


def _quantity(paper: str, row: dict[str, str]) -> str:
    """Return what the law predicts, where upstream's word for it is not that."""
    if row["Dependent Variable"] == "Data Transferred":
        return "data transferred"
    if paper == "Zhai et al. 2021":
        return "error"
    if paper == "Neumann and Gros 2022":
        return "player strength"
    named = _QUANTITIES.get(row["Loss"], row["Loss"].lower())
    return named or row["Dependent Variable"].lower()


def _variable(text: str) -> str:
    return _VARIABLES.get(text, text.lower())


def _quoted(row: dict[str, str]) -> Value:
    """Return Bansal's exponent, which stands among the constants alone."""
    pairs = (part.split("=") for part in row["Parameter values"].split(", "))
    is_bansal = row["Functional form"] == "L(D) = B(D^-1 + E)^b"
    return next((float(v) for k, v in pairs if k == "b"), "") if is_bansal else ""


def _range(row: dict[str, str], name: str) -> tuple[Value, Value]:
    """Return both ends: upstream's column of the upper one has no name."""
    return _number(row[name]), _number(row[f"{name}, next"])


def _times(value: Value, factor: int) -> Value:
    return value if isinstance(value, str) else float(value) * factor


def _number(text: str) -> Value:
    return float(text) if text else ""


TABLES = {"exponents": exponents}
