/*---
title: {zh: 县区数据报送逾期或缺失, en: "A county's delivery is late or missing"}
over: feed_watch
applies: is_county
needs: [delivery_log]
severity: orange
route: {to: county_health, due: 3wd, escalate: [7d, 14d]}
evidence:
  - county_name
  - feed_title
  - last: "coalesce(CAST(last_received AS VARCHAR), '从未报送')"
  - days: "coalesce(CAST(days_since AS VARCHAR), '—')"
  - term: "due_days"
message: "{county_name}{feed_title}最近一次报送：{last}，距今（天）{days}，应不超过{term}天报送一次"
waivers: [系统未同步, 其他]
basis: {text: 县级数据按期报送；天数为项目设定, effective: [2021-01-01, null]}
---*/
is_late
