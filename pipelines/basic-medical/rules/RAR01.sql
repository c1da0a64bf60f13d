/*---
title: {zh: 罕见病费用有而未登记, en: "Rare disease in claims, not registered"}
over: person
applies: alive AND rare_claims > 0
needs: [settlement, inpatient, rare_case, death]
severity: yellow
route: {to: county_health, due: 15d, escalate: [30d, 60d]}
evidence:
  - claims: "rare_claims"
  - days: "rare_days"
message: "就诊记录有罕见病诊断{claims}次，首次至登记数据截止日已{days}天，罕见病登记系统中无此人"
waivers: [省外就医, 系统未同步, 其他]
basis: {text: 罕见病病例诊疗信息登记, effective: [2019-11-01, null]}
sensitive: true
---*/
rare_cases = 0 AND rare_days > param('register_days', division, yr())
