"""A pipeline folder as data: tables, feeds, views, rules, code lists. Nothing is checked."""

import csv
import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import yaml

NULLS = ["", "NULL", "null", "—", "－", "-", "/", "无", "不详", "#N/A", "\\N"]
SKIP = ["合计", "总计", "小计", "填表人", "审核人", "注："]


@dataclass
class Sql:
    """A view or a rule: the YAML header and the SQL below it."""

    id: str
    head: dict
    body: str


@dataclass
class Pipeline:
    settings: dict
    tables: dict = field(default_factory=dict)
    feeds: dict = field(default_factory=dict)
    views: dict = field(default_factory=dict)
    rules: dict = field(default_factory=dict)
    codes: dict = field(default_factory=dict)

    def spellings(self, name: str, more: dict | None = None) -> dict:
        """Every spelling of a code list to its code, also `1-男`; `more` are the feed's own."""
        words: dict[str, str] = {}
        for row in self.codes[name]:
            words[row["code"]] = row["code"]
            others = [row.get("label", ""), *(row.get("aliases") or "").split("|")]
            for other in filter(None, others):
                words.setdefault(other, row["code"])
        words.update(more or {})
        for word, code in list(words.items()):
            words.setdefault(f"{code}-{word}", code)
            words.setdefault(f"{word}-{code}", code)
        return words

    def person_tables(self) -> list[str]:
        """Tables of persons, those whose names are believed most first."""
        spine = self.settings["identity"]["spine"]
        people = [t for t, spec in self.tables.items() if spec["grain"] == "person"]
        return spine + sorted(set(people) - set(spine))


def load(folder: Path) -> Pipeline:
    """A pipeline without rules that are off, and without what rests on bidui's own ledger and receipts, which DuckDB has not."""
    pipeline = read(folder)
    gone = {name for name, table in pipeline.tables.items() if table.get("source") in ("ledger", "deliveries")}
    for name in gone:
        del pipeline.tables[name]
    while gone and (below := {n for n, v in pipeline.views.items() if re.search(rf"\b(FROM|JOIN)\s+({'|'.join(gone)})\b", v.body)}):
        gone |= below
        for name in below:
            del pipeline.views[name]
    off = pipeline.settings.get("off", {})
    pipeline.rules = {n: r for n, r in pipeline.rules.items() if r.head["over"] in pipeline.views and n not in off}
    return pipeline


def read(folder: Path) -> Pipeline:
    settings = yaml.safe_load((folder / "pipeline.yaml").read_text("utf-8"))
    if "extends" in settings:
        pipeline = read(folder.parent / settings["extends"])
        pipeline.settings |= settings
    else:
        pipeline = Pipeline(settings)
    for kind in ("tables", "feeds"):
        for path in sorted(folder.glob(f"{kind}/*.yaml")):
            getattr(pipeline, kind)[path.stem] = yaml.safe_load(path.read_text("utf-8"))
    for kind in ("views", "rules"):
        for path in sorted(folder.glob(f"{kind}/*.sql")):
            _, head, body = re.split(r"/\*---|---\*/", path.read_text("utf-8"), maxsplit=2)
            getattr(pipeline, kind)[path.stem] = Sql(path.stem, yaml.safe_load(head), body.strip())
    for path in sorted(folder.glob("codes/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        # Parameters of the child stand before those of its parent; other lists replace.
        old = pipeline.codes.get(path.stem, []) if path.stem == "param" else []
        pipeline.codes[path.stem] = rows + old
    return pipeline


def words(*sql: object) -> set[str]:
    return {w for text in sql for w in re.findall(r"\w+", str(text))}


def needed(pipeline: Pipeline) -> dict[str, set[str]]:
    """Words that stand where a table is read (in its bracket of the SQL); columns of other names are not asked for."""
    out: dict[str, set[str]] = {name: set() for name in pipeline.tables}
    policy = pipeline.settings.get("waivers")
    if policy:
        out[policy["table"]] |= set(policy.values())
    for view in pipeline.views.values():
        body = re.sub(r"--[^\n]*", "", view.body)
        for found in re.finditer(r"\b(?:FROM|JOIN)\s+(\w+)\b", body):
            if found[1] in out:
                start, depth = found.start(), 0
                while start > 0 and depth >= 0:
                    start -= 1
                    depth += {")": 1, "(": -1}.get(body[start], 0)
                end, depth = found.end(), 0
                while end < len(body) and depth >= 0:
                    depth += {"(": 1, ")": -1}.get(body[end], 0)
                    end += 1
                block = body[start:end]
                if re.search(r"SELECT\s+\*|\w\.\*", block) and depth < 0:
                    block += " " + " ".join(c["name"] for c in pipeline.tables[found[1]]["columns"])
                out[found[1]] |= words(block)
    return out


def asked(pipeline: Pipeline, name: str) -> set[str]:
    """Words of all that reads a view: its rules, and views over it."""
    rules = [r for r in pipeline.rules.values() if r.head["over"] == name]
    views = [v.body for v in pipeline.views.values() if re.search(rf"\b(FROM|JOIN)\s+{name}\b", v.body)]
    return words(*(r.body for r in rules), *(r.head for r in rules), pipeline.views[name].head, *views)


def pattern(text: str) -> re.Pattern:
    """The file names of a feed: `医保结算_{period:%Y%m}*.{csv,zip}`."""
    out = ""
    for part in re.split(r"(\*|\{[^}]*\})", text):
        if part == "*":
            out += ".*"
        elif part.startswith("{period:"):
            out += "(?P<period>" + {"%Y": r"\d{4}", "%Y%m": r"\d{6}", "%Y%m%d": r"\d{8}"}[part[8:-1]] + ")"
        elif part in ("{part}", "{_part}", "{part_}", "{-part}"):
            out += {"{part}": r"[^_]+?", "{_part}": r"(?:_[^_]+?)?", "{part_}": r"(?:[^_]+?_)?", "{-part}": r"(?:-[^_]+?)?"}[part]
        elif part.startswith("{"):
            out += "(?:" + "|".join(map(re.escape, part[1:-1].split(","))) + ")"
        else:
            out += re.escape(part)
    return re.compile(out)


def last_day(period: str) -> date:
    """Of a year, a month or a day, as file names write it."""
    year, month = int(period[:4]), int(period[4:6] or 12)
    return date(year, month, int(period[6:]) if period[6:] else monthrange(year, month)[1])
