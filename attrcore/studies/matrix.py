"""What is known so far of every attack by every method: tables that fill row by row."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from attrcore.evidence import chance, likeness, measures
from attrcore.png import levels
from attrcore.studies.running import interval, plain, share, shown


class Row(NamedTuple):
    """Something done to every picture."""

    kind: str  # "attack", "random" or "walk"
    method: str  # whose map judges it; nobody's for the random change


class Matrix:
    """Rows x columns of N pictures by M measures; what is not known yet is not a number."""

    def __init__(self, rows: list[Row], columns: list[str], reasons: dict[str, list[str]], x: Tensor, k: int) -> None:
        self.rows, self.columns, self.reasons, self.k = rows, columns, reasons, k
        self.names = list(measures(k, x.shape[-1]))
        n, r, c, m = len(x), len(rows), len(columns), len(self.names)
        self.tables = {
            "likeness": torch.full((n, r, c, m), torch.nan),
            "chance": torch.full((n, c, m), torch.nan),
            "ceiling": torch.full((n, c, m), torch.nan),
            "kept": torch.full((n, r), torch.nan),
            "clean image": torch.from_numpy(levels(x[0])),
            "images": torch.zeros((r, *x.shape[1:]), dtype=torch.uint8),
            "clean maps": torch.zeros((c, *x.shape[2:]), dtype=torch.half),
            "maps": torch.zeros((r, c, *x.shape[2:]), dtype=torch.half),
        }

    def state(self) -> dict[str, Tensor]:
        """A copy of all tables."""
        return {name: table.clone() for name, table in self.tables.items()}

    def go_on(self, state: dict[str, Tensor]) -> None:
        """Take up tables of the same settings."""
        self.tables = {name: table.clone() for name, table in state.items()}

    def left(self, batch: Tensor) -> list[int]:
        """Rows that a batch of pictures still lacks, but for those that nobody can fill."""
        empty = self.tables["kept"][batch].isnan().any(0).tolist()
        return [i for i, reason in enumerate(self.reasons["rows"]) if empty[i] and not reason]

    def begin(self, batch: Tensor, clean: dict[int, Tensor]) -> None:
        """Chance levels and ceilings beside the clean maps of some columns, (B, H, W) each."""
        for j, maps in clean.items():
            self.tables["ceiling"][batch, j] = likeness(maps, maps, self.k).cpu()
            for m, measure in enumerate(measures(self.k, maps.shape[-1]).values()):
                self.tables["chance"][batch, j, m] = chance(measure, maps).cpu()
            if 0 in batch:
                self.tables["clean maps"][j] = shown(maps[0])

    def fill(
        self, batch: Tensor, i: int, z: Tensor, kept: Tensor, clean: dict[int, Tensor], after: dict[int, Tensor]
    ) -> None:
        """Row i: moved images (B, C, H, W), whether their predictions are kept, and columns' maps before and after."""
        for j, maps in after.items():
            self.tables["likeness"][batch, i, j] = likeness(clean[j], maps, self.k).cpu()
            if 0 in batch:
                self.tables["maps"][i, j] = shown(maps[0])
        if 0 in batch:
            self.tables["images"][i] = torch.from_numpy(levels(z[0]))
        self.tables["kept"][batch, i] = kept.float().cpu()

    def frame(self, i: int) -> dict[str, Tensor]:
        """The first picture under row i and its maps, and both before."""
        before = {name: self.tables[name] for name in ("clean image", "clean maps")}
        return {"row": torch.tensor(i), "image": self.tables["images"][i], "maps": self.tables["maps"][i], **before}

    def facts(self) -> dict[str, Any]:
        """Means over the pictures so far with their 95 % intervals, in numbers of four places that JSON holds.

        A difference is a picture's likeness less that under the random change: of pairs, since pictures differ more
        than rows do.
        """
        table, known, control = self.tables["likeness"], self.tables["kept"], self.rows.index(Row("random", ""))
        beyond = table - table[:, control : control + 1]
        return {
            "rows": [{**row._asdict(), "reason": r} for row, r in zip(self.rows, self.reasons["rows"], strict=True)],
            "columns": [
                {"method": name, "reason": r}
                for name, r in zip(self.columns, self.reasons["columns"], strict=True)
            ],
            "pictures": len(table),
            "likeness": {name: self.spread(table[..., m]) for m, name in enumerate(self.names)},
            "difference": {name: self.spread(beyond[..., m]) for m, name in enumerate(self.names)},
            "chance": {name: self.means("chance", m) for m, name in enumerate(self.names)},
            "ceiling": {name: self.means("ceiling", m) for m, name in enumerate(self.names)},
            "kept": [self.share(known[:, i]) for i in range(len(self.rows))],
        }  # fmt: skip

    def spread(self, values: Tensor) -> dict[str, list[list[float | None]]]:
        """Mean, low and high end, and count of every cell of (N, rows, columns), each rows x columns."""
        cells = [[interval(values[:, i, j]) for j in range(values.shape[2])] for i in range(values.shape[1])]
        return {
            part: [[short(cell[part]) for cell in row] for row in cells] for part in ("mean", "low", "high", "count")
        }

    def means(self, name: str, m: int) -> list[float | None]:
        """The mean over pictures of a column's levels, for every column."""
        return [short(plain(column.nanmean())) for column in self.tables[name][..., m].unbind(1)]

    def share(self, kept: Tensor) -> dict[str, Any]:
        """Of the pictures known so far."""
        known = kept[~kept.isnan()]
        return share(known) if len(known) else {"share": None, "interval95": None, "count": 0}


def short(value: float | None) -> float | None:
    """To four places: pages read these numbers again and again while the matrix fills."""
    return value if value is None else round(value, 4)
