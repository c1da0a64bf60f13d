/*---
title: {zh: 姓名不一致, en: Name differs between departments}
over: person
applies: has_id
needs: [resident, link]
severity: blue
route: {to: township, due: 30d, escalate: [60d]}
evidence:
  - rows: "name_variant_rows"
  - feeds: "name_variant_tables"
message: "同一公民身份号码在不同部门登记的姓名不一致（{rows}条），涉及：{feeds}"
waivers: [身份证错误, 系统未同步]
basis: {text: 一人一名, effective: [2021-01-01, null]}
---*/
name_variant_rows > 0
