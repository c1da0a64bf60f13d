"""Runs a command and says what it cost: wall, CPU of it and its children, peak memory of all of them."""

import hashlib
import os
import platform
import re
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path


def family(pid: int) -> list[int]:
    """The process and all below it."""
    out = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        out += [p for child in task.read_text().split() for p in family(int(child))]
    return out


def memory(pid: int) -> int:
    """KiB that the family holds now; shared pages count once."""
    total = 0
    for one in family(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


STAGE = re.compile(r"^\s*\S+ ([a-z][a-z ]*?)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$", re.M)


def run(command: list) -> dict:
    """Costs of a command, and of its stages when it says them; its output is shown when it fails."""
    os.sync()
    start = time.perf_counter()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            try:
                peak[0] = max(peak[0], memory(child.pid))
            except (OSError, ValueError):
                continue

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    done.set()
    watcher.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{output.decode(errors='replace')}\nended with {child.returncode}")
    cost = {"wall_s": round(wall, 2), "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
            "peak_mib": round(max(peak[0], usage.ru_maxrss) / 1024)}
    if "--stages" in command:
        names = ("wall_s", "cpu_s", "peak_mib")
        found = STAGE.findall(output.decode(errors="replace"))
        cost["stages"] = {name: dict(zip(names, map(float, numbers))) for name, *numbers in found}
    return cost


def median(runs: list[dict]) -> dict:
    numbers = [key for key, value in runs[0].items() if not isinstance(value, dict)]
    return {key: round(statistics.median(r[key] for r in runs), 2) for key in numbers}


def digest(file: Path) -> str:
    """What a binary is, when many builds have one version."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def machine(bidui: Path) -> dict:
    """Where and with what it was measured."""
    import duckdb

    ask = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()  # noqa: E731
    version = ask(str(bidui), "--version")
    if not version.startswith("bidui "):
        sys.exit(f"{bidui} is no bidui: it does not say its version")
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), platform.machine())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    here = str(Path(__file__).parent)
    return {
        "cpu": model, "cores": len(os.sched_getaffinity(0)), "memory_gib": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}", "load_before": round(os.getloadavg()[0], 2),
        "bidui": version, "bidui_path": str(bidui.resolve()), "bidui_sha256": digest(bidui), "duckdb": duckdb.__version__,
        "python": platform.python_version(), "commit": ask("git", "-C", here, "rev-parse", "HEAD"),
        "uncommitted": bool(ask("git", "-C", here, "status", "--porcelain", "--", "../src", "../pipelines", "../Cargo.toml", ".")),
    }


def same(bidui: Path, where: dict) -> None:
    """Ends when the binary is another than at the start."""
    if digest(bidui) != where["bidui_sha256"]:
        sys.exit("the binary was replaced while it was measured; run again")


def warm(folder: Path) -> int:
    """Reads all files, so that they are in the page cache; their bytes."""
    size = 0
    for path in folder.iterdir():
        with path.open("rb") as file:
            while block := file.read(16 << 20):
                size += len(block)
    return size


def say(where: dict) -> str:
    """The machine in one line."""
    return (f"{where['cpu']}, {where['cores']} cores, {where['memory_gib']} GiB, load {where['load_before']}; {where['bidui']} "
            f"({where['bidui_sha256']}), DuckDB {where['duckdb']}, commit {where['commit'][:12]}{' and changes' if where['uncommitted'] else ''}")


def table(rows: list[list]) -> str:
    """Rows of text as a Markdown table; the first is the heading."""
    widths = [max(len(str(r[c])) for r in rows) for c in range(len(rows[0]))]
    lines = ["| " + " | ".join(str(v).ljust(w) for v, w in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)
