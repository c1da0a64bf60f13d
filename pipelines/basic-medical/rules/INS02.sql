/*---
title: {zh: 脱贫人口未参加基本医保, en: Person lifted from poverty not insured}
over: person
applies: is_lifted AND NOT is_open_mon AND alive AND is_resolved AND NOT is_exempt AND (enrolment_days IS NULL OR enrolment_days > param('newborn_days', division, yr()))
needs: [poverty_member, insured, resident, death]
severity: orange
route: {to: county_insurance, due: 7d, escalate: [14d, 30d]}
evidence:
  - year: "ins_year"
  - last_year: "CASE WHEN insured_last_year THEN '上年度已参保' ELSE '上年度亦未参保' END"
message: "脱贫人口，{year}年度无正常参保记录（{last_year}）"
waivers: [外省参保, 参军, 服刑, 失联, 出国, 拒绝参保, 已死亡, 系统未同步]
basis: {text: 应保尽保, effective: [2021-01-01, null]}
alias: ["2_01_016"]
---*/
-- Members under monitoring are INS01.
NOT insured_now
