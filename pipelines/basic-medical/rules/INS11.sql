/*---
title: {zh: 断保, en: Insurance lapsed}
over: person
applies: is_target AND is_resolved AND NOT is_exempt AND insured_last_year
needs: [poverty_member, insured, resident, death]
severity: orange
route: {to: county_insurance, due: 7d, escalate: [14d, 30d]}
evidence:
  - year: "ins_year"
  - mon_type
message: "上年度已参保，{year}年度无正常参保记录；断保后再参保须经过待遇等待期"
waivers: [外省参保, 参军, 服刑, 失联, 出国, 拒绝参保, 已死亡, 系统未同步]
basis: {text: 连续参保激励与断保等待期, source: "国办发〔2024〕38号", effective: [2025-01-01, null]}
---*/
-- Rightly fires beside INS01 or INS02: the lapse is their cause and starts the waiting period.
NOT insured_now
