"""Rules and their proofs name each other rightly."""

from lab.docs import rules
from tests.architecture.source import ROOT


def test_every_marker_names_a_known_rule() -> None:
    unknown = [proof for proof in rules.proofs(ROOT) if proof.rule not in rules.listed(ROOT)]
    assert not unknown, f"not in docs/reference/rules.toml: {unknown}"


def test_every_listed_rule_has_a_proof() -> None:
    unproven = rules.listed(ROOT).keys() - {proof.rule for proof in rules.proofs(ROOT)}
    assert not unproven, f"listed, but no test carries: {sorted(unproven)}"


def test_every_rule_is_told_in_both_languages() -> None:
    assert {tuple(sorted(text)) for text in rules.listed(ROOT).values()} == {("en", "ja")}
