"""Compute-optimal training: the best split of a budget, by a law, by isoFLOPs, by envelope."""

from scalinglaws.compute import batch_size, envelope, isoflop, isoflop_noise
from scalinglaws.compute.edges import pareto
from scalinglaws.compute.experts import equals
from scalinglaws.compute.mixtures import cheapest_experts, sparse
from scalinglaws.compute.optimum import FLOPS_PER_PARAM_TOKEN, growth, optimal_params
from scalinglaws.compute.own_flops import own_count
from scalinglaws.compute.price import Price
from scalinglaws.compute.recipes import regrets
from scalinglaws.compute.repeats import passes
from scalinglaws.compute.serving import lifetime, optimal_tokens, tokens_for

__all__ = [
    "FLOPS_PER_PARAM_TOKEN",
    "Price",
    "batch_size",
    "cheapest_experts",
    "envelope",
    "equals",
    "growth",
    "isoflop",
    "isoflop_noise",
    "lifetime",
    "optimal_params",
    "optimal_tokens",
    "own_count",
    "pareto",
    "passes",
    "regrets",
    "sparse",
    "tokens_for",
]
