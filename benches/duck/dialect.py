"""The pipeline's SQL, written for DataFusion, in DuckDB's dialect. The whole difference is here."""

import re
from decimal import Decimal

from .contract import Pipeline
from .typing_sql import text

MACROS = [
    "btrim(x) AS trim(x)",
    "to_char(d, f) AS strftime(d, f)",
    "has(s, v) AS list_contains(string_split(s, '|'), v)",
    """months_between(a, b) AS (date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a)
      - CASE WHEN (date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a) >= 1
          AND date_part('day', b) < date_part('day', a) THEN 1
        WHEN (date_part('year', b) - date_part('year', a)) * 12 + date_part('month', b) - date_part('month', a) <= -1
          AND date_part('day', b) > date_part('day', a) THEN -1 ELSE 0 END""",
    """years_between(a, b) AS date_part('year', b) - date_part('year', a) - CASE WHEN date_part('month', b) < date_part('month', a)
      OR (date_part('month', b) = date_part('month', a) AND date_part('day', b) < date_part('day', a)) THEN 1 ELSE 0 END""",
]

# `asof` is a reserved word; age() is DuckDB's own, of two timestamps; a day minus an interval is a
# timestamp in DuckDB.
REWRITES = [
    (r"\bage\(", "years_between("),
    (r"\b(param|in_list|has_prefix)\('(\w+)',\s*", r"\1_\2("),
    (r"AS DATE\) - INTERVAL '1' DAY", "AS DATE) - 1"),
]


def adapt(sql: str, night: str) -> str:
    sql = re.sub(r"\basof\(\)", f"DATE '{night}'", sql)
    sql = re.sub(r"\byr\(\)", f"CAST({night[:4]} AS BIGINT)", sql)
    for pattern, replacement in REWRITES:
        sql = re.sub(pattern, replacement, sql)
    return sql


def parameters(pipeline: Pipeline) -> list[str]:
    """A macro for each parameter: the most exact area and the latest year first, as one CASE."""
    values: dict[str, dict[tuple[str, int], Decimal]] = {}
    for row in pipeline.codes["param"]:
        at = (row["area"], int(row["year"] or 0))
        values.setdefault(row["name"], {}).setdefault(at, Decimal(row["value"].replace(",", "")))
    out = []
    for name, cells in values.items():
        areas = sorted({area for area, _ in cells}, key=len, reverse=True)
        whens = []
        for area in areas:
            for year in sorted((y for a, y in cells if a == area), reverse=True):
                inside = f"starts_with(a, '{area}') AND " if area else ""
                whens.append(f"WHEN {inside}y >= {year} THEN CAST({cells[area, year]} AS DECIMAL(16, 4))")
        out.append(f"param_{name}(a, y) AS CASE {' '.join(whens)} END")
    return out


def memberships(pipeline: Pipeline) -> list[str]:
    """A macro for each code list: is a value, or a prefix of it, one of its codes?"""
    out = []
    for name, rows in pipeline.codes.items():
        codes = sorted({row["code"] for row in rows if row.get("code")})
        if not codes or len(codes) > 500:
            continue
        out.append(f"in_list_{name}(v) AS v IN ({', '.join(map(text, codes))})")
        lengths = sorted({len(c) for c in codes})
        tests = [f"substr(v, 1, {n}) IN ({', '.join(text(c) for c in codes if len(c) == n)})" for n in lengths]
        out.append(f"has_prefix_{name}(v) AS ({' OR '.join(tests)})")
    return out
