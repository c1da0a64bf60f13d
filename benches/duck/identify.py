"""A person for every row: by ID; else by name with the ID's first digits or with birth and village."""

import duckdb

from .contract import Pipeline

LIMIT = 1 << 62


def tier(known: str, name: str) -> str | None:
    """How a name differs from the owner's of the ID: not, `variant` or `clash`."""
    from pypinyin import Style, pinyin

    a, b = (n.replace("·", "").replace(" ", "").lower() for n in (known, name))
    if a == b:
        return None
    sound = [[s[0] for c in n for s in pinyin(c, style=Style.NORMAL)] for n in (a, b)]
    if len(a) == len(b) and sound[0] == sound[1]:
        return None
    front = next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    rest = a[front:], b[front:]
    back = next((n for n, (x, y) in enumerate(zip(rest[0][::-1], rest[1][::-1])) if x != y), min(map(len, rest)))
    x, y = (r[:len(r) - back] for r in rest)
    slip = max(len(a), len(b)) >= 3 and (max(len(x), len(y)) <= 1 or (len(x) == len(y) == 2 and x == y[::-1]))
    cut = min(len(a), len(b)) >= 4 and (a.startswith(b) or b.startswith(a))
    unknown = "?□■〓*\ufffd"
    blind = (len(a) == len(b) and all(x == y or x in unknown or y in unknown for x, y in zip(a, b))
             and any(x == y and x not in unknown for x, y in zip(a, b)))
    return "variant" if slip or cut or blind else "clash"


def resolve(con: duckdb.DuckDBPyConnection, pipeline: Pipeline) -> None:
    tables = pipeline.person_tables()
    spine = pipeline.settings["identity"]["spine"]
    roles = {t: pipeline.tables[t]["person"] for t in tables}
    named = [t for t in tables if "name" in roles[t]]

    # The owner of an ID has the first name that the most trusted table gives.
    for at, t in enumerate(named):
        name = roles[t]["name"]
        known = " ANTI JOIN owner USING (person_key)" if at else ""
        con.execute(f"{'INSERT INTO owner' if at else 'CREATE TABLE owner AS'} SELECT person_key, arg_min({name}, t.rowid) AS name "
                    f"FROM {t} t{known} WHERE person_key IS NOT NULL AND {name} IS NOT NULL GROUP BY person_key")
    others = " UNION ALL ".join(
        f"SELECT '{t}' AS table_name, t.rowid AS spot, t.person_key, o.name AS known, t.{roles[t]['name']} AS name, "
        f"t.{roles[t]['id']}_quality AS quality FROM {t} t JOIN owner o ON o.person_key = t.person_key "
        f"WHERE t.{roles[t]['name']} <> o.name" for t in named)
    con.execute(f"CREATE TABLE other AS {others}")
    pairs = con.execute("SELECT DISTINCT known, name FROM other").fetchall()
    con.execute("CREATE TABLE pair (known VARCHAR, name VARCHAR, tier VARCHAR)")
    verdicts = [(k, n, t) for k, n in pairs if (t := tier(k, n))]
    if verdicts:
        con.executemany("INSERT INTO pair VALUES (?, ?, ?)", verdicts)
    con.execute(f"""CREATE TABLE link AS SELECT person_key AS owner, table_name, spot, tier, quality,
      CASE WHEN tier = 'clash' THEN -2 - CAST(hash(person_key, other.name) % {LIMIT} AS BIGINT) ELSE person_key END AS linked
      FROM other JOIN pair USING (known, name)""")

    # Rows without a usable ID against the spine, by the two exact tiers.
    part = []
    for t in tables:
        role, own = roles[t], f"t.{roles[t]['id']}" if t in spine else "NULL"
        column = lambda r: f"t.{role[r]}" if r in role else "NULL"  # noqa: E731
        part.append(
            f"SELECT '{t}' AS table_name, t.rowid AS spot, t.person_key, {own} AS id, t.{role['id']}_raw AS raw, "
            f"t.{role['id']}_quality AS quality, lower(replace(replace({column('name')}, '·', ''), ' ', '')) AS name, "
            f"CAST({column('birth')} AS DATE) AS birth, CAST({column('village')} AS VARCHAR) AS village, "
            f"CAST({column('household')} AS VARCHAR) AS household FROM {t} t")
    waiting = " UNION ALL ".join(f"{p} WHERE t.person_key IS NULL" for p in part)
    con.execute(f"CREATE TABLE waiting AS SELECT row_number() OVER () AS row, *, "
                f"CASE WHEN quality = 'truncated15' THEN substr(digits(clean_id(raw)), 1, 15) END AS prefix FROM ({waiting})")
    known = " UNION ALL ".join(f"{p} WHERE t.person_key IS NOT NULL" for t, p in zip(tables, part) if t in spine)
    con.execute(f"""CREATE TABLE found AS
      WITH known AS (SELECT * FROM ({known}) k WHERE name IN (SELECT name FROM waiting) AND NOT EXISTS (
        SELECT 1 FROM link l WHERE l.tier = 'clash' AND l.table_name = k.table_name AND l.spot = k.spot)),
      hit AS (
        SELECT w.row, 0 AS nth, k.person_key, k.household, w.household AS own FROM waiting w JOIN known k
          ON k.name = w.name AND substr(k.id, 1, 15) = w.prefix
        UNION ALL SELECT w.row, 1, k.person_key, k.household, w.household FROM waiting w JOIN known k
          ON k.name = w.name AND k.birth = w.birth AND k.village = w.village),
      alone AS (
        SELECT row, nth, count(DISTINCT person_key) AS n, min(person_key) AS person_key,
          count(DISTINCT CASE WHEN household = own THEN person_key END) AS n_own,
          min(CASE WHEN household = own THEN person_key END) AS own_key FROM hit GROUP BY row, nth)
      SELECT row, arg_min(CASE WHEN n = 1 THEN person_key ELSE own_key END, nth) AS person_key,
        arg_min(CASE nth WHEN 0 THEN 'prefix15' ELSE 'roster' END, nth) AS tier
      FROM alone WHERE n = 1 OR n_own = 1 GROUP BY row""")
    con.execute(f"""INSERT INTO link SELECT coalesce(f.person_key, -{LIMIT} - w.row), table_name, spot, coalesce(f.tier, 'unlinked'),
      quality, coalesce(f.person_key, -{LIMIT} - w.row) FROM waiting w LEFT JOIN found f USING (row)""")
    for t in tables:
        con.execute(f"UPDATE {t} SET person_key = l.linked, link = l.tier FROM link l "
                    f"WHERE l.table_name = '{t}' AND l.spot = {t}.rowid AND l.tier <> 'variant'")
    con.execute("ALTER TABLE link RENAME owner TO person_key")
    for t in ("owner", "other", "pair", "waiting", "found"):
        con.execute(f"DROP TABLE {t}")
