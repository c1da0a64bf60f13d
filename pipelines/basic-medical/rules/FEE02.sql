/*---
title: {zh: 高额费用预警（一般居民）, en: High-cost warning for other residents}
over: person
applies: alive AND NOT is_low_income
needs: [settlement, poverty_member, special_group, resident, death]
severity: orange
route: {to: county_rural, due: 7d, escalate: [14d, 30d]}
evidence:
  - pay12
  - line: "CAST(param('alert_gen', division, yr()) AS BIGINT)"
  - age
  - signs: "coalesce(nullif(risk_signs, ''), '无其他风险特征')"
message: "低收入人口以外的居民，近12个月个人负担{pay12}元，达到一般居民预警线{line}元；{signs}，请入户核查，符合条件的按程序纳入监测"
waivers: [已核查, 其他, 已死亡]
basis: {text: 因病返贫致贫风险动态监测, source: "国办发〔2021〕42号", effective: [2021-01-01, null]}
---*/
-- What was paid stays paid, whatever is done for the household: 已核查 waives the warning until the bills are over a year old.
pay12 >= param('alert_gen', division, yr())
