/*---
title: {zh: 识别后未按期落实健康帮扶措施, en: No health measure within the term after identification}
over: household
applies: is_open_mon AND in_clock AND NOT is_gone AND (risk_ill OR ill_members > 0)
needs: [poverty_household, poverty_member, visit_check, measure, death]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - mon_type
  - since: "clock_start"
  - days: "help_days"
  - term: "CAST(param('measure_days', division, yr()) AS BIGINT)"
  - decided: "CASE WHEN last_decided >= identified_from THEN '已制定未落实' ELSE '未制定' END"
message: "{mon_type}（因病或有患病成员），{since}识别，已{days}天，超过{term}天，健康帮扶措施{decided}"
waivers: [失联, 系统未同步, 其他]
basis: {text: 一个月内落实健康帮扶措施, effective: [2021-01-01, null]}
alias: ["1_11_010"]
---*/
NOT helped AND help_days > param('measure_days', division, yr())
