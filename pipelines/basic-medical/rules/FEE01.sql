/*---
title: {zh: 高额费用预警（低收入人口）, en: High-cost warning for low-income people}
over: person
applies: alive AND is_low_income
needs: [settlement, poverty_member, special_group, death]
severity: red
route: {to: county_rural, due: 3wd, escalate: [7d, 14d]}
evidence:
  - group: "coalesce(nullif(concat_ws('、', CASE WHEN is_open_mon THEN mon_type END, CASE WHEN is_lifted THEN '脱贫人口' END, group_names), ''), concat(mon_type, '（风险已消除）'))"
  - pay12
  - line: "CAST(param('alert_low', division, yr()) AS BIGINT)"
  - signs: "coalesce(nullif(risk_signs, ''), '无其他风险特征')"
message: "{group}，近12个月三重保障后个人负担{pay12}元，达到低收入人口预警线{line}元；{signs}，请入户核查是否存在因病返贫致贫风险"
waivers: [已核查, 其他, 已死亡]
basis: {text: 因病返贫致贫风险动态监测, source: "国办发〔2021〕42号", effective: [2021-01-01, null]}
---*/
-- What was paid stays paid, whatever is done for the household: 已核查 waives the warning until the bills are over a year old.
pay12 >= param('alert_low', division, yr())
