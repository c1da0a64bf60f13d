"""Views with what is asked of them, and all rules over a view in one pass."""

import re
from pathlib import Path

import duckdb

from . import contract, dialect
from .typing_sql import text


def views(con: duckdb.DuckDBPyConnection, pipeline: contract.Pipeline, night: str) -> None:
    """Views with the columns that somebody asks for; a table goes when nothing reads it any more."""
    reads = lambda name, view: re.search(rf"\b(FROM|JOIN)\s+{name}\b", view.body)  # noqa: E731
    left, kept = dict(pipeline.views), {*pipeline.tables, "link"} - {(pipeline.settings.get("waivers") or {}).get("table")}
    while left:
        for name, view in list(left.items()):
            if not any(reads(other, view) for other in left if other != name):
                columns = ", ".join(map(text, sorted(contract.asked(pipeline, name))))
                con.execute(f"CREATE TABLE {name} AS SELECT COLUMNS(lambda c: c IN ({columns})) FROM (\n{dialect.adapt(view.body, night)}\n)")
                del left[name]
                for table in [t for t in kept if not any(reads(t, other) for other in left.values())]:
                    con.execute(f"DROP TABLE {table}")
                    kept.remove(table)


def judge(con: duckdb.DuckDBPyConnection, pipeline: contract.Pipeline, night: str, out: Path) -> None:
    policy = pipeline.settings["waivers"]
    con.execute(
        f"CREATE TABLE exempt AS SELECT DISTINCT {policy['rule']} AS rule, unnest([{policy['subject']}, CAST(person_key AS VARCHAR)]) "
        f"AS subject, {policy['reason']} AS reason FROM {policy['table']} "
        f"WHERE {policy['from']} <= DATE '{night}' AND {policy['to']} >= DATE '{night}'")
    con.execute("CREATE TABLE anomaly (rule VARCHAR, subject VARCHAR, county VARCHAR, evidence VARCHAR, waived VARCHAR)")
    con.execute("CREATE TABLE counts (rule VARCHAR, county VARCHAR, applicable BIGINT, violated BIGINT)")
    for name, view in pipeline.views.items():
        rules = [r for r in pipeline.rules.values() if r.head["over"] == name]
        if rules:
            judge_view(con, night, name, view, rules)
    for table in ("anomaly", "counts"):
        path = out / f"{table.replace('anomaly', 'anomalies')}.parquet"
        con.execute(f"COPY (SELECT * FROM {table} ORDER BY ALL) TO '{path}'")


def judge_view(con: duckdb.DuckDBPyConnection, night: str, name: str, view: contract.Sql, rules: list[contract.Sql]) -> None:
    county = f"substr(coalesce({view.head['division']}, ''), 1, 6)"
    adapt = lambda sql: dialect.adapt(str(sql), night)  # noqa: E731
    # One pass over the view: each guard once, a predicate only where its guard holds. Then the few rows that something is true of.
    guards = list(dict.fromkeys(adapt(r.head.get("applies", "true")) for r in rules))
    place = {r.id: guards.index(adapt(r.head.get("applies", "true"))) for r in rules}
    asked = ", ".join(f"coalesce({g}, false) AS g_{n}" for n, g in enumerate(guards))
    told = ", ".join(f"CASE WHEN g_{place[r.id]} THEN coalesce({adapt(r.body)}\n, false) ELSE false END AS m_{r.id}" for r in rules)
    held = ", ".join(f"g_{n}" for n in range(len(guards)))
    con.execute(f"CREATE TEMP TABLE flag AS SELECT spot, in_county, {held}, {told} FROM (SELECT *, rowid AS spot, {county} AS in_county, {asked} FROM {name})")
    sums = ", ".join([f"count_if(g_{n}) AS n_{n}" for n in range(len(guards))] + [f"count_if(m_{r.id}) AS m_{r.id}" for r in rules])
    con.execute(f"CREATE TEMP TABLE tally AS SELECT in_county, {sums} FROM flag GROUP BY in_county")
    some = " OR ".join(f"m_{r.id}" for r in rules)
    con.execute(f"CREATE TEMP TABLE hit AS SELECT v.*, f.* EXCLUDE (spot) FROM {name} v JOIN "
                     f"(SELECT spot, in_county, {', '.join(f'm_{r.id}' for r in rules)} FROM flag WHERE {some}) f ON v.rowid = f.spot")
    for rule in rules:
        con.execute(f"INSERT INTO counts SELECT '{rule.id}', in_county, n_{place[rule.id]}, m_{rule.id} FROM tally WHERE n_{place[rule.id]} > 0")
        items = [next(iter(e.items())) if isinstance(e, dict) else (e, e) for e in rule.head.get("evidence", [])]
        evidence = ", ".join(f"'{key}': {adapt(value)}" for key, value in items)
        accepted = ", ".join(map(text, rule.head.get("waivers", []))) or "''"
        con.execute(
            f"INSERT INTO anomaly SELECT '{rule.id}', a.subject, a.county, a.evidence, min(e.reason) FROM ("
            f"SELECT CAST({view.head['subject']} AS VARCHAR) AS subject, in_county AS county, CAST(to_json({{{evidence}}}) AS VARCHAR) AS evidence "
            f"FROM hit WHERE m_{rule.id}) a "
            f"LEFT JOIN exempt e ON e.rule = '{rule.id}' AND e.subject = a.subject AND e.reason IN ({accepted}) "
            f"GROUP BY ALL")
    for table in ("flag", "tally", "hit"):
        con.execute(f"DROP TABLE {table}")
