/*---
title: {zh: 行政村两系统不一致, en: The lists name different villages}
over: list_diff
applies: in_both
needs: [poverty_household, health_household]
severity: yellow
route: {to: county_health, due: 7d, escalate: [31d]}
evidence:
  - rural_village
  - health_village
  - synced_on
message: "行政村代码：乡村振兴系统为{rural_village}，卫生健康系统为{health_village}"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
division_differs
