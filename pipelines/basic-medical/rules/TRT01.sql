/*---
title: {zh: 大病患者未救治, en: Registered major disease not treated}
over: person
applies: alive AND major_n > 0
needs: [disease_reg, settlement, inpatient, death]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - untreated
  - untreated_since
  - untreated_days
message: "{untreated}患者，{untreated_since}确诊，已{untreated_days}天，登记为未救治且确诊后无相应就诊、结算记录"
waivers: [移植或转归, 省外就医, 失联, 出国, 已死亡]
basis: {text: 大病专项救治, effective: [2017-01-01, null]}
---*/
-- Days are counted to the day up to which bills are complete.
untreated_n > 0 AND untreated_days > param('treat_days', division, yr())
