/*---
title: {zh: 收入低于监测线未纳入监测, en: "Income below the line, not monitored"}
over: household
applies: in_list AND NOT is_monitored AND NOT is_gone AND members > 0 AND income_pc <> 0
needs: [poverty_household, poverty_member]
severity: orange
route: {to: county_rural, due: 7d, escalate: [14d, 30d]}
evidence:
  - income_pc
  - line: "CAST(param('mon_line', division, yr()) AS BIGINT)"
  - members
message: "该户人均纯收入{income_pc}元，低于防返贫监测线{line}元，未纳入监测对象"
waivers: [系统未同步, 其他]
basis: {text: 应纳尽纳, effective: [2021-01-01, null]}
alias: ["1_02_006"]
---*/
-- A cell of 0 is one that nobody filled in; a household that lost more than it earned is below any line. Whose members all left or
-- died needs no watch any more.
income_pc < param('mon_line', division, yr())
