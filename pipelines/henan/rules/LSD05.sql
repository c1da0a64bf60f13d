/*---
title: {zh: 风险消除状态两系统不一致, en: The lists disagree on the clearing of the risk}
over: list_diff
applies: in_both
needs: [poverty_household, health_household]
severity: orange
route: {to: county_rural, due: 7d, escalate: [31d]}
evidence:
  - rural_state: "CASE WHEN rural_cleared THEN '已消除' ELSE '未消除' END"
  - health_state: "CASE WHEN health_cleared THEN '已消除' ELSE '未消除' END"
  - synced_on
message: "风险消除状态：乡村振兴系统为{rural_state}，卫生健康系统为{health_state}"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
cleared_differs
