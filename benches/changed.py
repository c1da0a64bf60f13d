#!/usr/bin/env python3
"""What a night costs when little changed: one row in a hundred of every snapshot is other, one person in a hundred has new events.

The extracts are UTF-8 CSV in one file for each feed (jobs.plain), so that they can be edited: the snapshots come again, of the
append feeds a further period comes with nothing but the new rows. What receiving costs is a run less a run that knows the
deliveries. At the end all of it goes into an empty lake at once: the same anomalies must come out.
"""

import argparse
import csv
import io
import json
import re
import shutil
import sys
import zlib
from datetime import date, timedelta
from pathlib import Path

import jobs
import measure
from duck import contract, extracts
from rules import forget

FIRST, SECOND, THIRD = (str(date(2026, 11, 10) + timedelta(days=n)) for n in range(3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--small", action="store_true", help="the eight feeds of the small job instead of all")
    parser.add_argument("--errors", default="none", help="errors of departments: none, usual, heavy")
    parser.add_argument("--one-in", type=int, default=100, help="the share of rows and persons")
    parser.add_argument("--strict", action="store_true", help="end with 1 when the anomalies differ from a night from nothing")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-bench"))
    args = parser.parse_args()

    where = measure.machine(args.bidui)
    name = "small" if args.small else "plain"
    folder, input_ = args.work / "changed-pipelines", args.work / f"extracts-changed-{name}-{args.people}-{args.seed}"
    args.work.mkdir(parents=True, exist_ok=True)
    child = jobs.small(folder) if args.small else jobs.plain(folder)
    shutil.rmtree(input_, ignore_errors=True)
    measure.run([args.bidui, "fake", child, "--people", args.people, "--seed", args.seed, "--errors", args.errors,
                 "--date", FIRST, "--out", input_, "-q"])
    told = deliver(contract.read(child), input_ / FIRST, input_ / SECOND, args.one_in)
    sizes = [measure.warm(input_ / day) for day in (FIRST, SECOND)]
    runs = []
    for number in range(args.runs):
        runs.append(one(args, child, input_))
        print(f"run {number + 1}: {runs[-1]}", file=sys.stderr)
    measure.same(args.bidui, where)
    same = all(r.pop("same") for r in runs)
    medians = {k: measure.median([r[k] for r in runs]) for k in runs[0]}
    path = args.work / f"changed-{name}-{args.people}.json"
    result = {"pipeline": name, "people": args.people, "seed": args.seed, "bytes": sizes, "told": told, "same": same, "machine": where,
              "medians": medians, "runs": runs}
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1))
    report(result, args.runs)
    print(f"\n{path}")
    if args.strict and not same:
        sys.exit(1)


def deliver(pipeline: contract.Pipeline, first: Path, second: Path, one_in: int) -> dict:
    """Writes the second night's extracts; rows and changed or new rows of each feed."""
    second.mkdir()
    patterns = {f: contract.pattern(spec["files"]) for f, spec in pipeline.feeds.items()}
    told = {}
    for path in sorted(first.iterdir()):
        feed_id = next(f for f, p in patterns.items() if p.fullmatch(path.name))
        feed = pipeline.feeds[feed_id]
        info = extracts.inspect(path, feed)
        append = feed["delivery"]["kind"] == "append"
        name = re.sub(r"\d{6}(?=\.csv)", "202611", path.name) if append else path.name
        with path.open(encoding="utf-8-sig", newline="") as source, (second / name).open("w", encoding="utf-8", newline="") as target:
            for _ in range(info["skip"]):
                target.write(source.readline())
            work = news if append else changes
            told[feed_id] = work(pipeline, feed, info, source, target, one_in)
    return told


def cells(line: str, info: dict) -> list[str] | None:
    """The cells of a line that is whole."""
    row = next(csv.reader([line.rstrip("\r\n")], delimiter=info["delimiter"]), []) if line.count('"') % 2 == 0 else []
    return row if len(row) == info["width"] else None


def write(row: list[str], info: dict) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=info["delimiter"], lineterminator="\n").writerow(row)
    return out.getvalue()


def changes(pipeline: contract.Pipeline, feed: dict, info: dict, source, target, one_in: int) -> dict:
    """All rows; in each hundredth one value is that of an earlier row. Keys and what names a person stay."""
    table = pipeline.tables[feed["table"]]
    fixed = {*table.get("key", []), *(table.get("person") or {}).values()}
    kinds = {c["name"]: c["type"] for c in table["columns"]}
    places = [at for to, at in info["bound"].items() if to in kinds and to not in fixed and kinds[to] not in ("text", "name", "citizen_id")]
    before: dict[int, str] = {}
    count = changed = 0
    for count, line in enumerate(source, 1):
        if count % one_in == one_in // 2 and (row := cells(line, info)):
            order = places[count // one_in % max(len(places), 1):] + places[:count // one_in % max(len(places), 1)]
            at = next((p for p in order if row[p] and before.get(p, row[p]) != row[p]), None)
            old = list(row)
            if at is not None:
                row[at] = before[at]
                line = write(row, info)
                changed += 1
            before |= {p: old[p] for p in places if old[p]}
        target.write(line)
    return {"kind": "snapshot", "rows": count, "changed": changed}


def news(pipeline: contract.Pipeline, feed: dict, info: dict, source, target, one_in: int) -> dict:
    """For each hundredth person one row more, with a number of its own."""
    table = pipeline.tables[feed["table"]]
    person = info["bound"].get((table.get("person") or {}).get("id"))
    own = next((k for k in table.get("key", []) if k not in ("org_code",)), None)
    seen: set[str] = set()
    count = 0
    for count, line in enumerate(source, 1):
        row = cells(line, info)
        who = row[person if person is not None else 0] if row else ""
        if who and who not in seen and zlib.crc32(who.encode()) % one_in == 0:
            seen.add(who)
            if own:
                row[info["bound"][own]] += "N"
            target.write(write(row, info))
    return {"kind": "append", "rows": count, "new": len(seen)}


def one(args: argparse.Namespace, child: Path, input_: Path) -> dict:
    """All nights once; their costs."""
    lake, kept = args.work / "changed-lake", args.work / "changed-kept"
    for gone in (lake, kept):
        shutil.rmtree(gone, ignore_errors=True)
    night = lambda day, *more: measure.run([args.bidui, "run", child, "--input", input_, "--lake", lake, "--date", day, "-q", "--stages", *more])  # noqa: E731
    cost = {"first": night(FIRST)}
    forget(lake)
    cost["first, deliveries known"] = night(FIRST)
    cost["first again, nothing new"] = night(FIRST)
    # What the second night finds must be there once more when it is run again with its deliveries known.
    kept.mkdir()
    for ledger in lake.glob("ledger*"):
        shutil.copy2(ledger, kept)
    current = (lake / "current").readlink()
    cost["changed"] = night(SECOND)
    found = anomalies(lake)
    for gone in [*(lake / "nights").glob(f"{SECOND}-*"), *lake.glob("ledger*"), lake / "current"]:
        shutil.rmtree(gone) if gone.is_dir() and not gone.is_symlink() else gone.unlink()
    for ledger in kept.iterdir():
        shutil.copy2(ledger, lake)
    (lake / "current").symlink_to(current)
    cost["changed, deliveries known"] = night(SECOND)
    same = anomalies(lake) == found
    # After breakfast an extract comes again, with its last row once more.
    path = plain(contract.read(child), input_ / SECOND)
    sent = path.read_bytes()
    path.write_bytes(sent + sent.splitlines(keepends=True)[-1])
    cost["changed again, a correction"] = night(SECOND)
    same = same and anomalies(lake) == found
    cost["next night, nothing new"] = night(THIRD)
    shutil.rmtree(lake)
    cost["both from nothing"] = night(SECOND, "--only")
    path.write_bytes(sent)
    return cost | {"same": same and anomalies(lake) == found and bool(found)}


def plain(pipeline: contract.Pipeline, folder: Path) -> Path:
    """The smallest extract that names no persons, else the smallest of all."""
    feeds = [f for f in pipeline.feeds.values() if pipeline.tables[f["table"]]["grain"] != "person"]
    patterns = [contract.pattern(feed["files"]) for feed in feeds]
    return min(folder.iterdir(), key=lambda p: (not any(q.fullmatch(p.name) for q in patterns), p.stat().st_size, p.name))


def anomalies(lake: Path) -> set[tuple[str, ...]]:
    """What is wrong on the current night. What the night before had and this one cleared, a night from nothing cannot know."""
    with (lake / "current" / "anomalies.csv").open(encoding="utf-8-sig", newline="") as file:
        return {(r["rule"], r["subject"], r["message"]) for r in csv.DictReader(file) if r["state"] != "cleared"}


def report(result: dict, runs: int) -> None:
    m, told = result["medians"], result["told"].values()
    sums = [sum(t.get(k, 0) for t in told) for k in ("rows", "changed", "new")]
    print(f"{result['pipeline']}, {result['people']} people, {sums[0]} rows, {result['bytes'][0] / 1e6:.1f} MB; then {sums[1]} rows of snapshots "
          f"changed and {sums[2]} new ones, {result['bytes'][1] / 1e6:.1f} MB; median of {runs}\n{measure.say(result['machine'])}\n")
    rows = [["", "wall s", "CPU s", "peak MiB", "CPU of the full night"]]
    full = max(m["first"]["cpu_s"], 0.01)
    line = lambda name, wall, cpu, peak="": rows.append([name, f"{wall:.2f}", f"{cpu:.2f}", peak, f"{cpu / full:.2f}"])  # noqa: E731
    for night, title in (("first", "full night"), ("changed", "changed night")):
        whole, rest = m[night], m[f"{night}, deliveries known"]
        line(title, whole["wall_s"], whole["cpu_s"], whole["peak_mib"])
        line("– receiving", whole["wall_s"] - rest["wall_s"], whole["cpu_s"] - rest["cpu_s"])
        line("– the rest", rest["wall_s"], rest["cpu_s"], rest["peak_mib"])
    for name in ("first again, nothing new", "changed again, a correction", "next night, nothing new", "both from nothing"):
        line(name, m[name]["wall_s"], m[name]["cpu_s"], m[name]["peak_mib"])
    print(measure.table(rows))
    full, known = (result["runs"][-1][night]["stages"] for night in ("first", "changed, deliveries known"))
    costs = [[stage, cost["cpu_s"], known[stage]["cpu_s"]] for stage, cost in full.items()]
    print("\n" + measure.table([["CPU s by stage, last run", "full night", "changed night, deliveries known"], *costs]))
    print(f"\nthe changed night and the one from nothing have {'the same' if result['same'] else 'OTHER'} anomalies")


if __name__ == "__main__":
    main()
