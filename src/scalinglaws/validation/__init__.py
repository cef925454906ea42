"""Known truth and held-out runs: simulated tables, hold-out scores, the study of coverage."""
