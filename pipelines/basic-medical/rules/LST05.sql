/*---
title: {zh: 风险消除时收入仍低于监测线, en: Risk cleared while income was below the line}
over: household
applies: is_monitored AND NOT is_open_mon AND NOT is_gone AND clear_way = '帮扶消除' AND income_pc_cleared <> 0
needs: [poverty_household]
severity: orange
route: {to: county_rural, due: 7d, escalate: [14d, 30d]}
evidence:
  - mon_type
  - cleared: "substr(CAST(cleared_ym AS VARCHAR), 1, 7)"
  - income_pc_cleared
  - line: "CAST(param('mon_line', division, coalesce(cleared_year, yr())) AS BIGINT)"
message: "{mon_type}，{cleared}经帮扶消除风险，消除时人均纯收入{income_pc_cleared}元，低于当年监测线{line}元"
waivers: [系统未同步, 其他]
basis: {text: 风险稳定消除, effective: [2021-01-01, null]}
alias: ["4_11_010"]
---*/
-- The line of the year of clearing: later lines never reopen an old decision. A cell of 0 is one that nobody filled in; less is a
-- loss. A household whose members all left or died cannot be listed again.
income_pc_cleared < param('mon_line', division, coalesce(cleared_year, yr()))
