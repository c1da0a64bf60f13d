/*---
title: {zh: 致贫返贫风险两系统不一致, en: The lists name different risks}
over: list_diff
applies: in_both
needs: [poverty_household, health_household]
severity: yellow
route: {to: county_rural, due: 7d, escalate: [31d]}
evidence:
  - rural_risks: "coalesce(nullif(rural_risks, ''), '未填')"
  - health_risks: "coalesce(nullif(health_risks, ''), '未填')"
  - synced_on
message: "风险：乡村振兴系统为{rural_risks}，卫生健康系统为{health_risks}"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
-- The order of the risks does not matter.
risk_differs
