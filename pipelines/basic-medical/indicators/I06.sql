/*---
title: {zh: 高额费用预警人数, en: High-cost warnings}
about: 近12个月个人负担达到预警线的在世人员（低收入人口、一般居民分别用各自的预警线）；“已纳入监测”为其中已是风险未消除监测对象的人数。按居住地归县。
unit: count
noun: 人
needs: [settlement, poverty_member, special_group, resident, death]
parts:
  low: {zh: 低收入人口, en: Low-income}
  general: {zh: 一般居民, en: Other residents}
  listed: {zh: 已纳入监测, en: Monitored already}
causes: [FEE01, FEE02]
---*/
WITH counted AS (
  SELECT county, count(*) AS n,
    count(CASE WHEN is_low_income THEN 1 END) AS low,
    count(CASE WHEN NOT is_low_income THEN 1 END) AS general,
    count(CASE WHEN is_open_mon THEN 1 END) AS listed
  FROM person
  WHERE alive AND is_warned
  GROUP BY county
)
SELECT county,
  unnest(make_array('', 'low', 'general', 'listed')) AS part,
  unnest(make_array(n, low, general, listed)) AS numerator
FROM counted
