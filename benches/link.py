#!/usr/bin/env python3
"""How well rows are linked to persons: bidui beside joins on the ID, on synthetic extracts with errors."""

import argparse
import json
import re
import shutil
import subprocess
from pathlib import Path

import measure

HERE = Path(__file__).resolve().parent
PIPELINE = HERE.parent / "pipelines/gansu"
# Name, errors, counties: as in docs/identity.md.
WORLDS = {"usual": ("usual", ""), "heavy": ("heavy", ""), "dense": ("usual", "620102")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--people", type=int, default=20000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--feeds", nargs="+", default=["resident", "poverty_member", "insured", "disease_reg", "inpatient"],
                        help="the master and the departments to link; the others are not delivered")
    parser.add_argument("--pipeline", type=Path, default=PIPELINE)
    parser.add_argument("--date", default="2026-11-10")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-link"))
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    results = [one(args, world, seed) for world in args.worlds for seed in args.seeds]
    (args.work / "link.json").write_text(json.dumps(results, ensure_ascii=False, indent=1))
    print("| world | seed | rows | method | precision | recall | F1 | wrong | missed | pairs | identify: CPU s | a million pairs | peak MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for result in results:
        for rows in ("all", "bad_id"):
            for method in ("raw", "canonical", "night"):
                line(result, rows, method)
    for kind in ("classes", "groups"):
        print(f"\n| {kind} | " + " | ".join(f"{r['world']} {r['seed']}: recall (pairs)" for r in results) + " |")
        print("|---" * (len(results) + 1) + "|")
        for name in sorted({n for r in results for n in r["scores"][kind]}):
            cells = [r["scores"][kind].get(name, {}).get("night") for r in results]
            print(f"| {name} | " + " | ".join(f"{rates(c)[1]:.4f} ({c['right'] + c['missed']})" if c else "" for c in cells) + " |")


def line(result: dict, rows: str, method: str) -> None:
    pairs = result["scores"][rows][method]
    precision, recall, f1 = rates(pairs)
    name = {"raw": "raw ID join", "canonical": "canonical ID join", "night": "bidui"}[method]
    linked = pairs["right"] + pairs["missed"]
    cost = " |  |  | "
    if method == "night" and rows == "all":
        cost = f"{linked} | {result['cpu_s']:.1f} | {1e6 * result['cpu_s'] / linked:.1f} | {result['peak_mib']:.0f}"
    print(f"| {result['world']} | {result['seed']} | {rows} | {name} | {precision:.5f} | {recall:.5f} | {f1:.5f} | "
          f"{pairs['wrong']} | {pairs['missed']} | {cost} |")


def rates(pairs: dict) -> tuple[float, float, float]:
    right = pairs["right"]
    precision = right / max(right + pairs["wrong"], 1)
    recall = right / max(right + pairs["missed"], 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def one(args: argparse.Namespace, world: str, seed: int) -> dict:
    errors, counties = WORLDS[world]
    name = f"{world}-{args.people}-{seed}"
    extracts, lake = args.work / f"extracts-{name}", args.work / f"lake-{name}"
    for folder in (extracts, lake):
        shutil.rmtree(folder, ignore_errors=True)
    fake = [args.bidui, "fake", args.pipeline, "--people", args.people, "--seed", seed, "--errors", errors,
            "--plant-rate", 0, "--date", args.date, "--out", extracts, "-q"]
    measure.run(fake + (["--counties", counties] if counties else []))
    wanted = [begin(args.pipeline / "feeds" / f"{feed}.yaml") for feed in args.feeds]
    for path in (extracts / args.date).iterdir():
        if not path.name.startswith(tuple(wanted)):
            path.unlink()
    run = [args.bidui, "run", args.pipeline, "--input", extracts, "--lake", lake, "--date", args.date, "-q", "--stages"]
    measure.run(run)
    # Once more with the deliveries known: the peak is then that of identity.
    for gone in ("nights", "current", "staging"):
        path = lake / gone
        path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    for ledger in lake.glob("ledger*"):
        ledger.unlink()
    cost = measure.run(run)
    truth = [args.bidui, "truth", args.pipeline, "--lake", lake, "--truth", extracts / "truth", "--links", "--json"]
    scores = json.loads(subprocess.run([str(a) for a in truth], check=True, capture_output=True, text=True).stdout)
    return {"world": world, "seed": seed, "scores": scores, "cost": cost, **cost["stages"]["identify"]}


def begin(feed: Path) -> str:
    """The beginning of the names of a feed's files."""
    pattern = re.search(r"^files:\s*\"?([^\"\n]+)", feed.read_text(), re.M)
    return re.split(r"[{*\[]", pattern[1])[0]


if __name__ == "__main__":
    main()
