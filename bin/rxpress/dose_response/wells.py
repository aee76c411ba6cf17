"""Wells of a viability assay, as understood from its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PlateLine = tuple[str, str | None, str | None, float | None]  # study, plate, cell line, time


@dataclass(frozen=True)
class Well:
    """A row of the table, as understood. dose : nM; time : h; value : signal, or viability as fraction.

    None where the table is silent. A well of the vehicle has no dose and no treatment.
    """

    line: int
    study: str
    cell_line: str | None
    treatment: str | None
    dose: float | None
    time: float | None
    well_type: str
    value: float | None
    plate: str | None
    replicate: str | None

    @property
    def plate_line(self) -> PlateLine:
        return self.study, self.plate, self.cell_line, self.time


@dataclass(frozen=True)
class Scale:
    """Mean signals of a plate: `background` without cells, `untreated` under the vehicle."""

    background: float
    untreated: float


@dataclass(frozen=True)
class Assay:
    """A viability table.

    measure : `viability` or `signal`; percent : whether viability stood in percent; scales : of signals, by
    plate and line.
    """

    measure: str
    percent: bool
    wells: tuple[Well, ...]
    scales: Mapping[PlateLine, Scale]
