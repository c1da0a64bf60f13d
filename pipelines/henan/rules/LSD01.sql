/*---
title: {zh: 监测户仅在乡村振兴系统, en: Monitored household only in the rural list}
over: list_diff
applies: in_rural AND NOT rural_cleared
needs: [poverty_household, health_household]
severity: orange
route: {to: county_health, due: 7d, escalate: [31d]}
evidence:
  - rural_type
  - rural_risks
  - since: "rural_since"
message: "{rural_type}，{since}纳入监测，乡村振兴系统有、卫生健康系统无，请在下次周同步前补录并安排入户核实"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
-- A household of this week is not missed yet.
only_rural
