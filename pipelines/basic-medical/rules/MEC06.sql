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
  - last: "CASE WHEN last_received IS NULL THEN '从未报送' ELSE concat('最近一次报送为', CAST(last_received AS VARCHAR), '，距今', CAST(days_since AS VARCHAR), '天') END"
  - term: "due_days"
message: "{county_name}的{feed_title}{last}，应至少每{term}天报送一次"
waivers: [系统未同步, 其他]
basis: {text: 县级数据按期报送；天数为项目设定, effective: [2021-01-01, null]}
---*/
is_late
