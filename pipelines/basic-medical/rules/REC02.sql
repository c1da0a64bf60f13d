/*---
title: {zh: 系统人数与台账不符, en: "List differs from the county's ledger"}
over: county_sources
applies: ledger_month IS NOT NULL
needs: [poverty_member, county_ledger]
severity: blue
route: {to: county_rural, due: 30d, escalate: [60d]}
evidence:
  - month: "concat(substr(CAST(ledger_month AS VARCHAR), 1, 4), '年', CAST(CAST(substr(CAST(ledger_month AS VARCHAR), 6, 2) AS INT) AS VARCHAR), '月')"
  - households: "coalesce(then_households, 0)"
  - persons: "coalesce(then_persons, 0)"
  - ledger_households: "coalesce(CAST(ledger_households AS VARCHAR), '（未填）')"
  - ledger_persons: "coalesce(CAST(ledger_persons AS VARCHAR), '（未填）')"
message: "县级台账（{month}末）{ledger_households}户{ledger_persons}人，监测系统同期{households}户{persons}人，相差超过容差，请逐户核对"
waivers: [系统未同步, 其他]
basis: {text: 账实相符；容差为项目设定, effective: [2021-01-01, null]}
---*/
ledger_differs
