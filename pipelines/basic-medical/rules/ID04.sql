/*---
title: {zh: 无身份证号, en: No citizen ID}
over: person
applies: in_list AND (age_days IS NULL OR age_days > param('newborn_days', division, yr()))
needs: [poverty_member]
severity: yellow
route: {to: county_police, due: 15d, escalate: [30d, 60d]}
evidence:
  - age
  - hh_no
message: "监测名单中该成员未登记公民身份号码（空白或占位号码），请公安机关核查户籍、办理证件，由乡镇在防返贫监测系统补录"
waivers: [失联, 其他]
basis: {text: 应录尽录, effective: [2021-01-01, null]}
alias: ["4_01_003"]
---*/
-- A newborn may be without a number until it must be insured.
id_missing_rows > 0
