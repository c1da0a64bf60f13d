/*---
title: {zh: 疑似大病未登记, en: Claims show a major disease that is not registered}
over: person
applies: alive AND (is_target OR is_warned OR is_fragile)
needs: [settlement, inpatient, disease_reg, poverty_member, special_group, resident, death]
severity: orange
route: {to: county_health, due: 7d, escalate: [14d, 30d]}
evidence:
  - disease: "unregistered"
  - first_seen: "unreg_since"
  - claims: "unreg_claims"
  - stays: "unreg_stays"
  - signs: "coalesce(nullif(risk_signs, ''), '无其他风险特征')"
message: "{first_seen}起就诊记录显示{disease}（{claims}次，其中住院{stays}次），患病登记中无此病种；{signs}，请核准后纳入大病专项救治"
waivers: [移植或转归, 省外就医, 系统未同步, 其他]
basis: {text: 大病专项救治；患病核准, effective: [2017-01-01, null]}
---*/
-- Judged for people on a list, for everyone whose self-pay reached the warning line,
-- and for the old who live alone and are on dialysis, or whose kidneys have failed by as many claims, whatever they paid. The view names a disease when a stay or
-- several claims show it, and the time to register it was over when registrations came last.
unregistered IS NOT NULL
