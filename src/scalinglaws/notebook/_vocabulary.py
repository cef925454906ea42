"""The words of claims: kinds of check, where a value was read, verdicts."""

CHECKS = {
    "same method": "the same runs, analysed as the paper did",
    "another method": "the same runs, analysed in another way",
    "other runs": "other runs: does it carry over?",
    "constants": "arithmetic on constants that the paper prints",
}
"""Kinds of check, and their words."""

READ = {
    "paper": "read in the paper's text",
    "code": "in the authors' code or files",
    "figure": "read off the paper's figure",
    "transcript": "read in a transcript or talk",
    "secondary": "quoted from another text; the paper was not read for it",
}
"""Where a published value was read, and the words for it."""

SYMBOLS = {
    "reproduced": "✓",
    "within our interval": "≈",
    "differs": "✗",
    "consistent": "✓",
    "not consistent": "✗",
    "cannot be checked": "?",
    "other data": "·",
}
"""Verdicts, and the mark before each: on the paper's runs, on other runs, and neither."""
