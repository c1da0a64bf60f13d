/*---
title: {zh: 部门总数不一致, en: Totals of two sources differ}
over: county_sources
applies: member_persons IS NOT NULL OR list_persons IS NOT NULL OR health_households IS NOT NULL
needs: [poverty_household, poverty_member, health_household]
in_time: true
severity: blue
route: {to: county_rural, due: 30d, escalate: [60d]}
evidence:
  - persons: "coalesce(member_persons, 0)"
  - stated: "coalesce(list_persons, 0)"
  - households: "coalesce(member_households, 0)"
  - stated_households: "coalesce(list_households, 0)"
  - rural_open: "coalesce(open_households, 0)"
  - health_open: "coalesce(health_households, 0)"
message: "成员表{persons}人、{households}户，户表{stated}人、{stated_households}户；未消除风险监测户：防返贫监测系统{rural_open}户，卫生健康系统{health_open}户；总数相差超过容差，请核对是否漏报"
waivers: [系统未同步, 其他]
basis: {text: 账账相符；容差为项目设定, effective: [2021-01-01, null]}
---*/
list_differs OR copy_differs
