#!/usr/bin/env python3
"""What a night costs with 30, 100 and 300 rules over the same views, in bidui and in DuckDB.

The rules are real ones and variants of them (jobs.variants): other thresholds, inside the guard of another rule, and where
another rule is not true. Each run of bidui is a whole night into an empty lake, and the same night with its deliveries known.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import jobs
import measure
import night
from duck import contract

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--counts", type=lambda t: [int(n) for n in t.split(",")], default=[30, 100, 300], help="rules: 30,100,300")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--date", default="2026-11-10")
    parser.add_argument("--strict", action="store_true", help="end with 1 when the tools differ or a view is scanned twice")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-bench"))
    args = parser.parse_args()

    where = measure.machine(args.bidui)
    args.work.mkdir(parents=True, exist_ok=True)
    child = jobs.copy(args.work / "rules-pipelines")
    folders = {n: jobs.with_rules(child, n) for n in args.counts}
    for folder in folders.values():
        measure.run([args.bidui, "check", folder])
    extracts = args.work / f"extracts-rules-{args.people}-{args.seed}"
    shutil.rmtree(extracts, ignore_errors=True)
    measure.run([args.bidui, "fake", child, "--people", args.people, "--seed", args.seed, "--date", args.date, "--out", extracts, "-q"])
    measure.warm(extracts / args.date)
    results = {n: {"whole": [], "known": [], "duckdb": [], "judge": []} for n in args.counts}
    for number in range(args.runs):
        for n in args.counts if number % 2 == 0 else args.counts[::-1]:
            one(args, folders[n], extracts, n, results[n])
            print(f"run {number + 1}, {n} rules: {[results[n][k][-1] for k in ('whole', 'known', 'duckdb')]}", file=sys.stderr)
    measure.same(args.bidui, where)
    for result in results.values():
        result["medians"] = {k: measure.median(result[k]) for k in ("whole", "known", "duckdb", "judge")}
    path = args.work / f"rules-{args.people}.json"
    path.write_text(json.dumps({"people": args.people, "seed": args.seed, "machine": where, "rules": results}, ensure_ascii=False, indent=1))
    report(args, where, results)
    print(f"\n{path}")
    if args.strict and any(r["different"] or r["scans"] != 1 for r in results.values()):
        sys.exit(1)


def one(args: argparse.Namespace, folder: Path, extracts: Path, n: int, result: dict) -> None:
    """A whole night, the night with its deliveries known, and DuckDB's night."""
    lake, out = args.work / "rules-lake", args.work / "rules-duckdb"
    for gone in (lake, out):
        shutil.rmtree(gone, ignore_errors=True)
    run = [args.bidui, "run", folder, "--input", extracts, "--lake", lake, "--date", args.date, "-q"]
    result["whole"].append(measure.run(run))
    forget(lake)
    result["known"].append(measure.run(run))
    result["duckdb"].append(measure.run([sys.executable, HERE / "duckdb_night.py", "--pipeline", folder, "--input", extracts,
                                         "--date", args.date, "--out", out]))
    result["judge"].append(json.loads((out / "stages.json").read_text())["judge"])
    done = next((lake / "nights").iterdir())
    summary = json.loads((done / "summary.json").read_text())
    pipeline = contract.load(folder)
    judged = {r.head["over"] for r in pipeline.rules.values()}
    result["scans"] = max(v["scans"] for v in summary["views"] if v["view"] in judged)
    result["not_run"] = sum(r["rule"] in pipeline.rules and r["not_run"] is not None for r in summary["rules"])
    compared = night.compare(pipeline, done, out)
    result["anomalies"] = sum(v["bidui"] for v in compared.values())
    result["different"] = night.differing(compared)


def forget(lake: Path) -> None:
    """Leaves only the deliveries."""
    for gone in ("nights", "current", "staging"):
        path = lake / gone
        path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    for ledger in lake.glob("ledger*"):
        ledger.unlink()


def report(args: argparse.Namespace, where: dict, results: dict) -> None:
    print(f"{args.people} people, median of {args.runs}; {measure.say(where)}\n")
    rows = [["rules", "anomalies", "bidui CPU s", "×", "deliveries known, CPU s", "×", "scans of a view", "DuckDB CPU s", "×",
             "of it judging", "equal rules"]]
    first = results[args.counts[0]]["medians"]
    for n, r in results.items():
        m, cells = r["medians"], []
        for kind in ("whole", "known", "duckdb"):
            cells.append([m[kind]["cpu_s"], f"{m[kind]['cpu_s'] / max(first[kind]['cpu_s'], 0.01):.2f}"])
        rows.append([n, r["anomalies"], *cells[0], *cells[1], r["scans"], *cells[2], m["judge"]["cpu_s"], f"{n - len(r['different'])} of {n}"])
    print(measure.table(rows))
    for n, r in results.items():
        if r["different"]:
            print(f"\ndifferent of {n}: {', '.join(r['different'])}")


if __name__ == "__main__":
    main()
