#!/usr/bin/env python3
"""The same night as `bidui run`, on the same extracts and by the same pipeline folder, in DuckDB.

Writes `anomalies.parquet` (rule, subject, county, evidence, waived), `counts.parquet` (rule, county,
applicable, violated) and `stages.json` into --out. What it leaves out is listed in README.md.
"""

import argparse
import json
import re
import resource
import shutil
import sys
import time
import unicodedata
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc

sys.path.insert(0, str(Path(__file__).parent))
from duck import contract, dialect, extracts, identify, judge, typing_sql  # noqa: E402
from duck.typing_sql import Typer, text  # noqa: E402


class Night:
    def __init__(self, args: argparse.Namespace):
        self.pipeline = contract.load(args.pipeline)
        self.needed = contract.needed(self.pipeline)
        self.night, self.input, self.out = args.date, args.input / args.date, args.out
        shutil.rmtree(self.out, ignore_errors=True)
        self.temp = self.out / "temp"
        self.temp.mkdir(parents=True)
        self.threads = args.threads or extracts.cores()
        # Workers are forked before DuckDB has threads, and waited for, so that their time is counted.
        self.pool = ProcessPoolExecutor(self.threads, mp_context=get_context("fork"))
        self.pool.submit(extracts.cores).result()
        self.con = duckdb.connect(str(self.out / "night.duckdb") if args.keep else ":memory:")
        self.con.execute("SET integer_division = true")
        self.con.execute("SET default_null_order = 'nulls_last_on_asc_first_on_desc'")
        self.con.execute(f"SET temp_directory = '{self.temp}'")
        self.con.execute("SET enable_progress_bar = false")
        if memory := getattr(args, "memory", None):
            self.con.execute(f"SET memory_limit = '{memory}'")
        if args.threads:
            self.con.execute(f"SET threads = {args.threads}")
        self.stages: dict[str, dict] = {}
        self.clock = spent()
        self.files = 0

    def stage(self, name: str) -> None:
        now = spent()
        self.stages[name] = {"wall_s": round(now[0] - self.clock[0], 3), "cpu_s": round(now[1] - self.clock[1], 3)}
        self.clock = now

    def run(self) -> None:
        self.policy()
        self.stage("policy")
        self.receive()
        self.stage("receive")
        identify.resolve(self.con, self.pipeline)
        self.stage("identify")
        judge.views(self.con, self.pipeline, self.night)
        self.stage("view")
        judge.judge(self.con, self.pipeline, self.night, self.out)
        self.stage("judge")
        self.con.close()
        shutil.rmtree(self.temp)
        (self.out / "stages.json").write_text(json.dumps(self.stages))

    # -- policy -------------------------------------------------------------------------------------

    def policy(self) -> None:
        """Code lists, divisions and parameters as tables and macros."""
        lists, params = dialect.memberships(self.pipeline), dialect.parameters(self.pipeline)
        for macro in typing_sql.MACROS + dialect.MACROS + lists + params:
            self.con.execute(f"CREATE MACRO {macro}")
        for name, rows in self.pipeline.codes.items():
            if rows and "code" in rows[0]:
                columns = {c: pa.array([r[c] or "" for r in rows], pa.string()) for c in rows[0]}
                self.table(f"code_{name}", columns)
                self.pairs(f"list_{name}", self.pipeline.spellings(name))
        self.pairs("list_bool", typing_sql.TRUTH)
        for feed in self.pipeline.feeds:
            typer = Typer(self.pipeline, feed)
            for column in typer.table["columns"]:
                if (typer.mapped.get(column["name"]) or {}).get("map"):
                    self.pairs(typer.list_name(column), typer.spellings(column))
        self.divisions()

    def divisions(self) -> None:
        """Every way of writing a division's code, and every full path of names."""
        names: dict[str, str] = {}
        for code_list in self.pipeline.settings["divisions"]:
            for row in self.pipeline.codes[code_list]:
                names[row["code"].ljust(12, "0")] = row["label"]
        codes = {}
        below: dict[str, list[str]] = {}
        for code in names:
            below.setdefault(code[:6], []).append(code)
            for width in (2, 4, 6, 9, 12):
                if set(code[width:]) <= {"0"}:
                    codes[code[:width]] = code
        history = self.pipeline.settings.get("division_history")
        renamed = {r["code"]: r["new_code"] for r in self.pipeline.codes[history]} if history else {}
        for old, new in renamed.items():
            for _ in range(8):
                new = renamed.get(new, new) if new.ljust(12, "0") not in names else new
            for code in below.get(new, []):
                for width in (6, 9, 12):
                    if set(code[width:]) <= {"0"}:
                        codes.setdefault((old + code[6:])[:width], code)
        paths: dict[str, str | None] = {}
        for code in names:
            level = [names.get(code[:w].ljust(12, "0"), "") if set(code[p:]) - {"0"} else "" for p, w in
                     ((2, 4), (4, 6), (6, 9), (9, 12))]
            # 村（居）委会 comes with wide and with narrow brackets.
            for path in {"|".join(level), unicodedata.normalize("NFKC", "|".join(level))}:
                paths[path] = None if path in paths else code
        self.pairs("division_code", codes)
        self.table("division_path", {"path": pa.array(p for p, c in paths.items() if c), "code": pa.array(c for c in paths.values() if c)})

    def pairs(self, name: str, pairs: dict[str, str]) -> None:
        self.table(name, {"raw": pa.array(pairs.keys(), pa.string()), "code": pa.array(pairs.values(), pa.string())})

    def table(self, name: str, columns: dict[str, pa.Array]) -> None:
        arrow = pa.table(columns)
        self.con.register("arrow_in", arrow)
        self.con.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow_in")
        self.con.unregister("arrow_in")

    # -- receive ------------------------------------------------------------------------------------

    def receive(self) -> None:
        """Everything that DuckDB cannot read is prepared by workers, while DuckDB loads what is ready."""
        feeds = self.pipeline.feeds
        patterns = {f: contract.pattern(spec["files"]) for f, spec in feeds.items()}
        files: dict[str, list[Path]] = {f: [] for f in feeds}
        came: dict[str, date] = {}
        for path in sorted(self.input.iterdir()):
            if feed := next((f for f, p in patterns.items() if p.fullmatch(path.name)), None):
                files[feed].append(path)
                if period := patterns[feed].fullmatch(path.name).groupdict().get("period"):
                    came[feed] = max(contract.last_day(period), came.get(feed, date.min))
        size = {f: sum(p.stat().st_size for p in paths) for f, paths in files.items()}
        with self.pool as pool:
            zips = {p: pool.submit(extracts.unzip, p, self.fresh()) for ps in files.values() for p in ps if p.suffix == ".zip"}
            order = sorted(feeds, key=lambda f: (any(p in zips for p in files[f]), -size[f]))
            jobs = {f: [self.prepare(pool, f, p) for p in files[f] if p not in zips] for f in order}
            for feed in order:
                for path in files[feed]:
                    if path in zips:
                        jobs[feed] += [self.prepare(pool, feed, p) for p in zips[path].result()]
                self.load(feed, jobs.pop(feed))
        for name in set(self.pipeline.tables) - {f["table"] for f in feeds.values()}:
            self.con.execute(typing_sql.empty(name, self.pipeline.tables[name]))
            if self.pipeline.tables[name].get("source") == "feeds":
                rows = [(feed, spec["table"], came.get(feed)) for feed, spec in feeds.items()]
                self.con.executemany(f"INSERT INTO {name} (feed, table_name, period) VALUES (?, ?, ?)", rows)

    def fresh(self, suffix: str = "") -> Path:
        self.files += 1
        return self.temp / f"{self.files}{suffix}"

    def prepare(self, pool: ProcessPoolExecutor, feed_id: str, path: Path) -> tuple[str, dict, list[Future]]:
        """The kind of a file, what is known of it, and work under way."""
        feed, tables = self.pipeline.feeds[feed_id], self.pipeline.tables
        kind = path.suffix[1:].lower()
        if feed.get("format", {}).get("kind") == "fixed":
            return "arrow", {}, [pool.submit(extracts.fixed, path, feed, tables, self.fresh(".arrow"))]
        if kind in ("xlsx", "xls", "ods"):
            return "arrow", {}, [pool.submit(extracts.workbook, path, feed, tables, self.fresh(".arrow"))]
        if kind in ("ndjson", "jsonl"):
            return "json", {"path": path, "bound": extracts.json_keys(path, feed)}, []
        if kind == "parquet":
            return "parquet", {"path": path, "bound": extracts.parquet_columns(path, feed)}, []
        if path.stat().st_size < extracts.SMALL:
            return "arrow", {}, [pool.submit(extracts.small_csv, path, feed, tables, self.fresh(".arrow"))]
        info = extracts.inspect(path, feed)
        if info["encoding"] == "utf-8":
            return "csv", info, []
        return "csv", info | {"skip": 0}, [
            pool.submit(extracts.transcode, path, info["encoding"], start, end, self.fresh(".csv"))
            for start, end in extracts.ranges(info)]

    def load(self, feed_id: str, jobs: list) -> None:
        """Fills the feed's table from all its files."""
        typer = Typer(self.pipeline, feed_id, self.needed[self.pipeline.feeds[feed_id]["table"]])
        names, table = typer.raw_names(), typer.feed["table"]
        arrows, sources = [], []
        for kind, info, work in jobs:
            done = [w.result() for w in work]
            if kind == "arrow":
                arrows += [pa.ipc.open_file(pa.memory_map(str(p))).read_all() for p in done]
                continue
            bound = info["bound"]
            if kind == "csv":
                sources.append(self.csv(typer, info, done or [info["path"]], names))
            elif kind == "json":
                keys = ", ".join(f"{text(k)}: 'VARCHAR'" for k in bound.values())
                read = f"read_json('{info['path']}', format = 'newline_delimited', ignore_errors = true, columns = {{{keys}}})"
                sources.append(select(names, {n: f'"{k}"' for n, k in bound.items()}, read))
            else:
                columns = {n: f'CAST("{k}" AS VARCHAR)' for n, k in bound.items()}
                sources.append(select(names, columns, f"read_parquet('{info['path']}')"))
        if arrows:
            self.con.register(f"raw_{feed_id}", pa.concat_tables(arrows))
            sources.append(f"SELECT * FROM raw_{feed_id}")
        # The first of two rows with one key or ID counts, so rows must stay in the order of the file:
        # the extract must be the side of every join that streams. A filter that is pushed down types everything twice.
        self.con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,filter_pushdown,in_clause'")
        self.con.execute(f"CREATE TABLE {table} AS {typer.select('(' + ' UNION ALL '.join(sources) + ')')}")
        if arrows:
            self.con.unregister(f"raw_{feed_id}")
        self.con.execute("RESET disabled_optimizers")
        for statement in typer.repeats():
            self.con.execute(statement)
        for _, _, work in jobs:
            for done in work:
                done.result().unlink()

    def csv(self, typer: Typer, info: dict, files: list[Path], names: list[str]) -> str:
        nulls = [n for n in typer.feed.get("format", {}).get("nulls", contract.NULLS) if n != "无"]
        columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(info["width"]))
        read = (f"read_csv([{', '.join(text(str(f)) for f in files)}], auto_detect = false, header = false, skip = {info['skip']}, "
                f"delim = {text(info['delimiter'])}, quote = '\"', escape = '\"', columns = {{{columns}}}, ignore_errors = true, "
                f"nullstr = [{', '.join(map(text, nulls))}])")
        again = [(n, h) for n, h in enumerate(info["header"]) if h][:2]
        where = " AND ".join(f"c{n} = {text(h)}" for n, h in again)
        return select(names, {n: f"c{at}" for n, at in info["bound"].items()}, read) + f" WHERE NOT coalesce({where}, false)"


def spent() -> tuple[float, float]:
    """Wall, and CPU of this process and of the workers that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return time.perf_counter(), sum(u.ru_utime + u.ru_stime for u in usages)


def select(names: list[str], bound: dict[str, str], source: str) -> str:
    columns = (f"{bound[n]} AS {n}" if n in bound else f"CAST(NULL AS VARCHAR) AS {n}" for n in names)
    return f"SELECT {', '.join(columns)} FROM {source}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pipeline", type=Path, default=Path("pipelines/gansu"))
    parser.add_argument("--input", type=Path, required=True, help="folder with a folder for the night")
    parser.add_argument("--date", default="2026-11-10")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--memory", help="such as 16GB; what is above goes to --out [default: 80 %% of the machine's]")
    parser.add_argument("--keep", action="store_true", help="a database file instead of memory")
    Night(parser.parse_args()).run()


if __name__ == "__main__":
    main()
