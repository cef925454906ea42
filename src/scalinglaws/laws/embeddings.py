"""A law of all parameters, read as one of the parameters without embeddings."""

from dataclasses import replace
from typing import Any

import numpy as np

from scalinglaws.counting import with_embeddings
from scalinglaws.errors import BadParameters
from scalinglaws.laws.law import Law
from scalinglaws.laws.parts import Bound, Values


def _recounted(law: Law, omega: float, p: Values, x: Values) -> Any:
    return law.function(p, {**x, "params": with_embeddings(x["params"], omega=omega)})


def recounted(law: Law, *, omega: float) -> Law:
    """Return a law of all parameters as one of parameters without embeddings.

    Its ``params`` counts the layers only; the law sees ``params + omega params^(1/3)``. Compute
    that is split under it counts the layers only, too. Pearce and Song 2024, section 3. Raises
    :class:`BadParameters` unless ``omega`` is positive and the law has ``params``.
    """
    if not (np.isfinite(omega) and omega > 0) or "params" not in law.inputs:
        raise BadParameters(
            f"recounting needs a law of params and a positive omega; found a law of "
            f"{', '.join(law.inputs)} and {omega!r}"
        )

    simpler = None if law.simpler is None else recounted(law.simpler, omega=omega)
    return replace(
        law,
        simpler=simpler,
        name=f"{law.name}, counted without embeddings",
        function=Bound(_recounted, (law, omega)),
        terms=(),
        derived={},
        formula=f"{law.formula} with N = n + {omega:g} n^(1/3)",
        reference=f"{law.reference}; Pearce and Song 2024",
    )
