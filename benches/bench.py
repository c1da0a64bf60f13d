#!/usr/bin/env python3
"""All benches, one after the other: tables to stdout, one JSON with every run, the machine, versions and the commit.

--smoke is for CI: small, no times asserted; ends with 1 when a part does not run or the tools do not agree.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import measure

HERE = Path(__file__).resolve().parent
PARTS = {
    "night": "A night with all feeds",
    "small": "A night of the small job: eight feeds of CSV, 30 rules over persons",
    "rules": "30, 100, 300 rules",
    "changed": "A night when little changed",
    "receive": "Receiving",
    "start": "Start",
}


def commands(part: str, args: argparse.Namespace) -> list:
    """The script of a part and its arguments."""
    people = ["--people", args.people, "--runs", args.runs]
    strict = ["--strict"] if args.smoke else []
    tight = ["--duckdb-memory", args.duckdb_memory] if args.duckdb_memory else []
    return {
        "night": ["night.py", *people, *strict, *tight],
        "small": ["night.py", *people, *strict, *tight, "--pipeline", args.work / "small-pipelines/small"],
        "rules": ["rules.py", *people, *strict, *(["--counts", "30,100"] if args.smoke else [])],
        "changed": ["changed.py", *people, *strict],
        "receive": ["receive.py", "--rows", args.rows, "--runs", args.runs, *(["--formats", "csv utf-8", "xlsx"] if args.smoke else [])],
        "start": ["start.py", "--runs", 2 if args.smoke else 20],
    }[part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--rows", type=int, help="of the feed that is received in all formats [default: as many as people, at most 1,000,000]")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts of {','.join(PARTS)}")
    parser.add_argument("--duckdb-memory", help="DuckDB's memory limit in a night, such as 16GB [default: its own]")
    parser.add_argument("--smoke", action="store_true", help="asserts that all runs and agrees, not how long it takes")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-bench"))
    args = parser.parse_args()
    args.rows = args.rows or min(args.people, 1_000_000)
    chosen = args.only.split(",")
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}")
    where = measure.machine(args.bidui)
    args.work.mkdir(parents=True, exist_ok=True)
    if "small" in chosen:
        subprocess.run([sys.executable, HERE / "small_job.py", "--work", args.work], check=True, stdout=subprocess.DEVNULL)
    results: dict = {"machine": where, "people": args.people, "runs": args.runs, "smoke": args.smoke, "parts": {}}
    failed = []
    for part in (p for p in PARTS if p in chosen):
        begin = time.perf_counter()
        script, *rest = commands(part, args)
        command = [sys.executable, HERE / script, "--bidui", args.bidui, "--work", args.work, *rest]
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True)
        # The last line of a part is where its JSON lies.
        *lines, path = done.stdout.rstrip().split("\n")
        print(f"## {PARTS[part]}\n\n" + "\n".join(lines).strip() + "\n", flush=True)
        if path.endswith(".json"):
            results["parts"][part] = json.loads(Path(path).read_text())
        if done.returncode != 0:
            failed.append(part)
        print(f"{part}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    measure.same(args.bidui, where)
    path = args.work / f"bench-{args.people}.json"
    path.write_text(json.dumps(results | {"failed": failed}, ensure_ascii=False, indent=1))
    print(path)
    if failed:
        sys.exit(f"not well: {', '.join(failed)}")


if __name__ == "__main__":
    main()
