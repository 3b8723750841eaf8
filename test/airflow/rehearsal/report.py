"""What a run found, as text for people and JSON for programs."""

from __future__ import annotations

import json
import pathlib
import time


class Report:
    """Tables are lists of rows, each a dict; columns are taken from the first row."""

    def __init__(self, folder: pathlib.Path, options, left_out: list):
        self.folder, self.options, self.left_out = folder, options, left_out
        self.began = time.monotonic()
        self.chosen: list = []  # the cases of this run, whether it got to them or not
        self.cases: list[dict] = []
        self.tables: dict[str, list[dict]] = {}
        self.notes: list[str] = []

    def case(self, case, passed: bool, seconds: float, message: str) -> None:
        self.cases.append({"case": case.name, "result": "passed" if passed else "FAILED", "seconds": round(seconds, 1), "what": case.title, "message": message})

    def row(self, table: str, **values) -> None:
        self.tables.setdefault(table, []).append(values)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def text(self) -> str:
        parts = []
        for title, rows in self.tables.items():
            parts.append(f"\n## {title}\n\n{_table(rows)}")
        parts.append("\n## Cases\n\n" + _table([{k: v for k, v in case.items() if k != "message"} for case in self.cases]))
        if self.left_out:
            parts.append("\nLeft out of this profile: " + "; ".join(f"{c.name} ({c.title})" for c in self.left_out))
        reached = {case["case"] for case in self.cases}
        if unreached := [c.name for c in self.chosen if c.name not in reached]:
            parts.append(f"\nNot reached after the failure: {', '.join(unreached)}")
        parts += [f"\n{note}" for note in self.notes]
        failed = [c for c in self.cases if c["result"] != "passed"]
        passed = len(self.cases) - len(failed)
        for case in failed:
            parts.append(f"\n{case['case']} FAILED: {case['message']}")
        parts.append(f"\ne2e: {passed} passed, {len(failed)} failed, {len(self.left_out)} left out, {len(unreached)} not reached, in {time.monotonic() - self.began:.0f} s")
        # A case that was not reached has not passed.
        parts.append(f"{passed} passed, {len(failed) + len(unreached)} failed")
        return "\n".join(parts)

    def finish(self, world) -> None:
        if not self.cases:
            return
        text = self.text()
        print(text, flush=True)
        (self.folder / "report.md").write_text(text + "\n")
        summary = {"cases": self.cases, "tables": self.tables, "left_out": [c.name for c in self.left_out], "notes": self.notes}
        (self.folder / "report.json").write_text(json.dumps(summary, indent=1, default=str))


def _table(rows: list[dict]) -> str:
    if not rows:
        return "(nothing)"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns] + [[str(row.get(c, "")) for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])
