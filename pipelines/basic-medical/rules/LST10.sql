/*---
title: {zh: 两部门监测名单不一致, en: Two departments disagree on the list}
over: household
applies: is_monitored OR in_health
needs: [poverty_household, health_household]
severity: orange
route: {to: county_rural, due: 7d, escalate: [14d, 30d]}
evidence:
  - problem: "sync_issue"
  # what differs: the kind, or whether the risk is cleared
  - list_type: "CASE WHEN sync_issue = '风险消除状态不一致' THEN CASE WHEN risk_cleared THEN '已消除' ELSE '未消除' END ELSE coalesce(mon_type, '无') END"
  - health_type: "CASE WHEN sync_issue = '风险消除状态不一致' THEN CASE WHEN health_risk_cleared THEN '已消除' ELSE '未消除' END ELSE coalesce(health_mon_type, '无') END"
  - synced_on
message: "{problem}：防返贫监测系统为{list_type}，卫生健康系统为{health_type}，请按周同步更新"
waivers: [系统未同步]
basis: {text: 每周与乡村振兴部门同步更新, effective: [2021-01-01, null]}
---*/
-- Both sides have the time of one weekly exchange before a difference counts.
sync_issue IS NOT NULL
