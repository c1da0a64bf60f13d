/*---
title: {zh: 因病风险但无患病成员, en: Risk of illness without an ill member}
over: household
applies: is_open_mon AND NOT is_gone AND risk_ill AND members > 0 AND illness_told
needs: [poverty_household, poverty_member, disease_reg]
severity: yellow
route: {to: county_rural, due: 15d, escalate: [30d, 60d]}
evidence:
  - mon_type
  - identified: "substr(CAST(identified_from AS VARCHAR), 1, 7)"
  - members
message: "{mon_type}，{identified}识别，致贫返贫风险含因病，但全户{members}人均无患病登记，健康状况也无大病或慢性病"
waivers: [系统未同步, 其他]
basis: {text: 风险识别与患病核准一致, effective: [2021-01-01, null]}
alias: ["5_15_015"]
---*/
-- A household whose members all left or died has nobody who could be ill.
ill_members = 0
