/*---
title: {zh: 大病患者未救治, en: Registered major disease not treated}
over: person
applies: alive AND NOT is_away AND major_n > 0
needs: [disease_reg, settlement, inpatient, resident, death]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - untreated
  - untreated_since
  - untreated_days
  - confirmed: "CASE WHEN untreated_since IS NULL THEN '确诊日期未填' ELSE concat(CAST(untreated_since AS VARCHAR), '确诊，至结算数据（含异地）收齐日已', CAST(untreated_days AS VARCHAR), '天') END"
message: "{untreated}患者，{confirmed}，登记为未救治且确诊后无相应就诊、结算记录"
waivers: [移植或转归, 省外就医, 失联, 出国, 已死亡]
basis: {text: 大病专项救治, effective: [2017-01-01, null]}
---*/
-- Days are counted to the day up to which bills are complete, those from elsewhere too; a registration without a date is
-- not waited for. Who is known to be away is not judged; who is missing is.
untreated_n > 0 AND coalesce(untreated_days > param('treat_days', division, yr()), true)
