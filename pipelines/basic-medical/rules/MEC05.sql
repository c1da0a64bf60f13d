/*---
title: {zh: 反馈与复核不符, en: "Answered as fixed, still found"}
over: case_watch
applies: sent_back > 0
needs: [case_file]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - case_rule: "rule_shown"
  - answered: "CASE WHEN outcome = 'fixing' THEN '此前' ELSE CAST(answered AS VARCHAR) END"
  - sent_back
  - due
message: "督办件{case_rule}于{answered}反馈已整改或不属实，新数据复核仍有同一问题，已退回（次）：{sent_back}，应于{due}前重新核实反馈"
waivers: [系统未同步, 其他]
basis: {text: 反馈结果由新一轮数据复核（项目设定）, effective: [2021-01-01, null]}
---*/
-- Until the county answers anew; an answer that a reviewer refused is not meant here. A report of progress takes the
-- answer's place, and its day is not the answer's.
still_found
