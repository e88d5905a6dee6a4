"""What a test of a claim is called, and its rule in words."""

from __future__ import annotations

from stages.claims.schema import Bar, Compare, Measured, Published, Remark
from stages.statistics.units import LOGITS, NATS, PERCENT, Unit, number, threshold

MEASURES = {
    "accuracy": "",
    "train_accuracy": ", training accuracy",
    "gap": ", train \N{MINUS SIGN} test",
    "near_zero_weights": ", weights near zero",
    "pruning_cost": ", accuracy lost without the weights near zero",
    "collapsed_agreement": ", agreement with its layers multiplied into one",
}


def unit_of(test: Measured) -> Unit:
    """Return the unit of what a test measures."""
    if test.measure == "largest_logit":
        return LOGITS
    return NATS if test.measure.endswith("loss") else PERCENT


def subject(test: Measured) -> str:
    """Return what a test or a remark is about."""
    name = test.experiment
    if isinstance(test, Compare | Remark) and test.baseline is not None:
        name = f"{name} \N{MINUS SIGN} {test.baseline}"
    name += MEASURES.get(test.measure, f", {test.measure.replace('_', ' ')}")
    if test.since is not None:
        return f"{name} from epoch {test.since} to {test.epoch}"
    return name if test.epoch is None else f"{name} at epoch {test.epoch}"


def rule_text(test: Published | Bar | Compare, margin: float | None) -> str:
    """Return a test's thresholds in words; `margin` is None where it is not known yet."""
    unit = unit_of(test)
    if isinstance(test, Published):
        return f"one run gives {number(test.claimed, unit)} {unit.symbol}"
    if isinstance(test, Bar):
        return f"{test.rule} {test.bar:g} {unit.symbol}"
    rule = test.rule.replace("_", " ")
    by = "what the pictures tell apart" if margin is None else threshold(margin, unit)
    return f"{rule} by more than {by}"
