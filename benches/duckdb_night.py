#!/usr/bin/env python3
"""The same night as `bidui run`, on the same extracts and by the same pipeline folder, in DuckDB.

Writes `anomalies.parquet` (rule, subject, county, evidence, waived), `counts.parquet` (rule, county,
applicable, violated) and `stages.json` into --out. What it leaves out is listed in README.md.
"""

import argparse
import json
import re
import shutil
import sys
import time
import unicodedata
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.ipc

sys.path.insert(0, str(Path(__file__).parent))
from duck import contract, dialect, extracts, identify, typing_sql  # noqa: E402
from duck.typing_sql import Typer, text  # noqa: E402


class Night:
    def __init__(self, args: argparse.Namespace):
        self.pipeline = contract.load(args.pipeline)
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
        if args.threads:
            self.con.execute(f"SET threads = {args.threads}")
        self.stages: dict[str, float] = {}
        self.clock = time.perf_counter()
        self.files = 0

    def stage(self, name: str) -> None:
        now = time.perf_counter()
        self.stages[name] = round(now - self.clock, 3)
        self.clock = now

    def run(self) -> None:
        self.policy()
        self.stage("policy")
        self.receive()
        self.stage("receive")
        identify.resolve(self.con, self.pipeline)
        self.stage("identify")
        self.views()
        self.stage("view")
        self.judge()
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
        renamed = {r["code"]: r["new_code"] for r in self.pipeline.codes[self.pipeline.settings["division_history"]]}
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
        for path in sorted(self.input.iterdir()):
            if feed := next((f for f, p in patterns.items() if p.fullmatch(path.name)), None):
                files[feed].append(path)
        size = {f: sum(p.stat().st_size for p in paths) for f, paths in files.items()}
        with self.pool as pool:
            zips = {p: pool.submit(extracts.unzip, p, self.fresh()) for ps in files.values() for p in ps if p.suffix == ".zip"}
            order = sorted(feeds, key=lambda f: (any(p in zips for p in files[f]), -size[f]))
            jobs = {f: [self.prepare(pool, f, p) for p in files[f] if p not in zips] for f in order}
            for feed in order:
                for path in files[feed]:
                    if path in zips:
                        jobs[feed] += [self.prepare(pool, feed, p) for p in zips[path].result()]
                self.load(feed, jobs[feed])

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
        typer = Typer(self.pipeline, feed_id)
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
        # the extract must be the side of every join that streams.
        self.con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        self.con.execute(f"CREATE TABLE {table} AS {typer.select('(' + ' UNION ALL '.join(sources) + ')')}")
        if arrows:
            self.con.unregister(f"raw_{feed_id}")
        self.con.execute("RESET disabled_optimizers")
        self.con.execute(typer.repeats())

    def csv(self, typer: Typer, info: dict, files: list[Path], names: list[str]) -> str:
        nulls = [n for n in typer.feed.get("format", {}).get("nulls", contract.NULLS) if n != "无"]
        columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(info["width"]))
        read = (f"read_csv([{', '.join(text(str(f)) for f in files)}], auto_detect = false, header = false, skip = {info['skip']}, "
                f"delim = {text(info['delimiter'])}, quote = '\"', escape = '\"', columns = {{{columns}}}, ignore_errors = true, "
                f"nullstr = [{', '.join(map(text, nulls))}])")
        again = [(n, h) for n, h in enumerate(info["header"]) if h][:2]
        where = " AND ".join(f"c{n} = {text(h)}" for n, h in again)
        return select(names, {n: f"c{at}" for n, at in info["bound"].items()}, read) + f" WHERE NOT coalesce({where}, false)"

    # -- view and judge -----------------------------------------------------------------------------

    def views(self) -> None:
        left = dict(self.pipeline.views)
        while left:
            for name, view in list(left.items()):
                if not any(re.search(rf"\b(FROM|JOIN)\s+{other}\b", view.body) for other in left if other != name):
                    self.con.execute(f"CREATE TABLE {name} AS {dialect.adapt(view.body, self.night)}")
                    del left[name]

    def judge(self) -> None:
        policy = self.pipeline.settings["waivers"]
        self.con.execute(
            f"CREATE TABLE exempt AS SELECT DISTINCT {policy['rule']} AS rule, unnest([{policy['subject']}, CAST(person_key AS VARCHAR)]) "
            f"AS subject, {policy['reason']} AS reason FROM {policy['table']} "
            f"WHERE {policy['from']} <= DATE '{self.night}' AND {policy['to']} >= DATE '{self.night}'")
        self.con.execute("CREATE TABLE anomaly (rule VARCHAR, subject VARCHAR, county VARCHAR, evidence VARCHAR, waived VARCHAR)")
        self.con.execute("CREATE TABLE counts (rule VARCHAR, county VARCHAR, applicable BIGINT, violated BIGINT)")
        for name, view in self.pipeline.views.items():
            rules = [r for r in self.pipeline.rules.values() if r.head["over"] == name]
            if rules:
                self.judge_view(name, view, rules)
        for table in ("anomaly", "counts"):
            path = self.out / f"{table.replace('anomaly', 'anomalies')}.parquet"
            self.con.execute(f"COPY (SELECT * FROM {table} ORDER BY ALL) TO '{path}'")

    def judge_view(self, name: str, view: contract.Sql, rules: list[contract.Sql]) -> None:
        county = f"substr(coalesce({view.head['division']}, ''), 1, 6)"
        adapt = lambda sql: dialect.adapt(str(sql), self.night)  # noqa: E731
        # One pass over the view for all counts; then the few rows of each rule.
        flags = ", ".join(f"coalesce({adapt(r.head.get('applies', 'true'))}, false) AS a_{r.id}, coalesce({adapt(r.body)}, false) AS v_{r.id}"
                          for r in rules)
        sums = ", ".join(f"count(*) FILTER (WHERE a_{r.id}) AS n_{r.id}, count(*) FILTER (WHERE a_{r.id} AND v_{r.id}) AS m_{r.id}" for r in rules)
        self.con.execute(f"CREATE TEMP TABLE tally AS SELECT county, {sums} FROM (SELECT {county} AS county, {flags} FROM {name}) GROUP BY county")
        for rule in rules:
            self.con.execute(f"INSERT INTO counts SELECT '{rule.id}', county, n_{rule.id}, m_{rule.id} FROM tally WHERE n_{rule.id} > 0")
            items = [next(iter(e.items())) if isinstance(e, dict) else (e, e) for e in rule.head.get("evidence", [])]
            evidence = ", ".join(f"'{key}': {adapt(value)}" for key, value in items)
            accepted = ", ".join(map(text, rule.head.get("waivers", []))) or "''"
            self.con.execute(
                f"INSERT INTO anomaly SELECT '{rule.id}', a.subject, a.county, a.evidence, min(e.reason) FROM ("
                f"SELECT CAST({view.head['subject']} AS VARCHAR) AS subject, {county} AS county, CAST(to_json({{{evidence}}}) AS VARCHAR) AS evidence "
                f"FROM {name} WHERE ({adapt(rule.head.get('applies', 'true'))}) AND ({adapt(rule.body)}\n)) a "
                f"LEFT JOIN exempt e ON e.rule = '{rule.id}' AND e.subject = a.subject AND e.reason IN ({accepted}) "
                f"GROUP BY ALL")
        self.con.execute("DROP TABLE tally")


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
    parser.add_argument("--keep", action="store_true", help="a database file instead of memory")
    Night(parser.parse_args()).run()


if __name__ == "__main__":
    main()
