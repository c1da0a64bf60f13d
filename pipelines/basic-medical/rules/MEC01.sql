/*---
title: {zh: 识别后未按期入户核实, en: No home visit within the term after identification}
over: household
applies: is_open_mon AND in_clock AND NOT is_gone
needs: [poverty_household, poverty_member, visit_check, death]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - mon_type
  - since: "clock_start"
  - days: "clock_days"
  - term: "CAST(param('visit_days', division, yr()) AS BIGINT)"
message: "{mon_type}，{since}识别（下发），已{days}天，超过{term}天仍无入户核实记录"
waivers: [失联, 系统未同步, 其他]
basis: {text: 新纳入监测对象一周内入户核实, effective: [2021-01-01, null]}
---*/
-- A call is no visit. A late visit clears the anomaly; punctuality is an indicator. A household all of whose members
-- left (自然减少) or died has nobody to visit. Days are counted to the day up to which visits are told.
NOT visited AND clock_days > param('visit_days', division, yr())
