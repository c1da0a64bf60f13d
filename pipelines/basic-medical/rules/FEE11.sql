/*---
title: {zh: 预警后未跟进, en: High-cost warning not followed up}
over: case_watch
applies: rule IN ('FEE01', 'FEE02') AND is_open
needs: [case_file]
severity: red
route: {to: township, due: 3wd, escalate: [7d, 14d]}
evidence:
  - case_rule: "rule_shown"
  - since: "open_since"
  - issued
  - days: "days_open"
  - term: "CAST(param('follow_days', division, yr()) AS BIGINT)"
  - followed: "CASE WHEN outcome = 'fixing' THEN '仅报正在整改' WHEN coalesce(fault, '') <> '' THEN '反馈未通过复核' ELSE '仍无核查结果' END"
  - state_label
message: "高额费用预警{case_rule}自{since}立案（重开）已{days}天，超过{term}天{followed}，现为{state_label}，请入户核查并落实帮扶"
waivers: [失联, 已死亡, 其他]
basis: {text: 因病返贫致贫风险预警应跟进核查；时限为项目设定, effective: [2021-01-01, null]}
---*/
-- An answer that waits for its proof is a follow-up.
NOT has_answer AND days_open > param('follow_days', division, yr())
