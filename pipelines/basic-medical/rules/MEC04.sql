/*---
title: {zh: 反馈逾期, en: No answer within the term}
over: case_watch
applies: is_asked
needs: [case_file]
severity: orange
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - case_rule: "rule_shown"
  - state_label
  - due
  - days: "days_overdue"
  - letters: "step"
message: "督办件{case_rule}应于{due}前反馈，已逾期{days}天，现为{state_label}，应发督办文书（次）：{letters}"
waivers: [系统未同步, 其他]
basis: {text: 督办反馈时限（项目设定：逾期依次提示、督办、约谈）, effective: [2021-01-01, null]}
---*/
overdue
