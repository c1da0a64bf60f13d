"""Raw extracts to something that DuckDB can scan; all of this counts as DuckDB's time.

DuckDB reads UTF-8 CSV, NDJSON and Parquet itself. Other encodings are brought to UTF-8 by Python's
codecs, archives are unpacked, workbooks and fixed-width files become Arrow files. Headings are found
and bound here too. The functions run in worker processes.
"""

import codecs
import csv
import datetime
import json
import os
import unicodedata
import zipfile
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from .contract import NULLS, SKIP

CHUNK = 32 << 20
HEAD = 256 << 10
SMALL = 1 << 20
BRACKETS = str.maketrans("【〔[{〖】〕]}〗", "((((()))))")


def heading(text: str) -> str:
    """A heading for comparison: NFKC, small letters, no blanks, one kind of bracket."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = "".join(c for c in text if not c.isspace() and c not in "\ufeff\u200b")
    return text.translate(BRACKETS).strip("*")


def wanted(feed: dict) -> list[tuple[str, list[str]]]:
    """Raw columns of a feed with their headings; the levels of a path are `to__0`, `to__1` …"""
    out = []
    for column in feed["columns"]:
        for level, names in enumerate(column.get("path", [])):
            out.append((f"{column['to']}__{level}", [heading(n) for n in names.split("|")]))
        if "path" not in column:
            names = column.get("from") or [column["to"]]
            out.append((column["to"], [heading(n) for n in names]))
    return out


def bind(headings: list[str], wants: list) -> dict[str, int]:
    """Where the raw columns stand."""
    places = {}
    for place, text in enumerate(headings):
        places.setdefault(text, place)
    found = ((to, next((places[n] for n in names if n in places), None)) for to, names in wants)
    return {to: place for to, place in found if place is not None}


def find_header(rows: list[list[str]], wants: list) -> tuple[int, dict[str, int]]:
    """Rows down to and with the heading, and the columns; a heading may be merged of two rows."""
    best: tuple[int, dict[str, int]] = (0, {})
    for at, row in enumerate(rows[:20]):
        own = [heading(c) for c in row]
        candidates = [(at + 1, own)]
        if at + 1 < len(rows):
            below = [heading(c) for c in rows[at + 1]]
            below += [""] * (len(own) - len(below))
            candidates.append((at + 2, [b or a for a, b in zip(own, below)]))
        for end, texts in candidates:
            bound = bind(texts, wants)
            if len(bound) > len(best[1]):
                best = (end, bound)
    return best


def encoding_of(head: bytes, declared: str) -> tuple[str, int]:
    """Encoding and length of the byte order mark."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
                       (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return name, len(mark)
    if declared != "auto":
        return {"utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}.get(declared, declared), 0
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030", 0
    return "utf-8", 0


def inspect(path: Path, feed: dict) -> dict:
    """Encoding, delimiter, heading and first byte of the data of a CSV file."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    shape = feed.get("format", {})
    encoding, mark = encoding_of(head, shape.get("encoding", "auto"))
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head[mark:])
    lines = text.split("\n")[:40]
    delimiter = shape.get("delimiter", "auto")
    if delimiter == "auto":
        delimiter = max(",\t;|", key=lambda d: sum(line.count(d) for line in lines))
    rows = list(csv.reader(lines, delimiter=delimiter))
    end, bound = find_header(rows, wanted(feed))
    data = mark + sum(len((line + "\n").encode(encoding)) for line in lines[:end])
    return {"path": path, "encoding": encoding, "delimiter": delimiter, "skip": end, "bound": bound,
            "width": len(rows[end - 1]), "data": data, "header": rows[end - 1]}


def ranges(info: dict) -> list[tuple[int, int]]:
    """Parts of a file that end with a line; no byte of a GB18030 character is a line feed."""
    size = info["path"].stat().st_size
    if info["encoding"] != "gb18030":
        return [(info["data"], size)]
    cuts = [info["data"]]
    with info["path"].open("rb") as file:
        while cuts[-1] + CHUNK < size:
            file.seek(cuts[-1] + CHUNK)
            file.readline()
            cuts.append(file.tell())
    return list(zip(cuts, [*cuts[1:], size]))


def transcode(path: Path, encoding: str, start: int, end: int, out: Path) -> Path:
    """Part of a file in UTF-8."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with path.open("rb") as source, out.open("wb") as target:
        source.seek(start)
        while start < end and (block := source.read(min(4 << 20, end - start))):
            start += len(block)
            target.write(decoder.decode(block).encode())
    return out


def unzip(path: Path, out: Path) -> list[Path]:
    out.mkdir(parents=True)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(out)
    return sorted(p for p in out.rglob("*") if p.is_file())


def cell(value) -> str:
    """A workbook's cell that is no text, as text."""
    if isinstance(value, float):
        number = Decimal(repr(value))
        return str(int(number)) if number == number.to_integral_value() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return "" if value is None else str(value).strip()


class Layout:
    """Recognises rows that are no data: blanks, headings again, column numbers, totals, signatures."""

    def __init__(self, above: list[list[str]]):
        self.skip = tuple(map(heading, SKIP))
        self.known = {tuple(map(heading, row)) for row in above}
        filled = [c for row in self.known for c in row if c] + list(self.skip)
        # Most rows are told apart by their first character.
        self.firsts = {c[0] for c in filled} | {"1", "　"}

    def holds(self, row: list[str], first_rows: bool) -> bool:
        first = next(filter(None, row), "")
        if not first:
            return True
        if first[0] not in self.firsts:
            return False
        if heading(first).startswith(self.skip):
            return True
        filled = [c for c in row if c]
        numbers = filled == [str(n) for n in range(1, len(filled) + 1)]
        return (numbers and len(filled) >= (2 if first_rows else 5)) or tuple(map(heading, row)) in self.known


def to_arrow(sheets: list[list[list[str]]], feed: dict, tables: dict, out: Path) -> Path:
    """Rows of text as an Arrow file with the raw columns of the feed."""
    kinds = {c["name"]: c["type"] for c in tables[feed["table"]]["columns"]}
    wants = wanted(feed)
    columns: dict[str, list] = {to: [] for to, _ in wants}
    nulls = set(feed.get("format", {}).get("nulls", NULLS))
    for rows in sheets:
        end, bound = find_header(rows, wants)
        if len(bound) < 2:
            continue
        layout = Layout(rows[:end])
        width = max(map(len, rows[max(0, end - 2):end]))
        data = [r for n, r in enumerate(rows[end:]) if len(r) == width and not layout.holds(r, n < 2)]
        for to, values in columns.items():
            if (at := bound.get(to)) is None:
                values.extend([None] * len(data))
                continue
            kind = kinds[to.split("__")[0]]
            none = {"", "\\N"} if kind == "citizen_id" else nulls - {"无"} if kind == "bool" else nulls
            values.extend(None if r[at] in none else r[at] for r in data)
    table = pa.table({to: pa.array(v, pa.string()) for to, v in columns.items()})
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
    return out


def workbook(path: Path, feed: dict, tables: dict, out: Path) -> Path:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    sheets = [[[c.strip() if type(c) is str else cell(c) for c in row] for row in book.get_sheet_by_name(name).to_python()]
              for name in book.sheet_names]
    return to_arrow(sheets, feed, tables, out)


def small_csv(path: Path, feed: dict, tables: dict, out: Path) -> Path:
    """A CSV file that is not worth a scan of its own."""
    info = inspect(path, feed)
    text = path.read_bytes().decode(info["encoding"], "replace").removeprefix("\ufeff")
    rows = []
    for line in text.split("\n"):
        try:
            rows += csv.reader([line.rstrip("\r")], delimiter=info["delimiter"], strict=True)
        except csv.Error:
            continue
    rows = [[c.strip() for c in row] for row in rows]
    return to_arrow([rows], feed, tables, out)


def fixed(path: Path, feed: dict, tables: dict, out: Path) -> Path:
    """Fixed width: cut by bytes of the original encoding, then decoded."""
    shape = feed["format"]
    cuts, start = [], 0
    for width in shape["widths"]:
        cuts.append(slice(start, start + width))
        start += width
    names = [c.get("from", [c["to"]])[0] for c in feed["columns"]]
    rows = [names]
    for line in path.read_bytes().split(b"\n"):
        if line.strip():
            rows.append([line[c].decode(shape["encoding"], "replace").strip() for c in cuts])
    return to_arrow([rows], feed, tables, out)


def json_keys(path: Path, feed: dict) -> dict[str, str]:
    """Raw columns to the keys of an NDJSON file, by its first line."""
    with path.open(encoding="utf-8") as file:
        keys = list(json.loads(file.readline()))
    return {to: keys[at] for to, at in bind([heading(k) for k in keys], wanted(feed)).items()}


def parquet_columns(path: Path, feed: dict) -> dict[str, str]:
    """Raw columns to the columns of a Parquet file."""
    keys = pa.parquet.read_schema(path).names
    return {to: keys[at] for to, at in bind([heading(k) for k in keys], wanted(feed)).items()}


def cores() -> int:
    return len(os.sched_getaffinity(0))
