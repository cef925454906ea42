"""What a FLOP costs: from a machine's peak, its rent, and how much of it is used."""

from __future__ import annotations

from dataclasses import dataclass

from scalinglaws import _checks as checks
from scalinglaws.errors import BadParameters


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a FLOP costs when training and when serving, in one unit of money, or both 1."""

    train: float = 1.0
    serve: float = 1.0

    @classmethod
    def of(
        cls, *, flops_per_second: float, money_per_hour: float, train_use: float, serve_use: float
    ) -> Price:
        """Return the price of a FLOP on a machine, from its peak, its rent and how it is used.

        ``train_use`` and ``serve_use`` are the shares of the peak that training and serving reach.

        >>> p = Price.of(flops_per_second=1e15, money_per_hour=3.6, train_use=0.4, serve_use=0.1)
        >>> round(p.train * 1e18, 6), round(p.serve / p.train, 6)
        (2.5, 4.0)
        """
        given = {"flops_per_second": flops_per_second, "money_per_hour": money_per_hour}
        uses = {"train_use": train_use, "serve_use": serve_use}
        for name, value in checks.numbers(given | uses, what="a price").items():
            if value <= 0 or (name in uses and value > 1):
                raise BadParameters(
                    f"{name}={value:g}: give "
                    + ("a share of the peak, up to 1" if name in uses else "a positive number")
                )
        second = money_per_hour / 3600
        return cls(
            train=second / (flops_per_second * train_use),
            serve=second / (flops_per_second * serve_use),
        )
