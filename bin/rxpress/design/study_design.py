"""The design of a study as contrasts.json holds it: its models, and the contrasts that these answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rxpress.design.planned_contrasts import Weights
from rxpress.design.study_model import StudyModel


@dataclass(frozen=True)
class LinePart:
    """A line's share in an average over lines: weights over its own conditions.

    sign : 1 on the upper side, -1 on the lower one. With the lines of both sides, a contrast is the mean of
    the upper shares minus the mean of the lower ones. side : the line's response, or `up`, `down`, `paired`.
    """

    line: str
    side: str
    sign: int
    weights: Weights


@dataclass(frozen=True)
class JointMember:
    """One of the contrasts that a joint test asks about at once."""

    id: str
    weights: Weights


@dataclass(frozen=True)
class Contrast:
    """A linear combination of condition means. `status` is `ok` or `not_estimable`, then with a `reason`.

    model : the name of its model; weights : {condition or column of the model: weight}, empty when not
    estimable or joint; jointly : the members of a joint test, else empty; samples : kept libraries that it
    is about; lines : the shares of an average over lines, empty for other contrasts; test : `wald`, `lrt`
    (joint) or `moderated_t` (lines are the replicates, scope `class`).
    """

    id: str
    label: str
    kind: str
    model: str
    weights: Weights
    jointly: tuple[JointMember, ...]
    samples: tuple[str, ...]
    test: str
    status: str
    reason: str
    scope: str
    lines: tuple[LinePart, ...]

    @property
    def all_weights(self) -> list[Weights]:
        """The weights of the contrast, or of each member of a joint test."""
        return [member.weights for member in self.jointly] or [self.weights]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Contrast:
        lists = {
            "samples": tuple(value["samples"]),
            "jointly": tuple(JointMember(**member) for member in value["jointly"]),
            "lines": tuple(LinePart(**part) for part in value["lines"]),
        }
        return cls(**{**value, **lists})


@dataclass(frozen=True)
class StudyDesign:
    """The models and the contrasts of one study, as contrasts.json holds them.

    conditions : all conditions of the sheet; covariates : those asked for that the models of this study use;
    untested_because : why nothing can be tested, or empty; notes : what readers of results should know;
    models : those that contrasts name, with the samples that can be used.
    """

    study: str
    unit: str
    vehicle: str
    conditions: tuple[str, ...]
    covariates: tuple[str, ...]
    untested_because: str
    notes: tuple[str, ...]
    models: tuple[StudyModel, ...]
    contrasts: tuple[Contrast, ...]

    def of_model(self, model: StudyModel) -> list[Contrast]:
        """The contrasts that a model answers."""
        return [c for c in self.contrasts if c.model == model.name and c.status == "ok"]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StudyDesign:
        """The counterpart of `to_json`."""
        lists = {key: tuple(value[key]) for key in ("conditions", "covariates", "notes")}
        models = tuple(map(StudyModel.from_json, value["models"]))
        contrasts = tuple(map(Contrast.from_json, value["contrasts"]))
        return cls(**{**value, **lists, "models": models, "contrasts": contrasts})
