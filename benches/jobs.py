"""Pipeline folders that benches are run on, made of the real ones: other formats, fewer feeds, other rules."""

import re
import shutil
from pathlib import Path

import yaml

from duck import contract

ROOT = Path(__file__).resolve().parent.parent / "pipelines"
BASE = "gansu"
# The feeds of the small job: the register, the list, the insurance with its bills, and what says who is ill, poor or dead.
FEW = ["resident", "poverty_member", "insured", "settlement", "inpatient", "disease_reg", "special_group", "death"]
# Thresholds are made stricter, so that more rules do not drown the night in findings.
ABOVE = ["1.10", "1.25", "1.50", "1.75", "2.00", "2.50", "3.00"]
BELOW = ["0.95", "0.90", "0.80", "0.75", "0.60", "0.50", "0.40"]
EXAMPLE = "# Made for a bench: no example.\nasof: 2026-11-10\ngiven: []\nexpect: []\n"


def plain(target: Path, feeds: list[str] | None = None, name: str = "plain") -> Path:
    """A copy of the base pipeline, in a folder of copies, whose feeds (or only these) come as UTF-8 CSV in one file each."""
    child = copy(target, name)
    for path in child.glob("feeds/*.yaml"):
        if feeds is not None and path.stem not in feeds:
            path.unlink()
            continue
        feed = yaml.safe_load(path.read_text("utf-8"))
        # One name: no part for each county, no other ending.
        name = re.sub(r"\{[_-]?part[_-]?\}", "", feed["files"])
        feed["files"] = re.split(r"\*?\.(?:\{|\w+$)", name)[0] + ".csv"
        feed["format"] = {"kind": "csv", "encoding": "utf-8"}
        feed["delivery"].pop("control_totals", None)
        day = "%Y-%m-%d" if "%H" not in str(feed.get("fake", {}).get("date")) else "%Y-%m-%d %H:%M:%S"
        feed["fake"] = {k: v for k, v in feed.get("fake", {}).items() if k == "no_dirt"}
        feed["fake"] |= {"kind": "csv", "encoding": "utf-8", "split": "whole", "date": day}
        path.write_text(yaml.safe_dump(feed, allow_unicode=True, sort_keys=False), "utf-8")
    return child


def copy(target: Path, name: str = BASE) -> Path:
    """The base pipeline and what it extends in a folder of their own, under another name."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / BASE, target / name)
    parent = yaml.safe_load((ROOT / BASE / "pipeline.yaml").read_text("utf-8"))["extends"]
    shutil.copytree(ROOT / parent, target / parent)
    return target / name


def small(target: Path, rules: int = 30) -> Path:
    """Eight feeds as plain CSV, the person view with what it reads, and some rules over it; no indicators, packs, bulletins."""
    child, parent = plain(target, FEW, "small"), target / "basic-medical"
    pipeline = contract.load(child)
    chosen = variants(pipeline, rules, lambda r: r.head["over"] == "person" and set(r.head["needs"]) <= {*FEW, "link"})
    for folder in ("indicators", "packs", "bulletins", "rules"):
        shutil.rmtree(parent / folder)
        shutil.rmtree(child / folder, ignore_errors=True)
    # What its own thresholds are for is gone.
    (child / "codes/param.csv").unlink()
    views = {path.stem: path for path in parent.glob("views/*.sql")}
    needed = read("person", views)
    for name, path in views.items():
        if name not in needed:
            path.unlink()
    kept = needed | set(FEW) | {pipeline.settings["waivers"]["table"]}
    for path in parent.glob("tables/*.yaml"):
        if path.stem not in kept:
            path.unlink()
    write_rules(child, chosen)
    return child


def read(view: str, views: dict[str, Path]) -> set[str]:
    """A view, what it reads, and what that reads."""
    found, open_ = {view}, [view]
    while open_:
        names = set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", views[open_.pop()].read_text("utf-8"))) - found
        found |= names
        open_ += names & views.keys()
    return found


def with_rules(child: Path, count: int) -> Path:
    """A pipeline beside this one that extends it, with so many rules instead of its own; a longer list begins with a shorter."""
    pipeline = contract.read(child)
    target = child.parent / f"rules-{count:03}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    settings = {"title": pipeline.settings["title"], "extends": child.name, "off": {r: "bench" for r in pipeline.rules}}
    (target / "pipeline.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    write_rules(target, variants(contract.load(child), count))
    return target


def write_rules(child: Path, rules: list[contract.Sql]) -> None:
    (child / "rules").mkdir(exist_ok=True)
    for rule in rules:
        head = yaml.safe_dump(rule.head, allow_unicode=True, sort_keys=False, width=10_000)
        (child / f"rules/{rule.id}.sql").write_text(f"/*---\n{head}---*/\n{rule.body}\n", "utf-8")
        (child / f"rules/{rule.id}.test.yaml").write_text(EXAMPLE, "utf-8")


def variants(pipeline: contract.Pipeline, count: int, fits=lambda rule: True) -> list[contract.Sql]:
    """Rules X001 …: the real ones as they are, then each with other thresholds, inside the guard of another rule over its
    view, and where another rule is not true. Guard, evidence and message stay those of the real rule."""
    views: dict[str, list] = {}
    for rule in pipeline.rules.values():
        if fits(rule):
            views.setdefault(rule.head["over"], []).append(rule)
    # However many are taken, every view has its share of them.
    place = {r.id: ((n + 0.5) / len(rules), r.id) for rules in views.values() for n, r in enumerate(rules)}
    bases = sorted((r for rules in views.values() for r in rules), key=lambda r: place[r.id])
    out: list[contract.Sql] = []
    seen: set[tuple[str, str]] = set()
    for step in range(10 * count):
        for base in bases:
            others = [r for r in views[base.head["over"]] if r.id != base.id] or [base]
            body, needs = vary(base, others[step % len(others)], step)
            key = (base.head["over"] + str(base.head.get("applies")), body)
            if body and key not in seen:
                seen.add(key)
                head = base.head | {"needs": needs}
                head.pop("alias", None)
                out.append(contract.Sql(f"X{len(out) + 1:03}", head, body))
            if len(out) == count:
                return out
    raise SystemExit(f"the rules of this pipeline have only {len(out)} variants, not {count}")


def vary(base: contract.Sql, other: contract.Sql, step: int) -> tuple[str, list[str]]:
    """The predicate of a variant, empty when there is none, and the tables that it needs."""
    body, own = bare(base.body), base.head["needs"]
    if step == 0:
        return body, own
    both = sorted({*own, *other.head["needs"]})
    scale = (BELOW if re.search(r"<=?\s*[\w\s*]*param", body) else ABOVE)[step // 3 % len(ABOVE)]
    scaled = re.sub(r"(param\('\w+', \w+, (?:\w+|yr\(\))\))", rf"(\1 * CAST({scale} AS DECIMAL(4,2)))", body)
    scaled = re.sub(r"(\w+) > (\d)\b", lambda m: f"{m[1]} > {int(m[2]) + step // 3 + 1}", scaled)
    kind = step % 3
    if kind == 1:
        return (scaled if scaled != body else ""), own
    if kind == 2:
        return f"({scaled if step > 3 else body}) AND ({bare(str(other.head.get('applies', 'true')))})", both
    return f"({scaled}) AND NOT ({bare(other.body)})", both


def bare(sql: str) -> str:
    """Without comments, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).strip()
