/*---
title: {zh: 透析或化疗中断, en: Dialysis or chemotherapy interrupted}
over: person
applies: alive AND NOT is_away AND ((on_dialysis AND NOT transplanted) OR (chemo12 >= param('chemo_min', division, yr()) AND chemo12 < param('chemo_full', division, yr()) AND NOT cancer_treated))
needs: [settlement, inpatient, disease_reg, resident, death]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - treatment: "CASE WHEN NOT is_off_dialysis THEN '化疗' WHEN on_peritoneal THEN '腹膜透析' ELSE '血液透析' END"
  - last_session: "CASE WHEN is_off_dialysis THEN greatest(dialysis_last, peritoneal_last) ELSE chemo_last END"
  - gap: "CASE WHEN is_off_dialysis THEN dialysis_days ELSE chemo_gap END"
  - signs: "coalesce(nullif(risk_signs, ''), '无其他风险特征')"
message: "{treatment}患者最近一次治疗为{last_session}，至结算数据截止日已{gap}天无治疗和住院记录；{signs}，请村医立即上门了解"
waivers: [移植或转归, 省外就医, 已死亡, 失联, 出国]
basis: {text: 重病患者跟踪管理, effective: [2021-01-01, null]}
---*/
-- Everyone is judged, on a list or not; not who is known to be away. Days are counted to the day up to which bills are
-- complete; a stay in hospital is no gap, bags for peritoneal dialysis are none while they last; a full course of
-- chemotherapy has ended by plan, and so has one of a cancer that is registered as treated.
-- Who was treated elsewhere last is waited for as long as bills from elsewhere may come.
is_off_dialysis
OR (chemo12 >= param('chemo_min', division, yr()) AND chemo12 < param('chemo_full', division, yr()) AND NOT cancer_treated AND chemo_gap > param('chemo_gap', division, yr()))
