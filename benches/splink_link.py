#!/usr/bin/env python3
"""Splink 5 on DuckDB beside bidui, on the worlds of link.py: the same extracts, the same pairs, the same truth.

Splink begins with the typed values of bidui's lake: IDs checked and brought to 18, names cleaned, dates and divisions read.
That makes it stronger than on the extracts themselves. What it needs beyond them (pinyin, parts of IDs, households) is made
in Python and timed apart. Of the persons that it offers for a row the likeliest is taken.
"""

import argparse
import json
import re
import sys
from datetime import date
from pathlib import Path

import duckdb
import link
import measure
import pyarrow as pa
import pyarrow.parquet
import yaml

NO_SPOIL = {"id_15", "id_look_alike"}
LOOKS = str.maketrans("OIL|", "0111")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bidui", type=Path, help="the binary")
    parser.add_argument("--people", type=int, default=20000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--worlds", nargs="+", choices=link.WORLDS, default=list(link.WORLDS))
    parser.add_argument("--feeds", nargs="+", default=["resident", "poverty_member", "insured", "disease_reg", "inpatient"])
    parser.add_argument("--pipeline", type=Path, default=link.PIPELINE)
    parser.add_argument("--date", default="2026-11-10")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bidui-link"))
    parser.add_argument("--stage", choices=["prepare", "splink"], help="only this one, for the world `--name`")
    parser.add_argument("--name")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    if args.stage:
        {"prepare": prepare, "splink": splink}[args.stage](args)
        return
    head = ["world", "seed", "rows", "method", "precision", "recall", "F1", "wrong", "missed", "CPU s", "wall s", "MB"]
    table, results = [head], []
    for world in args.worlds:
        for seed in args.seeds:
            ours = link.one(args, world, seed)
            name = f"{world}-{args.people}-{seed}"
            cost = {}
            for stage in ("prepare", "splink"):
                again = ["--feeds", *args.feeds, "--pipeline", args.pipeline, "--work", args.work, "--name", name]
                cost[stage] = measure.run([sys.executable, __file__, "--stage", stage, *again])
            theirs = score(args.work / f"splink-{name}")
            results.append({"world": world, "seed": seed, "bidui": ours, "splink": theirs, "cost": cost})
            for rows in ("all", "bad_id"):
                methods = {"bidui": (ours["scores"][rows]["night"], ours["cost"])}
                methods |= {f"Splink, {at}": (pairs[rows], cost["splink"]) for at, pairs in theirs.items()}
                for method, (pairs, spent) in methods.items():
                    shares = [f"{rate:.5f}" for rate in link.rates(pairs)]
                    costs = [spent["cpu_s"], spent["wall_s"], spent["peak_mib"]] if rows == "all" else ["", "", ""]
                    table.append([world, seed, rows, method, *shares, pairs["wrong"], pairs["missed"], *costs])
            spent = cost["prepare"]
            table.append([world, seed, "", "Splink's preparation", *[""] * 5, spent["cpu_s"], spent["wall_s"], spent["peak_mib"]])
    (args.work / "splink_link.json").write_text(json.dumps(results, ensure_ascii=False, indent=1))
    print(measure.table(table))


# -- preparation --------------------------------------------------------------------------------------------------------


def prepare(args: argparse.Namespace) -> None:
    """Rows of the lake with what Splink compares, and whose each is, into `splink-NAME/rows.parquet`."""
    import xxhash

    lake, out = args.work / f"lake-{args.name}", args.work / f"splink-{args.name}"
    out.mkdir(exist_ok=True)
    truth = {}
    for file in sorted((args.work / f"extracts-{args.name}/truth").glob("links-*.csv")):
        for line in file.read_text().splitlines()[1:]:
            _, mark, person, classes, _ = line.split(",")
            truth[int(mark, 16)] = (int(person), any(map(spoils, classes.split("+"))))
    rows, sounds = [], {}
    for number, feed in enumerate(args.feeds):
        table = yaml.safe_load(find(args.pipeline, f"feeds/{feed}.yaml").read_text())["table"]
        spec = yaml.safe_load(find(args.pipeline, f"tables/{table}.yaml").read_text())
        kinds = {c["name"]: c["type"] for c in spec["columns"]}
        key = [c for c in spec.get("key", []) if kinds[c] in ("text", "int")]
        roles = [spec["person"].get(r) or "NULL" for r in ("name", "birth", "sex", "village", "household")]
        id_no = spec["person"]["id"]
        texts = ", ".join([id_no, f"coalesce({id_no}_raw, '')", f"{id_no}_quality", *(f"CAST({r} AS VARCHAR)" for r in roles),
                           *(f"coalesce(CAST({c} AS VARCHAR), '')" for c in key)])
        files = f"{lake}/deliveries/{feed}/*/rows.parquet"
        for valid, raw, quality, name, birth, sex, village, household, *own in duckdb.sql(f"SELECT {texts} FROM '{files}'").fetchall():
            told = valid or ("number" if quality in ("truncated15", "scientific") else raw.strip())
            day = f"Some({epoch_day(birth)})" if birth else "None"
            mark = "|".join([f"{table}|{told}|{name or ''}|{day}", *own])
            person, bad = truth.get(xxhash.xxh3_128_intdigest(mark.encode()), (None, False))
            if person is None:
                continue
            row = traits(valid, raw, quality, name, birth, sex, village, sounds)
            rows.append(row | {"unique_id": len(rows), "master": number == 0, "person": person, "bad_id": bad,
                               "household": household and f"{number}:{household}"})
    concord(rows)
    pa.parquet.write_table(pa.Table.from_pylist(rows), out / "rows.parquet")


def spoils(error: str) -> bool:
    """As `spoils_id` of src/fake/errors."""
    return error not in NO_SPOIL and error.startswith(("id_", "newborn"))


def find(pipeline: Path, name: str) -> Path:
    own = pipeline / name
    base = yaml.safe_load((pipeline / "pipeline.yaml").read_text()).get("extends")
    return own if own.exists() or not base else find(pipeline.parent / base, name)


def epoch_day(day: str) -> int:
    return date.fromisoformat(day).toordinal() - 719163


def traits(valid, raw, quality, name, birth, sex, village, sounds: dict) -> dict:
    """What Splink compares of a row."""
    from pypinyin import lazy_pinyin

    name = re.sub("[· ]", "", name or "").lower() or None
    if name and name not in sounds:
        sounds[name] = lazy_pinyin(name, errors=list)
    sound = sounds.get(name, [])
    text, pre15 = valid, valid and valid[:15]
    if quality == "truncated15":
        text = pre15 = re.sub(r"\D", "", raw.upper().split("E")[0]).ljust(15, "0")[:15]
    elif quality in ("checksum", "bad_date", "length"):
        left = re.sub(r"[^0-9A-Z]", "", raw.upper().translate(LOOKS))
        text = left if 14 <= len(left) <= 22 else None
    born = birth and birth.replace("-", "")
    id_birth = valid and valid[6:14]
    sex = sex if sex in ("1", "2") else valid and "21"[int(valid[16]) % 2]
    village = village if village and village != "0" * 12 else None
    town = village and village[:9]
    return {
        "id": text, "id18": valid, "pre15": pre15, "id_birth": id_birth, "id_tail": text and len(text) >= 17 and text[-12:] or None,
        "id_head": text and text[:14], "id_end": text and text[-4:], "name": name, "sound": " ".join(sound) or None,
        "surname": sound[0] if sound else None, "letters": name and "".join(sorted(name)), "birth": born, "born": born or id_birth,
        "year": (born or id_birth or "")[:4] or None, "sex": sex, "village": village if village and village[9:] != "000" else None,
        "town": town if town and town[6:] != "000" else None, "county": village and village[:6],
    }


def concord(rows: list[dict]) -> None:
    """Household numbers of another list become those of the master where a member with a good ID lives."""
    homes = {r["id18"]: r["household"] for r in rows if r["master"] and r["id18"]}
    same = {}
    for row in rows:
        if not row["master"] and row["household"] and row["id18"] in homes:
            same.setdefault(row["household"], []).append(homes[row["id18"]])
    for row in rows:
        if not row["master"] and row["household"]:
            found = same.get(row["household"])
            row["household"] = max(sorted(set(found)), key=found.count) if found else None


# -- Splink -------------------------------------------------------------------------------------------------------------


def level(sql: str, **more) -> dict:
    return {"sql_condition": sql, "label_for_charts": sql[:40], **more}


def comparison(column: str, *levels: dict) -> dict:
    null = level(f"{column}_l IS NULL OR {column}_r IS NULL", is_null_level=True)
    return {"output_column_name": column, "comparison_levels": [null, *levels, level("ELSE")]}


def comparisons() -> list[dict]:
    frequent = lambda column: {"tf_adjustment_column": column, "tf_adjustment_weight": 1.0}  # noqa: E731
    # DuckDB's distances count bytes: names are compared character by character. Damerau's is dear: one part must be equal.
    part = "(left(id_l, 6) = left(id_r, 6) OR right(id_l, 8) = right(id_r, 8) OR substr(id_l, 7, 8) = substr(id_r, 7, 8))"
    at = lambda i: f"CAST(name_l[{i}] = name_r[{i}] AS INT)"  # noqa: E731
    slip = f"length(name_l) = length(name_r) AND length(name_l) >= 3 AND {' + '.join(map(at, range(1, 13)))} >= 11"
    dropped = ("abs(length(name_l) - length(name_r)) = 1 AND least(length(name_l), length(name_r)) >= 2 AND name_l[1] = name_r[1]"
               " AND (name_l[-1] = name_r[-1] OR starts_with(name_l, name_r) OR starts_with(name_r, name_l))")
    cut = ("least(length(name_l), length(name_r)) >= 4 AND (starts_with(name_l, name_r) OR starts_with(name_r, name_l))"
           " OR name_l[1] IN ('小', '阿') AND name_l[-1] = name_r[-1] OR name_r[1] IN ('小', '阿') AND name_l[-1] = name_r[-1]")
    year, md = "left(birth_{0}, 4)", "right(birth_{0}, 4)"
    both = lambda part: f"{part.format('l')} = {part.format('r')}"  # noqa: E731
    swapped = f"{both(year)} AND substr(birth_l, 5, 2) = right(birth_r, 2) AND right(birth_l, 2) = substr(birth_r, 5, 2)"
    parts = " + ".join(f"CAST({both(p)} AS INT)" for p in (year, "substr(birth_{0}, 5, 2)", "right(birth_{0}, 2)"))
    days = "abs(date_diff('day', strptime(birth_l, '%Y%m%d'), strptime(birth_r, '%Y%m%d')))"
    return [
        comparison("id", level("id_l = id_r"), level("pre15_l = pre15_r AND (length(id_l) = 15 OR length(id_r) = 15)"),
                   level(f"{part} AND damerau_levenshtein(id_l, id_r) <= 1"),
                   level(f"{part} AND damerau_levenshtein(id_l, id_r) <= 2"), level("left(id_l, 14) = left(id_r, 14)")),
        comparison("name", level("name_l = name_r", **frequent("name")), level("sound_l = sound_r"), level(slip),
                   level(f"letters_l = letters_r OR {dropped}"), level(cut), level("surname_l = surname_r")),
        comparison("birth", level("birth_l = birth_r"), level(swapped),
                   level(f"{both(md)} AND abs(CAST({year.format('l')} AS INT) - CAST({year.format('r')} AS INT)) = 1"),
                   level(f"{both(year)} AND (right(birth_l, 4) = '0101' OR right(birth_r, 4) = '0101')"), level(f"{parts} = 2"),
                   level(f"{days} BETWEEN 15 AND 55"), level(both(year))),
        comparison("sex", level("sex_l = sex_r")),
        comparison("county", level("village_l = village_r", **frequent("village")), level("town_l = town_r", **frequent("town")),
                   level("county_l = county_r")),
        comparison("household", level("household_l = household_r")),
    ]


def splink(args: argparse.Namespace) -> None:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    out = args.work / f"splink-{args.name}"
    # In a dense county a name and a county are thousands.
    near = "town" if args.name.startswith("dense") else "county"
    blocks = [("id",), ("pre15",), ("id_tail",), ("id_head", "surname"), ("name", "id_end"), ("name", "born"), ("name", "id_birth"),
              ("sound", near, "sex"), ("sound", "county", "year"), ("born", near, "sex"), ("born", "county", "surname"),
              ("household", "sex")]
    settings = SettingsCreator(
        link_type="link_only", comparisons=comparisons(), retain_matching_columns=False,
        blocking_rules_to_generate_predictions=[block_on(*b) for b in blocks])
    con = duckdb.connect()
    con.execute(f"CREATE TABLE all_rows AS FROM '{out}/rows.parquet'")
    api = DuckDBAPI(connection=con)
    sides = [api.register(con.sql(f"SELECT * EXCLUDE (person, bad_id, master) FROM all_rows WHERE {w}").to_arrow_table(),
                          dataset_display_name=n) for n, w in (("a", "master"), ("b", "NOT master"))]
    linker = Linker(sides, settings)
    linker.training.estimate_probability_two_random_records_match([block_on("id18", "name")], recall=0.85)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for rule in (("id18",), ("name", "born")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*rule), estimate_without_term_frequencies=True)
    found = linker.inference.predict(threshold_match_weight=-10)
    # The likeliest for each row.
    con.execute(f"""COPY (SELECT unique_id_r AS row, arg_max(unique_id_l, match_weight) AS master, max(match_weight) AS weight,
        arg_max(match_probability, match_weight) AS p FROM {found.physical_name} GROUP BY 1) TO '{out}/found.parquet'""")
    (out / "model.json").write_text(json.dumps(linker.misc.save_model_to_json(), ensure_ascii=False, indent=1))


def score(out: Path) -> dict:
    """Pairs as `bidui truth --links` counts them, at the best threshold for F1 over all rows, and at p ≥ 0.99."""
    rows = duckdb.sql(f"""SELECT r.bad_id, m.person = r.person AS right, r.person IN (SELECT person FROM '{out}/rows.parquet'
        WHERE master) AS known, f.weight, f.p FROM '{out}/rows.parquet' r LEFT JOIN '{out}/found.parquet' f ON f.row = r.unique_id
        LEFT JOIN '{out}/rows.parquet' m ON m.unique_id = f.master WHERE NOT r.master ORDER BY f.weight DESC NULLS LAST""").fetchall()
    known, right, best = sum(k for _, _, k, _, _ in rows), 0, (0.0, 0)
    for count, (_, hit, _, weight, _) in enumerate(rows, 1):
        if weight is None:
            break
        right += hit
        last = count == len(rows) or rows[count][3] != weight
        if last and 2 * right / (count + known) > best[0]:
            best = (2 * right / (count + known), count)
    sure = sum(p is not None and p >= 0.99 for *_, p in rows)
    ends = {f"best threshold (w ≥ {rows[best[1] - 1][3]:.1f})": best[1], "p ≥ 0.99": sure}
    return {name: {"all": pairs(rows, end), "bad_id": pairs(rows, end, True)} for name, end in ends.items()}


def pairs(rows: list, end: int, bad: bool = False) -> dict:
    taken = [(hit, at < end, known) for at, (bad_id, hit, known, *_) in enumerate(rows) if bad_id or not bad]
    right = sum(bool(hit) and found for hit, found, _ in taken)
    return {"right": right, "wrong": sum(found for _, found, _ in taken) - right, "missed": sum(k for *_, k in taken) - right}


if __name__ == "__main__":
    main()
