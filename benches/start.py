#!/usr/bin/env python3
"""How long bidui takes to start: its help, and the check of a pipeline; and how large the binary is."""

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import measure

HERE = Path(__file__).resolve().parent


def cost(command: list) -> tuple[float, float]:
    """Wall and CPU in milliseconds."""
    start = time.perf_counter()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command} ended with {child.returncode}")
    return (time.perf_counter() - start) * 1000, (usage.ru_utime + usage.ru_stime) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--pipeline", type=Path, default=HERE.parent / "pipelines/gansu")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-bench"))
    args = parser.parse_args()
    where = measure.machine(args.bidui)
    args.work.mkdir(parents=True, exist_ok=True)
    commands = {"--help": ["--help"], f"check {args.pipeline.name}": ["check", args.pipeline]}
    result: dict = {"machine": where, "bytes": args.bidui.stat().st_size, "ms": {}}
    rows = [["", "wall ms", "slowest", "CPU ms"]]
    for name, command in commands.items():
        cost([args.bidui, *command])
        runs = [cost([args.bidui, *command]) for _ in range(args.runs)]
        wall, cpu = ([r[n] for r in runs] for n in (0, 1))
        result["ms"][name] = {"wall": wall, "cpu": cpu}
        rows.append([name, f"{statistics.median(wall):.0f}", f"{max(wall):.0f}", f"{statistics.median(cpu):.0f}"])
    path = args.work / "start.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1))
    print(f"binary {result['bytes'] / 1e6:.1f} MB, median of {args.runs}; {measure.say(where)}\n\n{measure.table(rows)}\n\n{path}")


if __name__ == "__main__":
    main()
