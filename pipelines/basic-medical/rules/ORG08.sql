/*---
title: {zh: 空白点反弹, en: Closed blank spot is back}
over: case_watch
applies: rule IN ('ORG01', 'ORG02') AND is_open
needs: [case_file]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 15d]}
evidence:
  - case_rule: "rule_shown"
  - village: "subject"
  - ended
  - reopened
  - relapses
  - days: "days_away"
  - term: "CAST(param('rebound_days', division, yr()) AS BIGINT)"
message: "村{village}的空白点（{case_rule}）于{ended}办结，{reopened}再次出现，相隔（天）{days}（{term}天内视为反弹），累计反弹（次）：{relapses}"
waivers: [村撤并, 系统未同步, 其他]
basis: {text: 空白点动态清零；反弹时限为项目设定, effective: [2021-01-01, null]}
---*/
-- Counted from the end to the reopening, however long it has been open again.
is_back AND days_away <= param('rebound_days', division, yr())
