"""Hypothesis strategies for settings."""

from hypothesis import settings
from hypothesis import strategies as st

from profiles.schema import Fraction
from profiles.values import Key

STEADY = settings(max_examples=25, deadline=None, derandomize=True)
"""The same examples in every run, however slow the machine."""

LINE = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" \"'\\#;=%{}[]"), max_size=30)
TEMPLATE = st.lists(LINE | st.just("\tG1"), max_size=4).map("\n".join)


def values(key: Key) -> st.SearchStrategy:
    """Return a strategy for the accepted values of a key."""
    bounds = key.field.metadata
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    number = st.floats(low, high, exclude_min="gt" in bounds, exclude_max="lt" in bounds)
    if key.choices:
        return st.sampled_from(key.choices)
    if "shape" in bounds:
        return st.lists(st.from_regex(key.field.metadata["pattern"], fullmatch=True)).map(tuple)
    return {
        float: number,
        Fraction: number,
        int: st.integers(low, high),
        bool: st.booleans(),
        str: TEMPLATE if bounds.get("multiline") else LINE,
    }.get(key.field.type, st.tuples(number, number))
