/*---
title: {zh: 一周核实率, en: Visited within a week}
about: 分母为近12个月内识别（下发）、核实期限已到或已核实的监测户；分子为其中在期限内首次入户核实的户数（电话、调档不计）。成员均已自然减少或死亡的户不计。只有识别月份的，自当月末日起算。
unit: percent
noun: 户
better: up
rank: true
needs: [poverty_household, poverty_member, visit_check]
causes: [MEC01]
---*/
SELECT h.county, count(CASE WHEN h.first_visit - h.clock_start <= param('visit_days', h.division, yr()) THEN 1 END) AS numerator, count(*) AS denominator
FROM (
  SELECT o.hh_no, o.county, o.division, o.clock_start, o.clock_days, min(v.visited_date) AS first_visit
  FROM household o
  LEFT JOIN visit_check v ON v.hh_no = o.hh_no AND v.visited_date >= o.identified_from AND v.visited_date <= asof()
    AND coalesce(v.visit_way, '2') = '2'
  WHERE o.is_monitored AND o.in_clock AND NOT o.is_gone
  GROUP BY o.hh_no, o.county, o.division, o.clock_start, o.clock_days
) AS h
WHERE h.first_visit IS NOT NULL OR h.clock_days > param('visit_days', h.division, yr())
GROUP BY h.county
