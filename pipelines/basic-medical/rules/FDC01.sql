/*---
title: {zh: 慢病患者未签约, en: Chronic patient without a contract}
over: person
applies: is_target AND is_resolved AND NOT is_exempt AND chronic_n > 0
needs: [poverty_member, disease_reg, contract, resident, death]
severity: orange
route: {to: county_health, due: 7d, escalate: [14d, 30d]}
evidence:
  - chronic_n
  - chronic_since: "coalesce(CAST(chronic_since AS VARCHAR), '未填')"
  - last_contract: "coalesce(CAST(last_contract_to AS VARCHAR), '从未签约')"
message: "登记重点慢病{chronic_n}种（最早确诊日期：{chronic_since}），当前无有效家庭医生签约（上份协议到期：{last_contract}）"
waivers: [异地居住, 失联, 服刑, 参军, 出国, 已死亡, 空挂户, 拒绝签约, 其他]
basis: {text: 家庭医生签约应签尽签, effective: [2021-01-01, null]}
---*/
-- The disease is not named: tuberculosis and mental illness are among the four.
-- A registration without a date is not waited for; a contract without a first day runs from its signature. Days are counted to
-- the day up to which contracts are told; one that ended after it may have been renewed, and counts.
NOT contract_valid AND coalesce(chronic_days > param('contract_days', division, yr()), true)
