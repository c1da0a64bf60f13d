/*---
title: {zh: 重复参保, en: Enrolled more than once}
over: person
applies: alive AND insured_now
needs: [insured, death]
severity: yellow
route: {to: county_insurance, due: 15d, escalate: [30d, 60d]}
evidence:
  - year: "ins_year"
  - enrolments
  - enrolment_kinds
  - enrolment_places
message: "{year}年度有{enrolments}条正常参保关系（{enrolment_kinds}个险种、{enrolment_places}个参保地），属重复参保"
waivers: [系统未同步, 其他]
basis: {text: 重复参保治理, effective: [2021-01-01, null]}
alias: ["2_01_009", "1_11_008"]
---*/
-- Two kinds, two places, or two numbers of one kind in one place.
enrolments > param('enrolment_max', division, yr())
