/*---
title: {zh: 监测对象未参加基本医保, en: Monitored person not insured}
over: person
applies: is_open_mon AND alive AND is_resolved AND NOT is_exempt AND (enrolment_days IS NULL OR enrolment_days > param('newborn_days', division, yr()))
needs: [poverty_member, insured, resident, death]
severity: red
route: {to: county_insurance, due: 3wd, escalate: [7d, 14d]}
evidence:
  - mon_type
  - identified: "substr(CAST(entitled_from AS VARCHAR), 1, 7)"
  - year: "ins_year"
  - last_year: "CASE WHEN insured_last_year THEN '上年度已参保' ELSE '上年度亦未参保' END"
message: "{mon_type}成员，{identified}识别，风险未消除，{year}年度无正常参保记录（{last_year}）"
waivers: [外省参保, 参军, 服刑, 失联, 出国, 拒绝参保, 已死亡, 系统未同步]
basis: {text: 应保尽保, effective: [2021-01-01, null]}
alias: ["2_01_016", "2_12_016"]
---*/
-- Unresolved identities, newborns within their term and people that the register knows as away are not judged.
NOT insured_now
