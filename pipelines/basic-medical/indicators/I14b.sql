/*---
title: {zh: 一月帮扶落实率, en: Measures within a month}
about: 分母为近12个月内识别（下发）、因病或有患病成员、落实期限已到或已落实的监测户；分子为其中在期限内首项健康帮扶措施已落实的户数。成员均已自然减少或死亡的户不计。
unit: percent
noun: 户
better: up
rank: true
needs: [poverty_household, poverty_member, visit_check, measure]
causes: [MEC02]
---*/
SELECT h.county, count(CASE WHEN h.first_done - h.clock_start <= param('measure_days', h.division, yr()) THEN 1 END) AS numerator, count(*) AS denominator
FROM (
  SELECT o.hh_no, o.county, o.division, o.clock_start, o.help_days, min(m.done_date) AS first_done
  FROM household o
  LEFT JOIN measure m ON m.hh_no = o.hh_no AND m.done_date >= o.identified_from AND m.done_date <= asof()
  WHERE o.is_monitored AND o.in_clock AND NOT o.is_gone AND (o.risk_ill OR o.ill_members > 0)
  GROUP BY o.hh_no, o.county, o.division, o.clock_start, o.help_days
) AS h
WHERE h.first_done IS NOT NULL OR h.help_days > param('measure_days', h.division, yr())
GROUP BY h.county
