//! Mistakes that people make in a copy of a pipeline: each is seen before a night, at its place, with
//! what to do, and no mistake hides another or makes up faults that are none.

use crate::support::{Bidui, Policies, Said, gansu, shared, temp};

fn check(policies: &Policies, pipeline: &str) -> Said {
    Bidui::new("check").arg(policies.file(pipeline)).go().ended(2)
}

/// What is said of a copy of the pipelines after one edit.
#[track_caller]
fn told(name: &str, from: &str, to: &str, parts: &[&str]) {
    let policies = Policies::new();
    policies.edit(name, from, to);
    let said = check(&policies, "gansu");
    for part in parts.iter().chain(&["\n1 fault in "]) {
        assert!(said.stderr.contains(part), "{part:?} in\n{}", said.stderr);
    }
}

/// A function that asks for what there is not gives NULL on every row: the rule finds nothing.
#[test]
fn parameters_and_lists_that_sql_asks_for_are_there() {
    let rule = "basic-medical/rules/FDC01.sql";
    let (no_param, near) =
        ("there is no parameter `contract_day`", "did you mean `contract_days`?");
    told(rule, "'contract_days'", "'contract_day'", &["FDC01.sql:19:", no_param, near]);
    let view = "basic-medical/views/person.sql";
    let (no_list, near) = ("there is no code list `pop_exemt`", "did you mean `pop_exempt`?");
    told(view, "'pop_exempt'", "'pop_exemt'", &["person.sql:", no_list, near]);
    // A value for one county is none for the others.
    let policies = Policies::new();
    let row = "contract_days,,2020,";
    policies.edit("basic-medical/codes/param.csv", row, "contract_days,620122,2020,");
    let said = check(&policies, "gansu").stderr;
    assert!(said.contains("parameter `contract_days` has no value for all places"), "{said}");
    assert!(said.contains("add a line with an empty area"), "{said}");
}

/// A site that only has a secret of its own sees the faults of the parameters of its parents.
#[test]
fn a_bad_parameter_is_a_fault_of_the_file_that_says_it() {
    let policies = Policies::new();
    std::fs::create_dir(policies.file("site")).expect("a folder");
    let yaml = "title: {zh: 某省, en: Site}\nextends: gansu\n";
    std::fs::write(policies.file("site/pipeline.yaml"), yaml).expect("written");
    let file = "gansu/codes/param.csv";
    policies.edit(file, "min_actual,62,2018,0.85", "min_actual,62,2018,85%");
    policies.edit(file, "cap,62,2017,3000", "cap,62.0,from 2017,3000");
    let said = check(&policies, "site").stderr;
    for part in [
        "gansu/codes/param.csv:6:1",
        "the value `85%` of parameter `min_actual` is not a number",
        "gansu/codes/param.csv:7:1",
        "the area `62.0` of parameter `cap` is no division",
        "the year `from 2017` of parameter `cap` is not a number",
        "3 faults in",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
}

/// A list that is called like a value of the row is not there, and the rule would find nothing.
#[test]
fn a_list_stands_before_the_value_that_is_looked_up() {
    let view = "basic-medical/views/case_watch.sql";
    let (right, swapped) = ("in_list('case_rule', f.rule)", "in_list(f.rule, 'case_rule')");
    let said = "`in_list` has the list `case_rule` in the place of the value";
    told(view, right, swapped, &["case_watch.sql:35:", said, "the list comes first", right]);
}

/// When a feed has ended is policy: a table that says it says from when on.
#[test]
fn a_table_that_says_which_feeds_have_ended_says_from_when_on() {
    let table = "basic-medical/tables/feed_period.yaml";
    let said = ["feed_period.yaml:3:1", "`ended_after_days` and the column `ended`", "go together"];
    told(table, "ended_after_days: 92\n", "", &said);
    told(table, "  - {name: ended, ", "  # - {name: ended, ", &said);
}

/// Who lowers a threshold in the own file and misspells it would go on with that of the nation.
#[test]
fn a_parameter_that_nobody_would_be_given_is_told() {
    let file = "gansu/codes/param.csv";
    let row = "cap,62,2017,3000";
    let near = "did you mean `visit_days`?";
    for (other, said, hint) in [
        ("visit_day,62,2026,3", "nothing asks for the parameter `visit_day`", near),
        ("cap,630123,2017,3000", "no list of divisions has the area `630123`", "a place that is"),
        ("cap,620000,2017,3000", "no code of a place begins with `620000`", "write 62,"),
    ] {
        told(file, row, other, &["gansu/codes/param.csv:7:1", said, hint]);
    }
    // Where a name is put together nobody can see which ones are asked for.
    let policies = Policies::new();
    policies.edit(file, row, "visit_day,62,2026,3");
    let rule = "basic-medical/rules/FDC01.sql";
    policies.edit(rule, "param('contract_days'", "param(CAST('contract_days' AS VARCHAR)");
    Bidui::new("check").arg(policies.gansu()).go().ended(0);
}

/// A cast that fails would end its view in the night, and all rules over it.
#[test]
fn what_sql_takes_for_a_number_is_one() {
    let list = "basic-medical/codes/feed_watch.csv";
    let (ten, word) = ("poverty_household,1,10", "poverty_household,1,ten");
    let said = "views/feed_watch.sql takes the column `days` for that: write 12, say";
    told(list, ten, word, &["feed_watch.csv:2:50", "`ten` is not a whole number", said]);
    // Of a word for a flag, counties of a feed that comes county by county would not be waited for.
    let whose = "poverty_household,conty,10";
    told(list, ten, whose, &["feed_watch.csv:2:48", "`conty` is not 1 or 0", "`by_county`"]);
    // An indicator and a view may ask for the same.
    let grades = "basic-medical/codes/org_grade.csv";
    told(grades, "三甲,三级甲等,,3", "三甲,三级甲等,,甲", &["org_grade.csv:2:10", "`甲` is not"]);
    // It goes through several parts of a query, with nothing in the place of what is empty.
    let list = "basic-medical/codes/major_disease_30.csv";
    let said = &["major_disease_30.csv:2:26", "`18岁` is not", "views/person.sql", "`age_below`"];
    told(list, "C91.0,儿童白血病,,01,d01,2017,18,", "C91.0,儿童白血病,,01,d01,2017,18岁,", said);
    // Flags: who writes a word for one would show a disease that nobody may see.
    let (list, said) = ("basic-medical/codes/disease.csv", "`是` is not 1 or 0");
    told(
        list,
        "高血压病,慢病,0,0",
        "高血压病,慢病,是,0",
        &["disease.csv:2:24", said, "`sensitive`"],
    );
    // Numbers that a query holds against numbers, days, and yes or no.
    let view = "basic-medical/views/facility.sql";
    for (asked, cell, said) in [
        ("g.rank > 1", "甲", "`甲` is not a whole number"),
        ("CAST(g.rank AS DATE) < asof()", "2026年", "`2026年` is not a day"),
        ("CAST(g.rank AS BOOLEAN)", "是", "`是` is not 1 or 0"),
        (
            "(SELECT max(CAST(rank AS BIGINT)) FROM code_org_grade)",
            "甲",
            "`甲` is not a whole number",
        ),
    ] {
        let policies = Policies::new();
        let columns = format!("{asked} AS odd, 1 AS grade_rank");
        policies.edit(view, "CAST(g.rank AS BIGINT) AS grade_rank", &columns);
        policies.edit(grades, "三甲,三级甲等,,3", &format!("三甲,三级甲等,,{cell}"));
        let text = check(&policies, "gansu").stderr;
        assert!(text.contains(said), "{said} in\n{text}");
    }
    // Who expects other words asks for nothing.
    let policies = Policies::new();
    policies.edit(view, "CAST(g.rank AS BIGINT)", "TRY_CAST(g.rank AS BIGINT)");
    policies.edit(grades, "三甲,三级甲等,,3", "三甲,三级甲等,,甲");
    Bidui::new("check").arg(policies.gansu()).go().ended(0);
}

/// Without its tables a rule would be run where they are missing, and find nothing.
#[test]
fn what_rules_and_indicators_need_is_what_they_read() {
    let never = "`needs` names no table";
    let needs = "needs: [special_group, poverty_member, insured, resident, death]";
    let indicator = "basic-medical/indicators/I02.sql";
    told(indicator, needs, "needs: []", &["I02.sql:9:8", never, "insured, "]);
    let more = "needs: [telemed_link, special_group, poverty_member]";
    told(indicator, needs, more, &["I02.sql:9:9", "its SQL does not read `telemed_link`"]);
    let rule = "basic-medical/rules/ORG01.sql";
    let needs = "needs: [village, institution, staff]";
    told(rule, needs, "needs: []", &["ORG01.sql:5:8", never, "staff, "]);
    let other = "the view `village_cover` does not read `telemed_link`";
    told(rule, needs, "needs: [telemed_link]", &["ORG01.sql:5:9", other]);
}

/// Only rules over the view of an example are tried on it.
#[test]
fn rules_that_an_example_names_are_tried_on_it() {
    let example = "basic-medical/rules/ORG01.test.yaml";
    let said = &["ORG01.test.yaml:35:8", "`TEL01` is over the view `facility`", "take it away"];
    told(example, "also: {ORG02:", "also: {TEL01:", said);
    let said = &["ORG01.test.yaml:35:8", "`ORG01` is the rule of this example", "under `expect`"];
    told(example, "also: {ORG02:", "also: {ORG01:", said);
}

/// A spreadsheet writes days anew; a holiday that nobody reads moves the terms of all cases.
#[test]
fn every_line_of_the_working_days_is_a_day() {
    let list = "basic-medical/codes/workday.csv";
    let said = &["workday.csv:66:1", "`2026/10/1` is not a day", "such as 2026-10-01"];
    told(list, "2026-10-01,0", "2026/10/1,0", said);
    let said = &["workday.csv:66:1", "`休` does not say whether people work on 2026-10-01"];
    told(list, "2026-10-01,0", "2026-10-01,休", said);
}

/// Where SQL joins a list, a code that stands twice gives a subject twice, and its view cannot be judged.
#[test]
fn every_list_says_a_code_once() {
    let list = "basic-medical/codes/feed_watch.csv";
    let said = &["feed_watch.csv:3:1", "the code `poverty_household` stands twice", "keep one"];
    told(list, "poverty_member,监测对象信息（人）", "poverty_household,监测对象信息（人）", said);
    let days = "basic-medical/codes/workday.csv";
    told(days, "2025-01-28,0", "2025-01-26,0", &["workday.csv:4:1", "2025-01-26 stands twice"]);
}

#[test]
fn a_list_under_another_name_is_told() {
    let policies = Policies::new();
    let list = policies.file("gansu/codes/feed-watch.csv");
    std::fs::copy(policies.file("basic-medical/codes/feed_watch.csv"), list).expect("copied");
    let said = check(&policies, "gansu").stderr;
    let parts = [
        "gansu/codes/feed-watch.csv: there is `codes/feed_watch` too",
        "takes the place of its parent's",
        "\n1 fault in ",
    ];
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
}

/// What would go out in a letter as it is written, stand on another sheet, or never be seen.
#[test]
fn a_pack_says_nothing_in_vain() {
    let pack = "basic-medical/packs/county.yaml";
    let said = &["county.yaml:198:5", "`{cuonty}` stands for nothing", "did you mean `{county}`?"];
    told(pack, "{county}卫生健康局", "{cuonty}卫生健康局", said);
    told(pack, "rules: [INS*]", "rules: [INSS*]", &["no rule fits `INSS*`", "such as `INS"]);
    let said = &["county.yaml:64:18", "by `overdue` red begins at 0 and yellow at 1 percent"];
    told(pack, "red: {overdue: 10", "red: {overdue: 0", said);
    let policies = Policies::new();
    policies.edit(pack, "rules: [INS*]", "rules: [\"*\"]");
    let said = check(&policies, "gansu").stderr;
    for sheet in ["待遇费用", "大病慢病", "机构人员", "名单证件", "帮扶时限"] {
        assert!(said.contains(&format!("no rule comes to the sheet `{sheet}`")), "{said}");
    }
    assert!(said.contains("\n5 faults in "), "{said}");
    let groups = "basic-medical/pipeline.yaml";
    let none = "no rule's id begins with `TELE` and a number";
    told(groups, "prefix: TEL,", "prefix: TELE,", &[none, "did you mean `TEL`?"]);
    let bulletin = "basic-medical/bulletins/monitoring.yaml";
    told(bulletin, "  from: 60", "  from: 600", &["monitoring.yaml:51:9", "more than 100 percent"]);
    let indicator = "basic-medical/indicators/I02.sql";
    let parts = "count(*) AS denominator, '' AS part";
    let said = &["I02.sql:14:", "its header names no parts", "add `parts:`"];
    told(indicator, "count(*) AS denominator", parts, said);
    let (money, persons) =
        ("basic-medical/indicators/I04.sql", ", count(DISTINCT person_key) AS persons");
    let said = &["I04.sql:", "gives no column `persons`", "count whose money it is"];
    told(money, persons, "", said);
}

#[test]
fn words_of_a_contract_are_read_by_the_type_of_their_column() {
    let feed = "gansu/feeds/telemed_link.yaml";
    let said = &["telemed_link.yaml:17:", "`停用` is read as `stopped`", "neither yes nor no"];
    told(feed, "停用: \"false\"", "停用: stopped", said);
    let feed = "gansu/feeds/premium.yaml";
    let said = &["premium.yaml:15:10", "`paid_on` is required, and a bad value of it dropped"];
    told(feed, "缴款日期], on_bad:", "缴款日期], required: true, on_bad:", said);
    let contract = "gansu/feeds/contract.yaml";
    let said = &["contract.yaml:5:", "bytes of columns", "write `kind: fixed`"];
    told(contract, "{kind: auto}", "{kind: csv, widths: [18, 20]}", said);
}

#[test]
fn a_division_that_is_wrong_is_told_at_its_line() {
    let list = "gansu/codes/village_code.csv";
    let said = &["gansu/codes/village_code.csv:2:1", "division code \"6.20102E+11\" has not"];
    told(list, "620102001001,", "6.20102E+11,", said);
    let said = &["gansu/codes/village_code.csv:3:1", "division 620102001001 stands twice"];
    told(list, "620102001002,", "620102001001,", said);
}

#[test]
fn a_list_says_each_code_once_and_each_spelling_for_one() {
    let list = "basic-medical/codes/sex.csv";
    told(list, "9,未说明", "1,未说明", &["sex.csv:5:1", "the code `1` stands twice", "aliases"]);
    let both = "`未知` stands for `0` and for `9`";
    told(list, "未说明性别", "未说明性别|未知", &["sex.csv:5:1", both]);
    told(list, "code,label", "kode,label", &["sex.csv:1:1", "it has no column `code`"]);
    told(list, "label,aliases", "label,label", &["sex.csv:1:1", "the column `label` twice"]);
}

#[test]
fn every_row_of_a_list_that_does_not_fit_is_told() {
    let policies = Policies::new();
    let list = policies.file("basic-medical/codes/sex.csv");
    let text = "code,label,aliases\r\n1，男，男性\r\n2,女,女性\r\n9\t未说明\t\r\n3,其他,甲,乙\r\n";
    std::fs::write(list, text).expect("written");
    let said = check(&policies, "gansu").stderr;
    for part in [
        "sex.csv:2:1",
        "`，` is full-width",
        "sex.csv:4:1",
        "no tab",
        "sex.csv:5:1",
        "has 4 fields, the heading has 3",
        "between double quotes",
        "\n3 faults in ",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

/// As a spreadsheet of a Chinese system saves it, unless it is told otherwise.
#[test]
fn a_file_that_is_not_utf8_is_told_with_its_line() {
    let policies = Policies::new();
    // 男 in GB18030.
    let text = b"code,label,aliases\r\n1,\xC4\xD0,\r\n";
    std::fs::write(policies.file("basic-medical/codes/sex.csv"), text).expect("written");
    let said = check(&policies, "gansu").stderr;
    assert!(said.contains("sex.csv: line 2 is not UTF-8") && said.contains("CSV UTF-8"), "{said}");
}

#[test]
fn folders_that_nobody_reads_are_told() {
    let policies = Policies::new();
    for folder in ["gansu/rule", "gansu/feeds/old", "gansu/feeds/.git", "gansu/notes"] {
        std::fs::create_dir(policies.file(folder)).expect("a folder");
    }
    let said = check(&policies, "gansu").stderr;
    for part in ["gansu/rule: no folder", "did you mean `rules`?", "feeds/old", "\n2 faults in "] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

#[test]
fn policy_in_no_folder_is_told() {
    let policies = Policies::new();
    for name in ["gansu/TEL90.sql", "gansu/param.csv", "gansu/README.md", "gansu/.old.csv"] {
        std::fs::write(policies.file(name), "name\n").expect("written");
    }
    let said = check(&policies, "gansu").stderr;
    for part in [
        "gansu/TEL90.sql: a file beside pipeline.yaml is not read",
        "gansu/param.csv: a file",
        "put it into its folder: tables, feeds, views, rules",
        "\n2 faults in ",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

/// A file that cannot be read is there: nobody is told that the table, view or list is not.
#[test]
fn one_mistake_is_one_fault() {
    let place = &["settlement.yaml:", "unknown field `grian`", "did you mean `grain`?"];
    told("basic-medical/tables/settlement.yaml", "grain:", "grian:", place);
    let place = &["person.sql:", "unknown field `subjekt`", "did you mean `subject`?"];
    told("basic-medical/views/person.sql", "subject:", "subjekt:", place);
}

#[test]
fn a_fault_of_pipeline_yaml_does_not_hide_the_others() {
    let policies = Policies::new();
    policies.edit("gansu/pipeline.yaml", "buckets: 256", "bukets: 256");
    policies.edit("gansu/feeds/contract.yaml", "to: sign_date", "to: sing_date");
    let said = check(&policies, "gansu").stderr;
    for part in ["`bukets`", "did you mean `buckets`?", "`sing_date`", "\n2 faults in "] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

/// What is wrong in the header of one rule does not hide what is wrong in the SQL of another.
#[test]
fn faults_of_sql_are_told_beside_the_others() {
    let policies = Policies::new();
    policies.edit("gansu/feeds/contract.yaml", "to: sign_date", "to: sing_date");
    policies.edit("basic-medical/rules/ORG01.sql", "severity: red", "severity: rot");
    policies.edit(
        "basic-medical/rules/FDC01.sql",
        "NOT contract_valid AND",
        "NOT contract_valid AN",
    );
    let said = check(&policies, "gansu").stderr;
    for part in ["`sing_date`", "`rot`", "FDC01.sql:", "\n3 faults in "] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

#[test]
fn marks_of_chinese_texts_and_tabs_are_told() {
    let feed = "gansu/feeds/contract.yaml";
    let wide = &["contract.yaml:", "line 2 has the full-width `：`"];
    told(feed, "sender: ", "sender：", wide);
    let tab = &["contract.yaml:", "line 9 has a tab before its first word"];
    told(feed, "  - {to: contract_no", "\t- {to: contract_no", tab);
    let rule = "basic-medical/rules/FDC01.sql";
    let wide = &["FDC01.sql:19:", "`（` is full-width"];
    told(rule, "param('contract_days'", "param（'contract_days'", wide);
    let rule = "basic-medical/rules/ORG01.sql";
    let needs = &["ORG01.sql:5:", "there is no table `village，institution`", "of half width"];
    told(rule, "[village, institution,", "[village，institution,", needs);
}

/// A contract that cannot be obeyed is no surprise of the night in which its first file comes.
#[test]
fn a_layout_that_cannot_be_is_told() {
    let feed = "gansu/feeds/contract.yaml";
    for (layout, said) in [
        ("{encoding: gb2132}", "`gb2132` is not an encoding"),
        ("{header_row: third}", "`third` is not a row number"),
        ("{header_row: 0}", "`0` is not a row number"),
        ("{delimiter: \"||\"}", "`||` is not one character"),
        ("{kind: fixed, widths: [18, 20]}", "`widths` has 2 numbers for "),
    ] {
        told(feed, "{kind: auto}", layout, &["contract.yaml:5:", said]);
    }
    told(feed, "due_day: 10", "due_day: 45", &["contract.yaml:6:", "from 1 to 31"]);
}

#[test]
fn ages_that_do_not_grow_are_told() {
    let file = "basic-medical/bulletins/monitoring.yaml";
    for ages in ["[30, 7]", "[7, 7]", "[0, 7]"] {
        let said = &["monitoring.yaml:", "each longer than the one before it"];
        told(file, "ageing: [7, 30]", &format!("ageing: {ages}"), said);
    }
}

#[test]
fn two_feeds_do_not_take_the_same_files() {
    let policies = Policies::new();
    let (from, to) = ("gansu/feeds/contract.yaml", "gansu/feeds/contract_more.yaml");
    std::fs::copy(policies.file(from), policies.file(to)).expect("copied");
    let said = check(&policies, "gansu").stderr;
    for part in ["contract_more.yaml:4:", "the feed `contract` takes files", "\n1 fault in "] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

#[test]
fn what_pipeline_yaml_names_is_told_at_its_place() {
    let file = "gansu/pipeline.yaml";
    let place = &["pipeline.yaml:", "there is no table `residant`", "did you mean `resident`?"];
    told(file, "spine: [resident,", "spine: [residant,", place);
    told(file, "  prefix: GS", "  redo: 5 days\n  prefix: GS", &["`5 days` is not a time", "7d"]);
    let none = "there is no code list `workdys`";
    told(file, "  prefix: GS", "  workdays: workdys\n  prefix: GS", &[none, "`workday`"]);
    let none = "there is no code list `offices`";
    told(file, "  prefix: GS", "  offices: offices\n  prefix: GS", &[none, "`office`"]);
    told(file, "spine: [resident,", "spine: [village,", &["`village` is no table of persons"]);
    let groups = "basic-medical/pipeline.yaml";
    let twice = "a second group is called `TEL`";
    told(groups, "prefix: PAIR,", "prefix: TEL,", &["basic-medical/pipeline.yaml:", twice]);
    let bare = "the group `RAR` has no title";
    told(groups, "RAR, zh: 罕见病", "RAR, zh: \"\"", &["basic-medical/pipeline.yaml:", bare]);
    told(file, "round_to: 5", "round_to: 4", &["pipeline.yaml:", "worked out from a total"]);
    let rule = "basic-medical/rules/ORG01.sql";
    let reason = &["ORG01.sql:10:", "nobody can give the reason `村撤并了`"];
    told(rule, "waivers: [村撤并,", "waivers: [村撤并了,", reason);
}

/// A bulletin with a blank in its head, or without a date, goes out over somebody's signature.
#[test]
fn a_bulletin_has_its_words_and_dates() {
    let said = &["pipeline.yaml:24:9", "a bulletin names `{office}`", "the block of a child"];
    told("gansu/pipeline.yaml", "office: 甘肃省卫生健康委员会办公室, ", "", said);
    let bulletin = "basic-medical/bulletins/monitoring.yaml";
    told(bulletin, "\"{addressees}\"", "\"{adressees}\"", &["did you mean `addressees`?"]);
    let said = &["monitoring.yaml:86:", "`按时反馈核查结果` names a date that nothing gives"];
    told(bulletin, ", day: 20}", "}", said);
    let policies = Policies::new();
    std::fs::create_dir(policies.file("site")).expect("a folder");
    let yaml = "title: {zh: 某省, en: Site}\nextends: gansu\npublish: {suppress_below: 9}\n";
    std::fs::write(policies.file("site/pipeline.yaml"), yaml).expect("written");
    let said = check(&policies, "site").stderr;
    assert!(said.contains("site/pipeline.yaml:3:9") && said.contains("\n4 faults in "), "{said}");
}

/// Without a table that is believed nobody is linked, and with a wrong root unknown codes of the own province are taken
/// as those of another.
#[test]
fn persons_are_linked_and_the_province_is_known() {
    let file = "gansu/pipeline.yaml";
    let nobody = "`identity.spine` names no table: no row would be linked";
    told(
        file,
        "  spine: [resident, poverty_member]\n",
        "",
        &["pipeline.yaml:", nobody, "spine: ["],
    );
    let root = "division_root: \"62\"";
    for (other, says, hint) in [
        ("620000", "is not how the codes of its divisions begin", "write \"62\""),
        ("63", "stands in no list of divisions", "add its line to"),
        ("甘肃", "is no code of a province, city or county", "such as"),
    ] {
        let wrong = format!("the division_root `{other}` {says}");
        let edited = format!("division_root: \"{other}\"");
        told(file, root, &edited, &["pipeline.yaml:3:17", &wrong, hint]);
    }
    // What cannot be read says nothing; that is no fault of its own.
    told(file, "identity:", "identiti:", &["pipeline.yaml:", "identiti"]);
}

/// What bidui makes itself is told at the file that would make it again, in no words of the engine's.
#[test]
fn names_that_bidui_gives_are_taken() {
    let policies = Policies::new();
    let table = "title: {zh: 甲, en: A}\nabout: One.\ngrain: plain\n\
                 columns:\n  - {name: a, type: text, title: 甲}\n";
    let view = "/*---\ntitle: {zh: 甲, en: A}\nsubject: org_code\ndivision: division\n---*/\n\
                SELECT org_code, division FROM institution\n";
    std::fs::create_dir_all(policies.file("gansu/tables")).expect("a folder");
    std::fs::create_dir_all(policies.file("gansu/views")).expect("a folder");
    std::fs::write(policies.file("gansu/tables/link.yaml"), table).expect("written");
    std::fs::write(policies.file("gansu/views/code_sex.sql"), view).expect("written");
    let premium = "basic-medical/tables/premium.yaml";
    let more = "columns:\n  - {name: id_no_raw, type: text, title: 原号, privacy: direct}\n";
    policies.edit(premium, "columns:\n", more);
    let said = check(&policies, "gansu").stderr;
    for part in [
        "gansu/tables/link.yaml:1:1",
        "bidui makes a table of this name",
        "gansu/views/code_sex.sql:1:1",
        "`code_sex` is the table of the code list `sex`",
        "premium.yaml:7:12",
        "column `id_no_raw` is made by bidui, for `id_no`",
        "\n3 faults in ",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

#[test]
fn persons_are_told_apart_by_columns_that_can_tell() {
    let table = "basic-medical/tables/premium.yaml";
    let said = &["premium.yaml:", "`name` is no column of the type `citizen_id`"];
    told(table, "person: {id: id_no,", "person: {id: name,", said);
}

#[test]
fn a_contract_puts_codes_into_columns_of_codes() {
    let said = &["premium.yaml:", "`39` is no code of `insutype`"];
    told("gansu/feeds/premium.yaml", "{insutype: \"390\"}", "{insutype: \"39\"}", said);
    let said = &["insured.yaml:24:", "is no code of `subsidy_type`"];
    told(
        "gansu/feeds/insured.yaml",
        "\"特困人员-7131\": \"特困\"",
        "\"特困人员-7131\": \"特\"",
        said,
    );
    let rule = "basic-medical/rules/FDC01.sql";
    let said = &["FDC01.sql:", "evidence `chronic_n` stands twice"];
    told(rule, "  - chronic_since:", "  - chronic_n\n  - chronic_since:", said);
}

/// What would quietly be done otherwise than it is written, or make numbers of cases that never come back.
#[test]
fn numbers_and_words_of_pipeline_yaml_can_be_obeyed() {
    let policies = Policies::new();
    let file = "gansu/pipeline.yaml";
    policies.edit(file, "{once: [poverty_member]}", "{accept: -10, review: 3}");
    policies.edit(file, "{nights: 14}", "{nights: 1}");
    policies.edit(file, "  sensitive: MG", "  opens: []\n  sensitive: M G");
    policies.edit(file, "  prefix: GS", "  prefix: G-S/2");
    let said = check(&policies, "gansu").stderr;
    for part in [
        "pipeline.yaml:16:18",
        "rows are linked from -10 bits on, so nobody would be asked from 3 on",
        "`accept` is not less than `review`",
        "pipeline.yaml:20:21",
        "a lake keeps at least 2 nights",
        "pipeline.yaml:35:9",
        "no anomaly would become a case",
        "pipeline.yaml:36:14",
        "`M G` cannot stand in the numbers of cases",
        "pipeline.yaml:37:11",
        "`G-S/2` cannot stand in the numbers of cases",
        "write letters and digits",
        "\n5 faults in ",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

/// A contract that fits no row, or whose words nobody would look at.
#[test]
fn what_a_contract_says_of_its_columns_can_be_obeyed() {
    let policies = Policies::new();
    let feed = "gansu/feeds/premium.yaml";
    let day = "  - {to: paid_on, from: [缴费日期, 入库日期, 缴款日期], on_bad: \"null\"}\n";
    policies.edit(feed, day, "");
    // What an extract may lack may have a constant, for those that do.
    let constants = "insutype: \"390\", paid_on: 昨天, paid_amt: \"1\", payer: 个人";
    policies.edit(feed, "insutype: \"390\"", constants);
    policies.edit(feed, "所属年度], required: true}", "所属年度], required: true, unit: 元}");
    policies.edit(feed, "stale_after_days: 62", "stale_after_days: -1");
    policies.edit(feed, "row_count_change_percent: 100", "row_count_change_percent: -5");
    policies.edit(feed, "fake: {kind: csv,", "fake: {no_dirt: [id_51, broken], kind: csv,");
    let said = check(&policies, "gansu").stderr;
    for part in [
        "the constant `昨天` of `paid_on` is no day",
        "such as 2026-10-01",
        "`paid_amt` is filled from the extract: no row has its constant",
        "take it out of `columns`",
        "`year` is no amount",
        "premium.yaml:7:73",
        "every delivery would be stale",
        "premium.yaml:8:60",
        "a change of rows is counted from 0",
        "there is no dirt `id_51`",
        "did you mean `id_15`?",
        "there is no dirt `broken`",
        "\n7 faults in ",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

#[test]
fn what_rules_and_views_name_is_there() {
    let policies = Policies::new();
    for kind in ["sql", "test.yaml"] {
        let (from, to) = ("basic-medical/rules/FDC01", "gansu/rules/FDC 09");
        let (from, to) = (format!("{from}.{kind}"), format!("{to}.{kind}"));
        std::fs::copy(policies.file(&from), policies.file(&to)).expect("copied");
    }
    let rule = "basic-medical/rules/ORG01.sql";
    policies.edit(rule, "{to: county_health,", "{to: county_helth,");
    policies.edit("basic-medical/rules/ORG01.test.yaml", "also: {ORG02:", "also: {ORG92:");
    let (view, trace) = ("basic-medical/views/facility.sql", "trace: {institution: [org_code]");
    policies.edit(view, trace, "trace: {institution: [org_kode]");
    let said = check(&policies, "gansu").stderr;
    for part in [
        "gansu/rules/FDC 09.sql:1:1",
        "the rule's id `FDC 09` cannot stand in the number of a case",
        "ORG01.sql:7:13",
        "there is no office `county_helth`",
        "did you mean `county_health`?",
        "ORG01.test.yaml:",
        "there is no rule `ORG92`",
        "facility.sql:5:23",
        "there is no column of institution `org_kode`",
        "did you mean `org_code`?",
        "\n4 faults in ",
    ] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
    // The table has it, and the view does not give it.
    let said = &["facility.sql:5:33", "the view has no column `beds`"];
    told(view, trace, "trace: {institution: [org_code, beds]", said);
    let (view, within) = ("basic-medical/views/county_sources.sql", "poverty_member: village_code");
    let said = &["there is no column of poverty_member `vilage_code`", "did you mean"];
    told(view, within, "poverty_member: vilage_code", said);
}

/// Lines of colours that are swapped, amounts that cannot be, and an example that nobody would try.
#[test]
fn what_figures_are_held_against_can_be() {
    let file = "basic-medical/bulletins/monitoring.yaml";
    let lamp = "I01: {green: 99, yellow: 95}";
    let said = &["monitoring.yaml:32:9", "no figure of `I01` would be yellow", "above that of"];
    told(file, lamp, "I01: {green: 95, yellow: 99}", said);
    // Where less is better the lines stand the other way round.
    let said = &["monitoring.yaml:33:9", "no figure of `I05` would be yellow", "below that of"];
    told(file, lamp, &format!("{lamp}\n  I05: {{green: 9, yellow: 5}}"), said);
    let table = "basic-medical/tables/premium.yaml";
    let said = &["premium.yaml:12:", "unknown type `decimal(4,6)`", "digits behind the point"];
    told(table, "decimal(16,2)", "decimal(4,6)", said);
    let example = "basic-medical/indicators/I02.test.yaml";
    let said = &["I02.test.yaml:28:15", "no list of divisions has the county `620499`"];
    let (there, none) = ("{county: \"620423\", numerator", "{county: \"620499\", numerator");
    told(example, there, none, said);
}

/// One worked example that cannot be tried does not hide the others.
#[test]
fn every_worked_example_is_tried() {
    let policies = Policies::new();
    let wrong = "given: [{no_such_column: 1}]\nexpect: []\n";
    for rule in ["FDC01", "ORG01"] {
        let test = policies.file(&format!("basic-medical/rules/{rule}.test.yaml"));
        std::fs::write(test, wrong).expect("written");
    }
    let said = Bidui::new("test").arg(policies.gansu()).go().ended(2).stdout;
    for part in ["FDC01.test.yaml: there is no column", "ORG01.test.yaml: there is", " 2 failed"] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
}

/// A bare 20260601 would be a day of the year 57000.
#[test]
fn a_day_of_an_example_is_a_day() {
    let policies = Policies::new();
    let test = policies.file("gansu/rules/TEL01.test.yaml");
    let wrong = "given: [{org_code: H1, last_session_on: 20260601}]\nexpect: []\n";
    std::fs::write(test, wrong).expect("written");
    let test = Bidui::new("test").arg(policies.gansu()).args(&["--rule", "TEL01"]);
    let said = test.go().ended(2).stdout;
    let told = "TEL01.test.yaml: `last_session_on` is not a day: 20260601; write 2026-06-01";
    assert!(said.contains(told), "{said}");
}

/// What the parser or the engine says in its own words comes with what to do, at the word meant.
#[test]
fn faults_say_what_to_do() {
    let feed = "gansu/feeds/contract.yaml";
    let title = "title: {zh: 家庭医生签约, en: \"Family-doctor contracts\"}";
    told(feed, title, "title: 家庭医生签约", &["contract.yaml:1:8", "such as {zh: …, en: …}"]);
    told(feed, "sender: 省卫生健康委", "sender:", &["contract.yaml:2:", "behind the colon"]);
    let twice = "sender: 省卫生健康委\nsender: 甲";
    told(feed, "sender: 省卫生健康委", twice, &["contract.yaml:3:1", "keep one of the two"]);
    told(feed, "due_day: 10", "due_day: ten", &["contract.yaml:6:", "not a whole number"]);
    told(feed, "cadence: monthly", "cadence: montly", &["did you mean `monthly`?"]);
    let rule = "basic-medical/rules/FDC01.sql";
    told(rule, "{chronic_n}", "{chronic_n", &["FDC01.sql:12:", "is not closed"]);
    let near = &["FDC01.sql:19:", "did you mean `coalesce`?"];
    told(rule, "AND coalesce(", "AND coalesc(", near);
    let three = &["FDC01.sql:19:", "error: Cannot cast string '三'"];
    told(rule, "NOT contract_valid AND", "chronic_n > '三' AND", three);
    let feed = "gansu/feeds/premium.yaml";
    let open = &["premium.yaml:15:3", "a bracket or a brace on a line before it is not closed"];
    told(feed, "所属年度], required: true}", "所属年度], required: true", open);
    let view = "basic-medical/views/facility.sql";
    let comma = &["facility.sql:61:22", "error: Expected: end of", "a comma or an operator"];
    told(view, "i.name AS org_name, i.kind", "i.name AS org_name i.kind", comma);
    let bracket = &["facility.sql:66:23", "a bracket before it is not closed"];
    told(view, "coalesce(l.links, 0)", "coalesce(l.links, 0", bracket);
    let group = &["facility.sql:", "`d.org_code` has many values in a group", "add it to GROUP BY"];
    told(view, "GROUP BY d.org_code", "", group);
    let several = &["`org_code` is a column of several tables", "such as a.org_code"];
    told(view, "  i.org_code, i.division,", "  org_code, i.division,", several);
    let types = &["there is no `coalesce(Boolean, Utf8)`", "values of one type"];
    told(view, "coalesce(i.is_public, false)", "coalesce(i.is_public, 'x')", types);
}

/// What other databases, and YAML without quotes, would have taken.
#[test]
fn habits_from_elsewhere_are_known() {
    let view = "basic-medical/views/facility.sql";
    let public = "coalesce(i.is_public, false)";
    let case = &["Invalid function 'if'", "write CASE WHEN a THEN b ELSE c END"];
    told(view, public, "if(i.is_public, true, false)", case);
    let quotes = &["there is no column `乙`", "a text has single quotes: '乙'"];
    told(view, public, "i.kind = \"乙\"", quotes);
    let capital = &["there is no column `links`", "write \"Links\""];
    told(view, "count(*) AS links,", "count(*) AS \"Links\",", capital);
    let rule = "basic-medical/rules/FDC01.sql";
    let query = &["FDC01.sql:19:1", "a rule is a condition, and no query"];
    for word in ["SELECT", "WHERE"] {
        told(rule, "NOT contract_valid AND", &format!("{word} NOT contract_valid AND"), query);
    }
    let call = "param('contract_days', division, yr())";
    let years = &["FDC01.sql:19:", "such as param('name', division, yr())"];
    told(rule, call, "param('contract_days', division)", years);
    // The evidence has the same word further up.
    let (rule, whole) =
        ("basic-medical/rules/ORG01.sql", "clinics = 0 AND NOT is_served AND touring_doctors = 0");
    let truth = &["ORG01.sql:13:1", "neither true nor false", "compare it"];
    told(rule, whole, "clinic_distance_km", truth);
    let few = &["there is no office `残联`", "there are county_health, county_insurance, "];
    told(rule, "{to: county_health,", "{to: 残联,", few);
    let table = "basic-medical/tables/premium.yaml";
    let comma = &["premium.yaml:12:", "a text with a comma in it stands in quotes"];
    told(table, "\"decimal(16,2)\"", "decimal(16,2)", comma);
    let feed = "gansu/feeds/premium.yaml";
    let wide = &["premium.yaml:", "`参保地行政区划，参保地` is one heading", "stands in quotes"];
    told(feed, "参保地行政区划, 参保地", "参保地行政区划，参保地", wide);
    let policies = Policies::new();
    policies.edit(feed, "参保地行政区划, 参保地", "\"参保地行政区划，参保地\"");
    Bidui::new("check").arg(policies.gansu()).go().ended(0);
    let list = "basic-medical/codes/leave_way.csv";
    told(list, "2,医嘱转院", ",医嘱转院", &["leave_way.csv:3:1", "a row has no code"]);
}

/// Inside a pipeline its folder is `.`, which has no name; its parents stand beside it all the same.
#[test]
fn a_folder_is_known_by_any_path() {
    Bidui::new("check").arg(gansu().join("feeds/..")).go().ended(0);
}

/// A row of an example that is nobody's says what it lacks.
#[test]
fn an_example_without_subjects_says_so() {
    let policies = Policies::new();
    let rows = "given: [{is_rural: true, is_township_seat: false, is_merged: false, \
                is_inhabited: true, clinics: 0, is_served: false, touring_doctors: 0}]\nexpect: []\n";
    std::fs::write(policies.file("basic-medical/rules/ORG01.test.yaml"), rows).expect("written");
    let test = Bidui::new("test").arg(policies.gansu()).args(&["--rule", "ORG01"]);
    let said = test.go().ended(1).stdout;
    assert!(said.contains("ORG01 fires on a row without its subject"), "{said}");
}

/// One mistake makes up no others, and what contradicts itself is told.
#[test]
fn what_says_two_things_is_told_once() {
    let file = "gansu/codes/param.csv";
    told(file, "unit,basis", "basis,unit", &["has other columns than the param.csv"]);
    let pack = "basic-medical/packs/county.yaml";
    let said = &["county.yaml:60:10", "`未及时参保` in the list `return_cause` is no outcome"];
    told(pack, "results: return_result", "results: return_cause", said);
    told(pack, "width: 17", "width: -17", &["no column is -17 wide", "from 1 to 255"]);
    let table = "basic-medical/tables/premium.yaml";
    told(table, "grain: person", "grain: plain", &["premium.yaml:", "its rows are of nobody"]);
    let feed = "gansu/feeds/premium.yaml";
    let said = &["premium.yaml:7:74", "stale before the next one is due", "at least 35"];
    told(feed, "stale_after_days: 62", "stale_after_days: 5", said);
    let (year, both) = ("所属年度], required: true}", "所属年度], required: true, optional: true}");
    told(feed, year, both, &["`year` is required, and an extract may lack it"]);
    let off = "off: {RAR01: \"\"}\nretention:";
    let said = &["nobody would know why `RAR01` is switched off"];
    told("gansu/pipeline.yaml", "retention:", off, said);
    let example = "basic-medical/rules/FDC01.test.yaml";
    told(example, "asof: 2026", "asof: 20226", &["is not a day", "write 2026-11-10"]);
    // At its own line, and not at another one that has the word.
    let said = &["code column `sex` names no list", "add `codes: <list>`", "- {name: sex,"];
    told("basic-medical/tables/resident.yaml", "type: code, codes: sex", "type: code", said);
}

/// Help that leads nowhere, or a page of the engine's own words, is none.
#[test]
fn what_to_do_is_what_can_be_done() {
    let rule = "basic-medical/rules/FDC01.sql";
    let rows = &["FDC01.sql:", "no other rows to count", "do it in the view"];
    told(rule, "NOT contract_valid AND", "count(*) > 1 AND", rows);
    let policies = Policies::new();
    let (list, text) = (policies.file("gansu/codes/org_kind.csv"), "code,label\n1,甲\n");
    std::fs::write(list, text).expect("written");
    std::fs::write(policies.file("gansu/rules/ORG01.test.yml"), "given: []\n").expect("written");
    let said = check(&policies, "gansu").stderr;
    for part in ["there is no column `level`", "files here end in .sql or .test.yaml"] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
    assert!(!said.contains("did you mean `level`?"), "{said}");
}

/// A view that has a fault hides nothing and makes up nothing of those that read it.
#[test]
fn a_view_that_is_wrong_is_told_alone_and_at_its_word() {
    let view = "basic-medical/views/facility.sql";
    let column = &["facility.sql:", "there is no column `nam`", "AS org_name"];
    told(view, "i.name AS org_name", "i.nam AS org_name", column);
    told(
        view,
        "CROSS JOIN institution i",
        "CROSS JOIN institutio i",
        &["'institutio' not found", "| ", "called as their files"],
    );
}

/// A statement would be obeyed while it is planned. A view that cannot be read keeps nobody waiting, and
/// hides nothing of the others.
#[test]
fn what_is_no_query_is_told_alone() {
    let view = "basic-medical/views/facility.sql";
    let (end, made) = ("---*/\n", "---*/\nCREATE VIEW facility AS\n");
    told(view, end, made, &["facility.sql:7:1", "this statement is no query", "one SELECT stands"]);
    told(view, end, "---*/\nSELECT 1;\n", &["facility.sql:7:1", "these are several statements"]);
    let wide = ("i.name AS org_name,", "i.name AS org_name，");
    told(view, wide.0, wide.1, &["facility.sql:", "`，` is full-width"]);
    let policies = Policies::new();
    policies.edit(view, wide.0, wide.1);
    policies.edit("basic-medical/views/feed_watch.sql", "w.table_name", "w.table_nam");
    let said = check(&policies, "gansu").stderr;
    for part in ["`，` is full-width", "there is no column `table_nam`", "\n2 faults in "] {
        assert!(said.contains(part), "{part:?} in\n{said}");
    }
}

/// A list that is empty because nothing can be in it would say that nothing is wrong.
#[test]
fn what_cannot_be_is_refused_and_not_shown_as_nothing() {
    let show = |what: &str, words: &[&str]| {
        let show = Bidui::new("show").arg(what).arg(gansu()).arg("--lake").arg(&shared().lake);
        show.args(words).go().ended(2).stderr
    };
    assert!(show("anomalies", &["--severity", "rot"]).contains("orange"));
    assert!(show("anomalies", &["--state", "gone"]).contains("cleared"));
    assert!(show("anomalies", &["--rule", "TRX"]).contains("no rule has an id"));
    assert!(show("anomalies", &["--county", "99"]).contains("no division has a code"));
    assert!(show("deliveries", &["--feed", "contrakt"]).contains("did you mean `contract`?"));
    assert!(show("indicators", &["--indicator", "J01"]).contains("there is no indicator `J01`"));
    // Nor is a list shown whole as if it were the part that was asked for.
    for (what, option) in [("rejects", "--rule"), ("deliveries", "--county"), ("runs", "--night")] {
        let said = show(what, &[option, "62"]);
        assert!(said.contains(&format!("`show {what}` takes no {option}")), "{said}");
    }
    let home = temp();
    for what in ["rejects", "deliveries", "runs"] {
        let show = Bidui::new("show").arg(what).arg(gansu()).arg("--lake");
        let said = show.arg(home.path().join("lake")).go().ended(2).stderr;
        assert!(said.contains("there is no lake at "), "{said}");
    }
    for (option, value) in [("--dirt", "NaN"), ("--plant-rate", "5"), ("--counties", "99")] {
        let fake = Bidui::new("fake").arg(gansu()).arg("--out").arg(home.path().join("out"));
        let said = fake.args(&[option, value]).go().ended(2).stderr;
        assert!(!said.contains("internal error"), "{said}");
    }
    Bidui::new("run").arg(gansu()).args(&["--memory=-5GiB"]).go().ended(2);
}

/// Where a pipeline stands behind a command's own words it may be said by name too, as everywhere else.
#[test]
fn every_command_takes_its_pipeline_by_name() {
    let named = |command: &str| Bidui::new(command).arg("--pipeline").arg(gansu());
    named("check").go().ended(0);
    named("test").args(&["--rule", "ORG04"]).go().ended(0);
    named("show").arg("anomalies").arg("--lake").arg(&shared().lake).go().ended(0);
    let twice = named("check").arg(gansu()).go().ended(2).stderr;
    assert!(twice.contains("cannot be used with"), "{twice}");
    let nowhere = Bidui::new("check").args(&["--pipeline", "nowhere"]).go().ended(2).stderr;
    assert!(nowhere.contains("nowhere: there is no such pipeline folder"), "{nowhere}");
}
