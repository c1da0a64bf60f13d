/*---
title: {zh: 监测对象类别两系统不一致, en: The lists name different kinds}
over: list_diff
applies: in_both
needs: [poverty_household, health_household]
severity: orange
route: {to: county_rural, due: 7d, escalate: [31d]}
evidence:
  - rural_type
  - health_type
  - synced_on
message: "监测对象类别：乡村振兴系统为{rural_type}，卫生健康系统为{health_type}"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
type_differs
