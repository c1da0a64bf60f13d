"""SQL that turns the raw columns of a feed into the typed columns of its table."""

from .contract import Pipeline
from .extracts import wanted

BLANK = r" \t\u00a0\u3000\ufeff\u200b".encode().decode("unicode_escape")
EDGES = ", ".join(["-1", "0", *(str(ord(c)) for c in BLANK)])
WIDE = "".join(chr(c) for c in range(0xFF01, 0xFF5F)) + "\u3000"
NARROW = "".join(chr(c) for c in range(0x21, 0x7F)) + " "
DOTS = "•・･‧．﹒․.。｡-－‐‑–—―−_∙⋅˙ㆍ●▪᛫"
YES = ["是", "√", "✓", "✔", "☑", "1", "y", "Y", "yes", "有", "true", "TRUE", "t", "T", "对", "1-是", "1.0"]
NO = ["否", "×", "✗", "✘", "✕", "☒", "0", "n", "N", "no", "无", "false", "FALSE", "f", "F", "错", "0-否", "0.0"]
TRUTH = {word: "true" for word in YES} | {word: "false" for word in NO}
USABLE = "('valid', 'repaired', 'upgraded15', 'disability')"


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


MACROS = [
    # NFKC is not in DuckDB; full-width forms and the wide space are what departments send.
    f"half(x) AS CASE WHEN strlen(x) = length(x) OR NOT regexp_matches(x, '[！-～　]') THEN x ELSE translate(x, {text(WIDE)}, {text(NARROW)}) END",
    # Trimming a list of characters is dear; most values begin and end with none of them.
    f"""tidy(x) AS CASE WHEN unicode(x) IN ({EDGES}) OR unicode(right(x, 1)) IN ({EDGES})
      THEN nullif(trim(half(x), {text(BLANK)}), '') ELSE half(x) END""",
    f"""clean_name(x) AS CASE WHEN regexp_full_match(x, '[一-鿿]+') THEN x
      ELSE nullif(trim(regexp_replace(regexp_replace(translate(half(x), {text(DOTS)}, {text('·' * len(DOTS))}),
        '[(【〔《][^)】〕》]*[)】〕》]', '', 'g'), '[\\s\\p{{Z}}\\p{{Cf}}''"`‘’“”]', '', 'g'), '·'), '') END""",
    # One common form in a pass; the others one after the other.
    """slow_date(x) AS CASE
      WHEN regexp_full_match(x, '\\d{5}(\\.\\d+)?') THEN DATE '1899-12-30' + CAST(substr(x, 1, 5) AS INT)
      WHEN regexp_full_match(x, '长期|长期有效|至今|永久|永久有效|无固定期限') THEN DATE '9999-12-31'
      ELSE coalesce(TRY_CAST(x AS DATE), CAST(try_strptime(replace(x, '号', '日'), ['%Y年%m月%d日', '%Y.%m.%d',
        '%Y/%m/%d', '%Y%m%d%H%M%S', '%Y-%m', '%Y年%m月', '%Y/%m', '%Y.%m', '%Y%m', '%d-%b-%y']) AS DATE)) END""",
    """read_date(x) AS CASE
      WHEN length(x) = 8 AND strlen(x) = 8 AND NOT contains(x, '-') AND NOT contains(x, '/') AND NOT contains(x, '.')
        THEN CAST(try_strptime(x, '%Y%m%d') AS DATE)
      WHEN substr(x, 5, 1) IN ('-', '/') AND length(x) >= 8 THEN TRY_CAST(x AS DATE)
      WHEN substr(x, 5, 1) = '.' AND length(x) >= 8 THEN TRY_CAST(replace(substr(x, 1, 10), '.', '-') AS DATE)
      ELSE slow_date(tidy(x)) END""",
    """day_of(d) AS CASE WHEN d BETWEEN DATE '1900-01-02' AND DATE '2100-12-31' THEN d
      WHEN date_part('year', d) = 9999 THEN DATE '9999-12-31' END""",
    # What databases write for "no day" is missing, not bad.
    "bad_day(x, d) AS CASE WHEN d IS NULL AND x IS NOT NULL THEN NOT regexp_matches(x, '^[0/.:\\- ]*$|^1900.?0?1.?0?[01]|^1899.12.3[01]') "
    "ELSE false END",
    """slow_amount(x) AS CAST(CASE WHEN x LIKE '(%)' THEN -1 ELSE 1 END AS DECIMAL(18, 6)) *
      CAST(CASE WHEN x LIKE '%万%' THEN 10000 WHEN x LIKE '%亿%' THEN 100000000 ELSE 1 END AS DECIMAL(18, 0)) *
      TRY_CAST(regexp_replace(x, '^\\(|\\)$|[¥￥,\\s]|亿?万?[元圆]?整?$', '', 'g') AS DECIMAL(18, 6))""",
    "amount(x) AS coalesce(TRY_CAST(x AS DECIMAL(18, 6)), slow_amount(tidy(x)))",
    "whole(x) AS CASE WHEN contains(x, '.') THEN CASE WHEN amount(x) % 1 = 0 THEN CAST(amount(x) AS BIGINT) END "
    "ELSE coalesce(TRY_CAST(x AS BIGINT), CAST(slow_amount(tidy(x)) AS BIGINT)) END",
    "read_set(x) AS nullif(array_to_string(list_filter(list_transform(string_split_regex(half(x), '[,，、;；|]'), "
    "lambda v: trim(v)), lambda v: v <> ''), '|'), '')",
    # Letters and signs that stand for digits or X; blanks, quotes, dashes and commas are dropped.
    f"""clean_id(x) AS CASE WHEN regexp_full_match(x, '[1-9][0-9]{{16}}[0-9X]') THEN x ELSE
      regexp_replace(regexp_replace(upper(translate(half(x), 'Хх×✕╳ΧχⅩⅹОоΟο〇○', 'XXXXXXXXXOOOOOO')),
        '[\\s\\p{{Z}}\\p{{Cc}}\\p{{Cf}}''"`,\\-‘’“”′‐‑–—−―]', '', 'g'), '\\.0*$', '') END""",
    # An ID that was a number keeps 15 digits; seven zeros, so that it is never taken for a whole one.
    """digits(c) AS CASE WHEN regexp_full_match(c, '[0-9]+X?') THEN c
      WHEN regexp_full_match(c, '[0-9]\\.[0-9]{12,}E\\+?(17|19|21)')
        THEN concat(rpad(replace(split_part(c, 'E', 1), '.', ''), 15, '0')[:15], '0000000')
      ELSE translate(c, 'OIL|', '0111') END""",
    # 17 digits of an ID as a number: the person's key, and the sum is arithmetic on it.
    """id17(c) AS CASE WHEN length(c) IN (18, 20, 22) THEN TRY_CAST(substr(c, 1, 17) AS BIGINT)
      WHEN length(c) = 15 THEN TRY_CAST(concat(substr(c, 1, 6), '19', substr(c, 7)) AS BIGINT) END""",
    "sum11(k) AS (" + " + ".join(f"(k // {10 ** (16 - n)} % 10) * {w}" for n, w in
                                 enumerate([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) + ") % 11",
    "check_of(k) AS substr('10X98765432', CAST(sum11(k) AS BIGINT) + 1, 1)",
    """real_day(d) AS d // 10000 BETWEEN 1900 AND 2099 AND d // 100 % 100 BETWEEN 1 AND 12 AND d % 100 BETWEEN 1 AND
      CASE d // 100 % 100 WHEN 4 THEN 30 WHEN 6 THEN 30 WHEN 9 THEN 30 WHEN 11 THEN 30 WHEN 2 THEN
        CASE WHEN d // 10000 % 4 = 0 AND (d // 10000 % 100 <> 0 OR d // 10000 % 400 = 0) THEN 29 ELSE 28 END ELSE 31 END""",
    # Valid ones first: the rest of the questions are dear.
    """id_quality(raw, c, k) AS CASE
      WHEN raw = c AND length(c) = 18 AND k >= 10000000000000000 AND k // 100000000000 NOT IN (123456, 999999)
        AND real_day(k // 1000 % 100000000) AND check_of(k) = substr(c, 18, 1) AND k % 11111111111111111 <> 0 THEN 'valid'
      WHEN raw IS NULL OR c = '' THEN 'missing'
      WHEN starts_with(c, '999999') OR starts_with(c, '000000') OR starts_with(c, '123456')
        OR NOT regexp_matches(c, '[0-9]') OR replace(c, substr(c, 1, 1), '') = '' THEN 'placeholder'
      WHEN regexp_matches(c, '^[0-9](\\.[0-9]+)?E') THEN 'scientific'
      WHEN length(c) = 18 AND regexp_full_match(c, '[0-9]{17}[0-9X]') THEN CASE
        WHEN starts_with(c, '0') THEN 'length' WHEN NOT real_day(k // 1000 % 100000000) THEN 'bad_date'
        WHEN check_of(k) = substr(c, 18, 1) THEN CASE WHEN raw = c THEN 'valid' ELSE 'repaired' END
        WHEN ends_with(c, '000') THEN 'truncated15' ELSE 'checksum' END
      WHEN length(c) = 15 AND regexp_full_match(c, '[0-9]{15}') THEN
        CASE WHEN real_day(k // 1000 % 100000000) THEN 'upgraded15' ELSE 'bad_date' END
      WHEN length(c) IN (20, 22) AND regexp_full_match(c, '[0-9]{17}[0-9X][1-7][1-4]([0-9B][0-9])?') THEN CASE
        WHEN NOT real_day(k // 1000 % 100000000) THEN 'bad_date'
        WHEN check_of(k) = substr(c, 18, 1) THEN 'disability' ELSE 'checksum' END
      WHEN length(c) IN (20, 22) AND regexp_full_match(c, '[0-9]{15}0{5,7}') THEN 'truncated15'
      WHEN regexp_full_match(c, '[A-Z][A-Z0-9]{6,14}') AND length(regexp_replace(c, '[^0-9]', '', 'g')) >= 5 THEN 'other_document'
      ELSE 'length' END""",
]


def casts(kind: str, raw: str, unit: str | None) -> str:
    """The typed value of a raw column, for types that need no list."""
    if kind == "text":
        return f"tidy({raw})"
    if kind == "name":
        return f"clean_name({raw})"
    if kind == "date":
        return f"day_of({raw}_d)"
    if kind == "month":
        return f"CAST(date_trunc('month', day_of({raw}_d)) AS DATE)"
    if kind == "int":
        return f"whole({raw})"
    if kind == "set":
        return f"read_set({raw})"
    number = f"TRY_CAST({raw} AS {kind})"
    if unit in ("万元", "分"):
        factor = {"万元": "* 10000", "分": "* 0.01"}[unit]
        return f"CAST(amount({raw}) {factor} AS {kind})"
    return f"coalesce({number}, TRY_CAST(slow_amount(tidy({raw})) AS {kind}))"


class Typer:
    """Statements for one feed. `lists` are tables (raw, code) that `night` makes."""

    def __init__(self, pipeline: Pipeline, feed_id: str, needed: set[str] = frozenset()):
        self.pipeline = pipeline
        self.needed = needed
        self.id = feed_id
        self.feed = pipeline.feeds[feed_id]
        self.table = pipeline.tables[self.feed["table"]]
        self.kinds = {c["name"]: c["type"] for c in self.table["columns"]}
        self.mapped = {c["to"]: c for c in self.feed["columns"]}
        self.person = (self.table.get("person") or {}).get("id")

    def raw_names(self) -> list[str]:
        return [to for to, _ in wanted(self.feed)]

    def spellings(self, column: dict) -> dict[str, str]:
        own = self.mapped[column["name"]].get("map") or {}
        return self.pipeline.spellings(column["codes"], own) if "codes" in column else TRUTH | own

    def select(self, source: str) -> str:
        """Typed rows of a source with the raw columns; rows that the contract rejects are left out."""
        nulls = set(self.feed.get("format", {}).get("nulls", ["无"]))
        raws = []
        for name in self.raw_names():
            kind = self.kinds[name.split("__")[0]]
            # 无 is "no" to a yes-or-no column before it is "nothing".
            keep = kind in ("bool", "citizen_id") or "无" not in nulls
            raws.append(f"{name} AS r_{name}" if keep else f"nullif({name}, '无') AS r_{name}")
        inner = f"SELECT {', '.join(raws)} FROM {source}"
        # A macro repeats its argument, so what is dear is a column of its own first.
        days = [f"r_{n}" for n in self.raw_names() if self.kinds[n.split("__")[0]] in ("date", "month")]
        if days:
            inner = f"SELECT *, {', '.join(f'read_date({d}) AS {d}_d' for d in days)} FROM ({inner})"
        joins, outer, final, bad = [], [], [], []
        for column in self.table["columns"]:
            name, kind = column["name"], column["type"]
            mapped, raw = self.mapped.get(name), f"r_{name}"
            constant = self.feed.get("constants", {}).get(name)
            if mapped is None:
                value = text(str(constant)) if constant is not None else "NULL"
                if self.keeps(name):
                    final.append(f"CAST({value} AS {sql_type(kind)}) AS {name}")
                continue
            if kind == "citizen_id":
                inner = f"SELECT *, digits(clean_id({raw})) AS {name}_c FROM ({inner})"
                inner = f"SELECT *, id17({name}_c) AS {name}_k FROM ({inner})"
                inner = f"SELECT *, id_quality({raw}, {name}_c, {name}_k) AS {name}_quality FROM ({inner})"
                usable = f"{name}_quality IN {USABLE}"
                outer += [f"CASE WHEN {usable} THEN CASE WHEN length({name}_c) = 15 THEN concat({name}_k, check_of({name}_k)) "
                          f"ELSE substr({name}_c, 1, 18) END END AS {name}", f"{raw} AS {name}_raw", f"{name}_quality"]
                final += self.columns(column, usable)
                if name == self.person:
                    outer.append(f"CASE WHEN {usable} THEN {name}_k END AS person_key")
                continue
            if self.keeps(name):
                final.append(name)
            if "path" in mapped:
                levels = [f"coalesce({raw}__{n}, '')" for n in range(len(mapped["path"]))]
                joins.append(f"LEFT JOIN division_path j_{name} ON j_{name}.path = concat_ws('|', {', '.join(levels)})")
                value, raw = f"j_{name}.code", f"{raw}__0"
            elif kind == "division":
                joins.append(f"LEFT JOIN division_code j_{name} ON j_{name}.raw = {raw}")
                elsewhere = (f"CASE WHEN regexp_full_match({raw}, '[1-8][0-9]{{5}}([0-9]{{3}}){{0,2}}') AND NOT starts_with({raw}, "
                             f"{text(self.pipeline.settings['division_root'])}) THEN rpad({raw}, 12, '0') END")
                value = f"coalesce(j_{name}.code, {elsewhere})"
            elif kind in ("code", "bool"):
                joins.append(f"LEFT JOIN {self.list_name(column)} j_{name} ON j_{name}.raw = {raw}")
                value = f"CAST(j_{name}.code AS BOOLEAN)" if kind == "bool" else f"j_{name}.code"
            else:
                value = casts(kind, raw, mapped.get("unit"))
            outer.append(f"{value} AS {name}")
            if mapped.get("required"):
                bad.append(f"({name} IS NULL)")
            elif mapped.get("on_bad") == "null" or kind in ("text", "name", "set"):
                continue
            elif kind in ("date", "month"):
                outer.append(raw)
                bad.append(f"bad_day({raw}, {name})")
            else:
                outer.append(raw)
                bad.append(f"({name} IS NULL AND {raw} IS NOT NULL)")
        if self.person:
            final = ["person_key", "CASE WHEN person_key IS NOT NULL THEN 'id' END AS link", *final]
        if not self.table.get("key"):
            final.append(f"{self.print()} AS row_print")
        sql = f"SELECT {', '.join(final)} FROM (SELECT {', '.join(outer)} FROM ({inner}) {' '.join(joins)})"
        return f"{sql} WHERE {' AND '.join(f'NOT {b}' for b in bad) or 'true'}"

    def list_name(self, column: dict) -> str:
        own = self.mapped[column["name"]].get("map")
        return f"list_{self.id}_{column['name']}" if own else f"list_{column.get('codes', 'bool')}"

    def asks(self, name: str) -> bool:
        """Is a column asked for, by SQL or to find persons?"""
        roles = self.table.get("person") or {}
        return name in self.needed or name in [roles.get(r) for r in ("name", "birth", "village", "household")]

    def keeps(self, name: str) -> bool:
        return self.asks(name) or name in self.table.get("key", [])

    def columns(self, column: dict, usable: str) -> list[str]:
        """An ID as it is kept: itself and its raw form only where somebody asks; the raw form of a bad one always."""
        name, out = column["name"], []
        spine = self.feed["table"] in self.pipeline.settings["identity"]["spine"]
        person = name == self.person
        if self.keeps(name) or (person and spine):
            out.append(name)
        if self.keeps(f"{name}_raw"):
            out.append(f"{name}_raw")
        elif person:
            out.append(f"CASE WHEN NOT ({usable}) THEN {name}_raw END AS {name}_raw")
        return out + ([f"{name}_quality"] if person or self.keeps(f"{name}_quality") else [])

    def print(self) -> str:
        """128 bits of all columns, for a table without a key."""
        values = [f"coalesce({c['name']}, concat('raw ', {c['name']}_raw))" if c["type"] == "citizen_id" else f"CAST({c['name']} AS VARCHAR)"
                  for c in self.table["columns"] if c["name"] in self.mapped]
        return f"md5_number(concat_ws(chr(31), {', '.join(f'coalesce({v}, chr(30))' for v in values)}))"

    def repeats(self) -> list[str]:
        """Deletes exact repeats, and rows that repeat the table's key; the first row stays. Then what only this asked for."""
        table, key = self.feed["table"], self.table.get("key") or ["row_print"]
        same = " AND ".join(f"{table}.{k} IS NOT DISTINCT FROM d.{k}" for k in key)
        delete = (f"DELETE FROM {table} USING (SELECT {', '.join(key)}, min(rowid) AS first FROM {table} GROUP BY {', '.join(key)} "
                  f"HAVING count(*) > 1) d WHERE {same} AND {table}.rowid > d.first")
        return [delete] + [f"ALTER TABLE {table} DROP COLUMN {k}" for k in key if not self.asks(k)]


def empty(name: str, table: dict) -> str:
    """A table that no feed fills."""
    columns = ["person_key BIGINT", "link VARCHAR"] if table["grain"] == "person" else []
    for column in table["columns"]:
        columns.append(f"{column['name']} {sql_type(column['type'])}")
        if column["type"] == "citizen_id":
            columns += [f"{column['name']}_raw VARCHAR", f"{column['name']}_quality VARCHAR"]
    return f"CREATE TABLE {name} ({', '.join(columns)})"


def sql_type(kind: str) -> str:
    return {"int": "BIGINT", "bool": "BOOLEAN", "date": "DATE", "month": "DATE"}.get(
        kind, kind if kind.startswith("decimal") else "VARCHAR")
