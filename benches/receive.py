#!/usr/bin/env python3
"""Times how fast bidui reads one feed and takes it in, format by format, beside DuckDB on the same UTF-8 CSV and Parquet.

Reading is `bidui try`, less the same for a handful of rows: decoding, cells, types, keys, quarantine, repeated rows.
Taking in is a whole run, less a second run that knows the delivery already and does all the rest again: reading, and the
durable file of typed rows.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import pyarrow.parquet
import yaml

import measure

HERE = Path(__file__).resolve().parent
FEED = "insured"
# People of extracts that only show what it costs to start.
HANDFUL = 20
# Bytes of the 18 columns of the feed, in their order.
WIDTHS = [20, 36, 60, 12, 24, 10, 40, 40, 24, 24, 24, 24, 20, 20, 40, 20, 20, 20]
FORMATS = {
    "csv utf-8": ("csv", "csv", "utf-8"),
    "csv gb18030": ("csv", "csv", "gb18030"),
    "csv utf-16": ("csv", "csv", "utf-16le"),
    "xlsx": ("xlsx", "xlsx", None),
    "ndjson": ("ndjson", "ndjson", None),
    "parquet": ("parquet", "parquet", None),
    "parquet plain": ("parquet", "parquet", None),
    "fixed": ("fixed", "txt", "gb18030"),
}


def pipelines(source: Path, target: Path, kind: str, suffix: str, encoding: str | None) -> Path:
    """A copy of the pipelines in which the feed comes in another format and no other feed comes."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    child = target / "gansu"
    for path in child.glob("feeds/*.yaml"):
        if path.stem != FEED:
            path.unlink()
    path = child / f"feeds/{FEED}.yaml"
    feed = yaml.safe_load(path.read_text("utf-8"))
    feed["files"] = f"参保信息_{{period:%Y%m}}*.{suffix}"
    feed["format"] = {"kind": kind} | ({"encoding": encoding} if encoding else {}) | ({"widths": WIDTHS} if kind == "fixed" else {})
    feed["fake"] = {"kind": kind, "split": "whole", "date": "%Y-%m-%d"} | ({"encoding": encoding} if encoding else {})
    path.write_text(yaml.safe_dump(feed, allow_unicode=True, sort_keys=False), "utf-8")
    return child


def bidui_receives(name: str, child: Path, folder: Path, args: argparse.Namespace) -> tuple[dict, list[Path]]:
    """What reading and taking in cost, and the files. The size of Parquet is that before compression."""
    bidui, people, runs = args.bidui, args.rows // 2, args.runs
    extracts, lake = folder / "extracts", folder / "lake"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fake = [bidui, "fake", child, "--dirt", args.dirt, "-q"]
    measure.run([*fake, "--people", people, "--out", extracts])
    measure.run([*fake, "--people", HANDFUL, "--out", folder / "handful"])
    files, few = (sorted((where / "2026-11-10").iterdir()) for where in (extracts, folder / "handful"))
    if name == "parquet plain":
        for path in (*files, *few):
            pyarrow.parquet.write_table(pyarrow.parquet.read_table(path), path, use_dictionary=False, compression="zstd")
    size = sum(len(f.read_bytes()) for f in files)
    tried = [bidui, "try", "--pipeline", child, "-o", "json"]
    read, start = (measure.median([measure.run([*tried, *of]) for _ in range(runs)]) for of in (files, few))
    run = [bidui, "run", child, "--input", extracts, "--lake", lake, "-q"]
    wholes, rests = [], []
    for _ in range(runs):
        shutil.rmtree(lake, ignore_errors=True)
        wholes.append(measure.run(run))
        receipt = json.loads(next(lake.glob(f"deliveries/{FEED}/*/receipt.json")).read_text())
        shutil.rmtree(lake / "nights")
        (lake / "current").unlink()
        rests.append(measure.run(run))
    whole, rest = measure.median(wholes), measure.median(rests)
    cost = {"bytes": size, "rows": receipt["rows"], "read": less(read, start), "take in": less(whole, rest)}
    if files[0].suffix == ".parquet":
        groups = pyarrow.parquet.ParquetFile(files[0]).metadata
        cost["bytes"] = sum(groups.row_group(i).total_byte_size for i in range(groups.num_row_groups))
    return cost, files


def less(a: dict, b: dict) -> dict:
    """What a run cost beyond another."""
    return {key: round(a[key] - b[key], 2) for key in ("wall_s", "cpu_s")}


# What DuckDB reads beside bidui, and how: types of CSV are sniffed, those of Parquet are the file's.
READERS = {"csv utf-8": "read_csv(?, store_rejects = true)", "parquet": "read_parquet(?)", "parquet plain": "read_parquet(?)"}
READ = """
import duckdb, sys
duckdb.sql("CREATE TABLE t AS FROM " + sys.argv[2], params=[sys.argv[1]])
"""
TYPED = """
import argparse, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import duckdb_night
args = argparse.Namespace(pipeline=Path(sys.argv[2]), input=Path(sys.argv[3]), date="2026-11-10", out=Path(sys.argv[4]), threads=0, keep=False)
night = duckdb_night.Night(args)
night.policy()
if sys.argv[5] == "load":
    night.receive()
else:
    night.pool.shutdown()
"""


def duckdb_receives(child: Path, folder: Path, file: Path, name: str, like: dict, runs: int) -> dict[str, dict]:
    """DuckDB's own reader; and the typing of duckdb_night.py, to the same contract."""
    python = [sys.executable, "-c"]
    middle = lambda command: measure.median([measure.run(command) for _ in range(runs)])  # noqa: E731
    start = middle([*python, "import duckdb; duckdb.sql('SELECT 1').fetchall()"])
    read = middle([*python, READ, file, READERS[name]])
    typed = [*python, TYPED, HERE, child, folder / "extracts", folder / "duckdb"]
    policy, load = middle([*typed, "policy"]), middle([*typed, "load"])
    of = {"bytes": like["bytes"], "rows": like["rows"]}
    return {f"DuckDB {name}, as it is": of | {"read": less(read, start)}, f"DuckDB {name}, typed to the contract": of | {"read": less(load, policy)}}


def speeds(cost: dict, what: str) -> list:
    """Seconds, and what one second of CPU is good for. A difference of two runs: below half a second it is noise."""
    if what not in cost:
        return ["-"] * 4
    wall, cpu = cost[what]["wall_s"], cost[what]["cpu_s"]
    return [wall, cpu, *(f"{cost[k] / cpu / unit:.{n}f}" if cpu >= 0.5 else "-" for k, unit, n in (("bytes", 1e6, 1), ("rows", 1, 0)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dirt", default="1")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--pipelines", type=Path, default=HERE.parent / "pipelines")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-bench"))
    parser.add_argument("--formats", nargs="*", default=list(FORMATS), choices=list(FORMATS))
    args = parser.parse_args()

    where = measure.machine(args.bidui)
    costs: dict[str, dict] = {}
    for name in args.formats:
        folder = args.work / f"receive-{name.replace(' ', '-')}"
        child = pipelines(args.pipelines, args.work / "receive-pipelines", *FORMATS[name])
        cost, files = bidui_receives(name, child, folder, args)
        costs[f"bidui {name}"] = cost
        if name in READERS:
            costs |= duckdb_receives(child, folder, files[0], name, cost, args.runs)
        print(f"{name}: {cost}", file=sys.stderr)
        shutil.rmtree(folder)
    shutil.rmtree(args.work / "receive-pipelines", ignore_errors=True)
    if measure.digest(args.bidui) != where["bidui_sha256"]:
        sys.exit("the binary was replaced while it was measured; run again")
    path = args.work / f"receive-{args.rows}.json"
    path.write_text(json.dumps({"feed": FEED, "dirt": args.dirt, "machine": where, "costs": costs}, ensure_ascii=False, indent=1))
    print(f"{where['cpu']}, {where['cores']} cores, load {where['load_before']}; {where['bidui']} ({where['bidui_path']}), DuckDB {where['duckdb']}\n")
    rows = [["", "MB", "rows", "read: wall s", "CPU s", "MB/CPU s", "rows/CPU s", "take in: wall s", "CPU s", "MB/CPU s", "rows/CPU s"]]
    for name, c in costs.items():
        rows.append([name, round(c["bytes"] / 1e6, 1), c["rows"], *speeds(c, "read"), *speeds(c, "take in")])
    print(measure.table(rows))
    print(f"\n{path}")


if __name__ == "__main__":
    main()
