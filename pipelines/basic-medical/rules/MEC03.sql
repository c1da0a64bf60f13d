/*---
title: {zh: 周同步缺失, en: Weekly exchange of the list is missing}
over: feed_watch
applies: NOT is_county AND table_name = 'poverty_household'
needs: [delivery_log]
severity: orange
route: {to: province_health, due: 7d, escalate: [14d, 30d]}
evidence:
  - feed_title
  - last: "coalesce(CAST(last_received AS VARCHAR), '从未报送')"
  - days: "coalesce(CAST(days_since AS VARCHAR), '—')"
  - term: "CAST(param('sync_days', division, yr()) AS BIGINT)"
message: "{feed_title}最近一次接收：{last}，距今（天）{days}，应每{term}天与乡村振兴部门同步更新一次"
waivers: [系统未同步, 其他]
basis: {text: 每周与乡村振兴部门同步更新（河南做法）, effective: [2021-01-01, null]}
---*/
-- The list as a whole; a county that is missing in it is MEC06.
coalesce(days_since > param('sync_days', division, yr()), true)
