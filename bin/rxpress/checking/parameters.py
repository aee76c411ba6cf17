"""Parameters of a run against `nextflow_schema.json`: unknown names, wrong types and ranges, contradictions.

The schema is JSON Schema 2020-12 with groups of parameters under `$defs`; it also drives `--help`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rxpress.arguments import listed
from rxpress.errors import Problems, did_you_mean, nearest

Rule = Mapping[str, Any]

KINDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}
LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def parameter_rules(schema: Rule) -> dict[str, Rule]:
    """The schema of each parameter, from all groups."""
    return {name: rule for group in schema["$defs"].values() for name, rule in group["properties"].items()}


def file_parameters(schema: Rule) -> list[str]:
    """Names of the parameters that name a file or folder to read."""
    rules = parameter_rules(schema)
    paths = [
        name for name, rule in rules.items() if rule.get("format") in ("file-path", "directory-path", "path")
    ]
    return [name for name in paths if name != "outdir"]


def check_parameters(schema: Rule, params: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Add a problem for each parameter that is unknown, missing or not what the schema asks for.

    Returns a usable value for every known parameter: as given, else its default (None without one), so that
    later checks go on beside the problems found here.
    """
    rules = parameter_rules(schema)
    for name in params:
        if name not in rules:
            near = nearest(name, rules)
            fix = f"did you mean '--{near}'?" if near else "`nextflow run . --help` lists them"
            problems.add("is not a parameter", fix, f"--{name}")
    values = {name: _value(name, rule, params.get(name), problems) for name, rule in rules.items()}
    for group in schema["$defs"].values():
        for name in group.get("required", ()):
            if params.get(name) in (None, ""):
                problems.add("is required", rules[name].get("description", ""), f"--{name}")
    _check_combinations(values, problems)
    return values


def _value(name: str, rule: Rule, given: Any, problems: Problems) -> Any:
    if given is None or given == "":
        return rule.get("default")
    value = _convert(given, rule)
    if _accepts(rule, value):
        return value
    problems.add(*_complaint(given, rule), f"--{name}")
    return rule.get("default")


def _accepts(rule: Rule, value: Any) -> bool:
    from jsonschema import Draft202012Validator

    return not (isinstance(value, float) and math.isnan(value)) and Draft202012Validator(rule).is_valid(value)


def _convert(value: Any, rule: Rule) -> Any:
    """A value as the type of its rule where that is plainly meant: `"5"` for a number, 5 for a text."""
    kind = rule.get("type")
    if isinstance(value, str):
        if kind == "boolean":
            return {"true": True, "false": False}.get(value.lower(), value)
        if kind in ("integer", "number"):
            try:
                return float(value) if not value.lstrip("+-").isdigit() else int(value)
            except ValueError:
                return value
    if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _complaint(given: Any, rule: Rule) -> tuple[str, str]:
    """What is wrong with a value, and what to give instead."""
    wanted = _describe(rule)
    if given is True and rule.get("type") != "boolean":
        return "has no value", f"give {wanted}"
    if isinstance(given, list):
        return "is a list", f"write its items as one text: '{','.join(map(str, given))}'"
    choices = [str(choice) for choice in rule.get("enum", ())]
    fix = did_you_mean(str(given), choices) or f"give {wanted}"
    return f"'{given}' is not accepted", fix


def _describe(rule: Rule) -> str:
    """What a parameter may be, in words: `a whole number of at least 0`, `one of a, b`."""
    if "enum" in rule:
        return f"one of {', '.join(map(str, rule['enum']))}"
    bounds = " and ".join(f"{word} {rule[limit]}" for limit, word in LIMITS.items() if limit in rule)
    return f"{KINDS[rule['type']]} {bounds}".strip()


def _check_combinations(values: Mapping[str, Any], problems: Problems) -> None:
    """Parameters that contradict each other, whatever the samplesheet says."""
    if values.get("gtf") and values.get("gff"):
        problems.add("is given beside --gtf", "give one annotation", "--gff")
    if values.get("skip_trimming") and values.get("extra_fastp_args"):
        problems.add("fastp does not run with --skip_trimming", "drop one of the two", "--extra_fastp_args")
    if values.get("vehicle") in listed(values.get("drug")):
        problems.add(f"'{values['vehicle']}' is the vehicle", "name the drug, or correct --vehicle", "--drug")
    if (values.get("kmer_size") or 1) % 2 == 0:
        problems.add("Salmon's k-mers have an odd length", "give an odd number, such as 31", "--kmer_size")
    if values.get("inference") == "pydeseq2":
        for name, asked in (("length_correction", "offset"), ("fit", "cell_line")):
            if values.get(name) == asked:
                what = f"{asked} is not known to --inference pydeseq2"
                problems.add(what, "use --inference batched", f"--{name}")
