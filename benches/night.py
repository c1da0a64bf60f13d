#!/usr/bin/env python3
"""Times one night in bidui and in DuckDB on the same extracts, and holds their anomalies together."""

import argparse
import collections
import csv
import hashlib
import hmac
import json
import os
import shutil
import sys
from pathlib import Path

import duckdb

import measure
from duck import contract

HERE = Path(__file__).resolve().parent
CHECK, WEIGHTS = "10X98765432", [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirt", default="1", help="0 clean, 1 as dirty as usual")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--pipeline", type=Path, default=HERE.parent / "pipelines/gansu")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-bench"))
    parser.add_argument("--date", default="2026-11-10")
    parser.add_argument("--duckdb-memory", help="DuckDB's memory limit, such as 16GB [default: its own]")
    parser.add_argument("--strict", action="store_true", help="end with 1 when a rule is not equal")
    parser.add_argument("--skip-fake", action="store_true", help="take the extracts of an earlier run")
    args = parser.parse_args()

    where = measure.machine(args.bidui)
    name = f"{args.people}-{args.seed}-{args.dirt}"
    if args.pipeline.name != "gansu":
        name = f"{args.pipeline.name}-{name}"
    extracts, lake, out = (args.work / f"{kind}-{name}" for kind in ("extracts", "lake", "duckdb"))
    args.work.mkdir(parents=True, exist_ok=True)
    if not (args.skip_fake and extracts.is_dir()):
        shutil.rmtree(extracts, ignore_errors=True)
        measure.run([args.bidui, "fake", args.pipeline, "--people", args.people, "--seed", args.seed,
                     "--dirt", args.dirt, "--date", args.date, "--out", extracts, "-q"])
    files = list((extracts / args.date).iterdir())
    size = measure.warm(extracts / args.date)
    commands = {
        "bidui": [args.bidui, "run", args.pipeline, "--input", extracts, "--lake", lake, "--date", args.date, "-q",
                  "--stages"],
        "duckdb": [sys.executable, HERE / "duckdb_night.py", "--pipeline", args.pipeline, "--input", extracts,
                   "--date", args.date, "--out", out],
    }
    if args.duckdb_memory:
        commands["duckdb"] += ["--memory", args.duckdb_memory]
    runs: dict[str, list] = {tool: [] for tool in commands}
    stages = []
    for number in range(args.runs):
        # Interleaved, and in turn first: what the machine does besides hits both.
        for tool in sorted(commands, reverse=number % 2 == 1):
            shutil.rmtree(lake if tool == "bidui" else out, ignore_errors=True)
            runs[tool].append(measure.run(commands[tool]))
            print(f"run {number + 1} {tool}: {runs[tool][-1]}", file=sys.stderr)
        stages.append(json.loads((out / "stages.json").read_text()))

    measure.same(args.bidui, where)
    night = next((lake / "nights").iterdir())
    rows = sum(f["rows"] for f in json.loads((night / "summary.json").read_text())["feeds"])
    rules = compare(contract.load(args.pipeline), night, out)
    medians = {tool: measure.median(r) for tool, r in runs.items()}
    result = {"pipeline": args.pipeline.name, "people": args.people, "seed": args.seed, "dirt": args.dirt, "rows": rows, "files": len(files), "bytes": size,
              "machine": where, "medians": medians, "runs": runs, "duckdb_stages": stages, "rules": rules}
    path = args.work / f"night-{name}.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1))
    report(result, path)
    if args.strict and (differing(rules) or not any(v["bidui"] for v in rules.values())):
        sys.exit(1)


def compare(pipeline: contract.Pipeline, night: Path, out: Path) -> dict:
    """For each rule: numbers of both, and whether they name the same subjects and the same counties."""
    secret = pipeline.settings["identity"]["secret"]
    key = os.environ.get(secret["env"]) or secret["demo"]
    own, other = collections.defaultdict(set), collections.defaultdict(list)
    with (night / "anomalies.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            own[row["rule"]].add(row["subject"].lstrip("'"))
    for rule, subject in duckdb.sql(f"SELECT rule, subject FROM '{out}/anomalies.parquet'").fetchall():
        person = pipeline.rules[rule].head["over"] == "person"
        other[rule].append(person_key(int(subject), key) if person else subject)
    with (night / "counts.csv").open(encoding="utf-8-sig", newline="") as file:
        counties = {(r["rule"], r["county"]): (int(r["applicable"]), int(r["violated"])) for r in csv.DictReader(file)
                    if int(r["applicable"]) > 0}
    theirs = {(r, c): (a, v) for r, c, a, v in duckdb.sql(f"SELECT rule, county, applicable, violated FROM '{out}/counts.parquet'").fetchall()}
    result = {}
    for rule in sorted(pipeline.rules):
        known = {s for s in other[rule] if s}
        nameless = len(other[rule]) - len(known)
        pick = lambda counts: {c: v for (r, c), v in counts.items() if r == rule}  # noqa: E731
        result[rule] = {
            "bidui": len(own[rule]), "duckdb": len(other[rule]),
            # A person without an ID has a key of its own making in each; these can only be counted.
            "same_subjects": known <= own[rule] and len(own[rule] - known) == nameless,
            "same_counties": pick(counties) == pick(theirs),
        }
    return result


def differing(rules: dict) -> list[str]:
    return [r for r, v in rules.items() if v["bidui"] != v["duckdb"] or not v["same_subjects"] or not v["same_counties"]]


def person_key(key: int, secret: str) -> str | None:
    """bidui's key of a person whom DuckDB knows by the first 17 digits of the ID."""
    if key < 0:
        return None
    first = f"{key:017}"
    citizen = first + CHECK[sum(int(d) * w for d, w in zip(first, WEIGHTS)) % 11]
    digest = hmac.new(secret.encode(), b"id|" + citizen.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') & (2**63 - 1):016x}"


def report(result: dict, path: Path) -> None:
    print(f"{result['pipeline']}, {result['people']} people, {result['rows']} rows, {result['files']} files, {result['bytes'] / 1e6:.1f} MB, "
          f"dirt {result['dirt']}, median of {len(result['runs']['bidui'])}\n{measure.say(result['machine'])}\n")
    rows = [["", "wall s", "CPU s", "peak MiB", "rows/s"]]
    for tool, cost in result["medians"].items():
        rows.append([tool, cost["wall_s"], cost["cpu_s"], round(cost["peak_mib"]), round(result["rows"] / cost["wall_s"])])
    print(measure.table(rows), "\n")
    last = result["runs"]["bidui"][-1]["stages"]
    print(measure.table([["stage of bidui's last run", "wall s", "CPU s", "peak MiB so far"]] + [[name, *cost.values()] for name, cost in last.items()]), "\n")
    different = {r: result["rules"][r] for r in differing(result["rules"])}
    total = sum(v["bidui"] for v in result["rules"].values())
    print(f"{len(result['rules']) - len(different)} of {len(result['rules'])} rules equal (numbers, subjects, counties); {total} anomalies")
    if different:
        print(measure.table([["rule", "bidui", "DuckDB", "same subjects", "same counties"]] + [[r, *v.values()] for r, v in different.items()]))
    print(f"\n{path}")


if __name__ == "__main__":
    main()
