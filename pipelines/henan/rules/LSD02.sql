/*---
title: {zh: 监测户仅在卫生健康系统, en: Monitored household only in the health system's list}
over: list_diff
applies: in_health AND NOT health_cleared
needs: [poverty_household, health_household]
severity: orange
route: {to: county_health, due: 7d, escalate: [31d]}
evidence:
  - health_type
  - health_risks
  - since: "health_since"
  - synced_on
message: "{health_type}，识别月份截止{since}，卫生健康系统有、乡村振兴系统未列为监测户，请核对后更正"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
only_health
