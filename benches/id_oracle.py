#!/usr/bin/env python3
"""Holds bidui's reading of citizen IDs against python-stdnum (stdnum.cn.ric), which was written elsewhere.

Numbers that stdnum published and numbers made here go through a night of a tiny pipeline; the column `id_no_quality`
says what each is. Checksum, date and format are compared; birth places apart, for bidui looks no prefix up on purpose.
Ends with 1 when there is a difference that nothing here explains.
"""

import argparse
import csv
import random
import re
import shutil
import subprocess
import sys
import tarfile
import unicodedata
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import duckdb
import measure
from stdnum.cn import ric
from stdnum.exceptions import ValidationError
from stdnum.util import isdigits

DATE = "2026-11-10"
PIPELINE = {
    "pipeline.yaml": """title: {zh: 号码, en: Numbers}
division_root: "62"
divisions: [division]
buckets: 2
identity: {spine: [number], secret: {demo: "demo secret: never use with real data"}}
retention: {nights: 2}
""",
    "codes/division.csv": "code,label,aliases,parent,level\n62,甘肃省,,,1\n",
    "tables/number.yaml": """title: {zh: 号码, en: Number}
about: One number in each row.
grain: person
key: [case_no]
person: {id: id_no}
columns:
  - {name: case_no, type: int, title: 序号, privacy: open}
  - {name: id_no, type: citizen_id, title: 号码, privacy: direct}
""",
    "feeds/number.yaml": """title: {zh: 号码, en: Numbers}
sender: 测试
table: number
files: "号码_{period:%Y%m%d}.csv"
format: {kind: csv, encoding: utf-8}
delivery: {kind: snapshot, cadence: monthly}
columns:
  - {to: case_no, from: [序号], required: true}
  - {to: id_no, from: [号码]}
""",
}
USABLE = {"valid", "repaired", "upgraded15", "disability"}
LOOKS = str.maketrans({"O": "0", "I": "1", "L": "1", "|": "1", "Х": "X", "Χ": "X", "×": "X", "Ⅹ": "X", "О": "0", "〇": "0"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bidui", type=Path, required=True, help="the binary")
    parser.add_argument("--sdist", type=Path, help="python-stdnum's source archive, whose tests publish numbers [default: pip]")
    parser.add_argument("--samples", type=int, default=40, help="numbers that are damaged in every way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-id-oracle"))
    args = parser.parse_args()
    shutil.rmtree(args.work, ignore_errors=True)
    args.work.mkdir(parents=True)
    numbers = published(args) + list(made(random.Random(args.seed), args.samples))
    verdicts = night(args, [raw for _, raw in numbers])
    sets, classes, places, unexplained = {}, Counter(), Counter(), []
    for (group, raw), (quality, reading) in zip(numbers, verdicts, strict=True):
        failures = outside(raw)
        counts = sets.setdefault(group, Counter())
        known = "accept" if not failures & {"length", "format", "date", "checksum"} else "refuse"
        if known == "accept":
            places[(place(raw), "usable" if quality in USABLE else quality)] += 1
        if agree(raw, quality, reading, failures):
            counts[known] += 1
        elif reason := explain(raw, quality, reading, failures):
            counts["explained"] += 1
            classes[(reason, quality, "+".join(sorted(failures)) or "accepts")] += 1
        else:
            counts["unexplained"] += 1
            unexplained.append((group, shown(raw), quality, "+".join(sorted(failures)) or "accepts"))
    print(f"{len(numbers)} numbers, python-stdnum {version('python-stdnum')}\n")
    print("| numbers | of them | both accept | both refuse, same reason | explained | unexplained |\n|---|---|---|---|---|---|")
    for group, c in sets.items():
        print(f"| {group} | {c.total()} | {c['accept']} | {c['refuse']} | {c['explained']} | {c['unexplained']} |")
    print("\n| difference that is meant | bidui | stdnum | numbers |\n|---|---|---|---|")
    for (reason, quality, failures), count in sorted(classes.items()):
        print(f"| {reason} | {quality} | {failures} | {count} |")
    print("\n| birth place by stdnum, of numbers that it accepts but for that | bidui | numbers |\n|---|---|---|")
    for (word, quality), count in sorted(places.items()):
        print(f"| {word} | {quality} | {count} |")
    for line in unexplained[:50]:
        print("unexplained:", *line)
    sys.exit(1 if unexplained else 0)


# -- numbers ------------------------------------------------------------------------------------------------------------


def published(args: argparse.Namespace) -> list[tuple[str, str]]:
    """The numbers of stdnum's page and tests. None is kept in this repository: they begin with codes of real places."""
    texts = [ric.__doc__]
    if args.sdist is None:
        name = f"python-stdnum=={version('python-stdnum')}"
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", args.work, name]
        subprocess.run(pip, check=True)
        args.sdist = next(args.work.glob("*.tar.gz"))
    with tarfile.open(args.sdist) as archive:
        tests = [m for m in archive.getmembers() if m.name.endswith("tests/test_cn_ric.doctest")]
        texts += [archive.extractfile(m).read().decode() for m in tests]
    calls = re.findall(r"ric\.\w+\('([^']+)'\)|validate\('([^']+)'\)", "\n".join(texts))
    return [("published by stdnum", a or b) for a, b in calls]


def made(rng: random.Random, samples: int):
    """Numbers of no place (629…), and every way to damage them."""
    check = lambda first: first + ric.calc_check_digit(first + "0")  # noqa: E731
    some = []
    while len(some) < samples:
        day = f"{rng.randint(1900, 2026)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
        number = check(f"629{rng.randint(0, 999):03}{day}{rng.randint(1, 999):03}")
        # Half of them with X, which is a rare check character.
        if len(some) % 2 or number[-1] == "X":
            some.append(number)
    for number in some:
        for last in "0123456789Xx":
            yield "every check character", number[:17] + last
        for at in range(18):
            for digit in "0123456789" + "X" * (at == 17):
                if digit != number[at]:
                    yield "one character substituted", number[:at] + digit + number[at + 1:]
            yield "one character dropped", number[:at] + number[at + 1:]
            yield "one digit added", number[:at] + str(rng.randint(0, 9)) + number[at:]
            if at < 17 and number[at] != number[at + 1]:
                yield "two neighbours swapped", number[:at] + number[at + 1] + number[at] + number[at + 2:]
        yield from spelt(number)
        for tail in ("11", "74", "43B1", "01", "81", "1", "00", "0000"):
            yield "a card's tail", number + tail
            yield "a card's tail", number[:17] + "0123456789X"[(int(number[9]) + 3) % 11] + tail
        for form in (number[:15] + "000", f"{number[0]}.{number[1:15]}E+17", f"{number[0]}.{number[1:6]}E+17"):
            yield "a number cell", form
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWYZ":
            yield "another last letter", number[:17] + letter
            yield "a letter inside", number[:9] + letter + number[10:]
    for year in (1800, 1899, 1900, 1901, 1904, 1996, 1999, 2000, 2001, 2023, 2024, 2026, 2096, 2099, 2100, 2400):
        for month in range(14):
            for day in range(33):
                yield "every day of a year", check(f"629101{year:04}{month:02}{day:02}001")
    for year in range(1, 3000):
        for name, day in (("29 February", "0229"), ("1 January", "0101")):
            yield name, check(f"629101{year:04}{day}002")
    for year in range(100):
        for month, day in ((2, 29), (2, 28), (4, 31), (12, 31), (0, 1), (13, 1), (1, 0)):
            old = f"629101{year:02}{month:02}{day:02}{rng.randint(1, 999):03}"
            yield "fifteen digits", old
            yield "fifteen digits", old[:6] + "19" + old[6:]
    for _ in range(100 * samples):
        yield "at random", "629" + "".join(rng.choices("0123456789", k=15))
        yield "at random, with a day", f"629{rng.randint(0, 999):03}{rng.randint(1900, 2026)}{rng.randint(1, 12):02}" \
            f"{rng.randint(1, 31):02}{rng.randint(0, 999):03}{rng.choice('0123456789X')}"
    for first in ["0" + "1" * 16, "9" * 17, "1" * 17, "00000019900101001", "02910119900101001"]:
        yield "stands in", check(first)
    for text in ("9" * 18, "1" * 18, "123456789012345678", "123456" + "199001010011", "", "0", "无"):
        yield "stands in", text


def spelt(number: str):
    """The same number as departments write it."""
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    yield "written otherwise", number.lower()
    for text in (wide, wide.lower(), f"'{number}", f"`{number}", f"{number}.0", f"\u200b{number}\ufeff"):
        yield "written otherwise", text
    for gap in (" ", "-", "\u3000", "\u00a0", "－", "–"):
        yield "written otherwise", gap.join((number[:6], number[6:14], number[14:]))
    for digit, letter in (("0", "O"), ("0", "〇"), ("1", "l"), ("1", "I"), ("1", "|"), ("X", "Х"), ("X", "×"), ("X", "Χ")):
        if digit in number[1:]:
            yield "look-alikes", number[0] + number[1:].replace(digit, letter)


# -- verdicts -----------------------------------------------------------------------------------------------------------


def night(args: argparse.Namespace, numbers: list[str]) -> list[tuple[str, str | None]]:
    """What bidui says each number is, and how it reads it."""
    for name, text in PIPELINE.items():
        path = args.work / "pipeline" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    extract = args.work / "extracts" / DATE / f"号码_{DATE.replace('-', '')}.csv"
    extract.parent.mkdir(parents=True)
    with extract.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["序号", "号码"])
        writer.writerows(enumerate(numbers))
    lake = args.work / "lake"
    run = [args.bidui, "run", args.work / "pipeline", "--input", args.work / "extracts", "--lake", lake, "--date", DATE, "-q"]
    measure.run(run)
    rows = f"SELECT id_no_quality, id_no FROM '{lake}/deliveries/number/*/rows.parquet' ORDER BY case_no"
    return duckdb.sql(rows).fetchall()


def outside(raw: str) -> set[str]:
    """What stdnum has against a number. It stops at its first objection; here each is asked for."""
    number = ric.compact(raw)
    if len(number) != 18:
        return {"length"}
    if not isdigits(number[:-1]):
        return {"format"}
    failures = set() if number[-1] == ric.calc_check_digit(number) else {"checksum"}
    try:
        ric.get_birth_date(number)
    except ValidationError:
        failures.add("date")
    return failures


def place(raw: str) -> str:
    try:
        ric.get_birth_place(raw)
        return "known"
    except ValidationError:
        return "unknown, or not at that time"
    except KeyError:
        return "unknown in a known province (stdnum raises KeyError)"


def agree(raw: str, quality: str, reading: str | None, failures: set[str]) -> bool:
    if quality in ("valid", "repaired"):
        return not failures and reading == ric.compact(raw)
    if reading is not None:
        return False
    return (quality == "length" and bool(failures & {"length", "format"})
            or quality == "checksum" and failures == {"checksum"}
            or quality == "bad_date" and "date" in failures)


def explain(raw: str, quality: str, reading: str | None, failures: set[str]) -> str | None:
    """Why bidui and stdnum differ, where they should."""
    text = unicodedata.normalize("NFKC", raw.translate(LOOKS)).upper().translate(LOOKS)
    text = re.sub(r"\.0+$", "", re.sub(r"[\s'`,\-–\u200b\ufeff]", "", text))
    if quality == "repaired" and failures & {"length", "format", "checksum"} and reading == text and not outside(text):
        return "another spelling is put right"
    if quality == "upgraded15" and re.fullmatch(r"\d{15}", text):
        new = text[:6] + "19" + text[6:] + "0"
        return "fifteen digits are brought to 18" if reading == new[:17] + ric.calc_check_digit(new) and not outside(reading) else None
    if quality == "disability" and len(text) in (20, 22) and reading == text[:18] and not outside(reading):
        return "a card that begins with an ID"
    if reading is not None:
        return None
    if quality in ("checksum", "bad_date") and "format" in failures and agree(text, quality, None, outside(text)):
        return "another spelling of a wrong number"
    if quality == "bad_date" and len(text) == 15 and "date" in outside(text[:6] + "19" + text[6:] + "0"):
        return "fifteen digits with an impossible day"
    if quality == "bad_date" and not failures & {"length", "format"} and not 1900 <= int(text[6:10]) <= 2099:
        return "a year outside 1900 to 2099"
    if quality in ("checksum", "bad_date") and len(text) in (20, 22) and agree(text[:18], quality, None, outside(text[:18])):
        return "a card that begins with no ID"
    if re.fullmatch(r"\d\.\d+E\+17", text):
        digits = text[0] + text[2:text.index("E")]
        day = "date" not in outside(digits[:15].ljust(18, "0"))
        fits = {"scientific": len(digits) < 13, "truncated15": len(digits) >= 13 and day, "bad_date": not day}
        return "a number cell" if fits.get(quality) else None
    if quality == "truncated15" and text.endswith("000") and "date" not in outside(text[:18]) and outside(text[:18]):
        return "a number cell"
    if quality in ("missing", "placeholder") and not re.search(r"\d", text):
        return "no number"
    if quality == "placeholder" and (len(set(text)) == 1 or text.startswith(("999999", "000000", "123456"))):
        return "stands in for a number"
    if quality == "length" and text.startswith("0"):
        return "begins with 0"
    if quality == "length" and re.search(r"[A-WYZ]$", text):
        return "ends with a letter other than X"
    # A passport's form is tried before the length of an ID.
    if quality == "other_document" and failures & {"length", "format"}:
        return "another document"
    return None


def shown(raw: str) -> str:
    """A number as it may be printed: in full only when it is of no place."""
    return repr(raw if raw.startswith("629") else raw[:6] + "…")


if __name__ == "__main__":
    main()
