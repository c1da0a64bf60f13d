/*---
title: {zh: 家庭人口两系统不一致, en: The lists state different sizes}
over: list_diff
applies: in_both
needs: [poverty_household, health_household]
severity: blue
route: {to: county_health, due: 7d, escalate: [31d]}
evidence:
  - rural_size
  - health_size
  - synced_on
message: "家庭人口：乡村振兴系统为{rural_size}人，卫生健康系统为{health_size}人"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
size_differs
