/*---
title: {zh: 一证多人, en: One ID used by several people}
over: person
applies: has_id
needs: [resident, link]
severity: orange
route: {to: township, due: 7d, escalate: [14d, 30d]}
evidence:
  - rows: "id_clash_rows"
  - feeds: "id_clash_tables"
message: "该公民身份号码另被姓名、出生日期不同的人员使用{rows}次，涉及：{feeds}"
waivers: [身份证错误]
basis: {text: 一人一号, effective: [2021-01-01, null]}
alias: ["1_01_001"]
---*/
id_clash_rows > 0
