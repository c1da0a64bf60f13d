/*---
title: {zh: 报送及时率, en: Extracts in time}
about: 分母为本年度各县（市、区）分片报送的批次；分子为其中被接受、且接收日期距数据期末日不超过规定天数的批次。全省统一报送的数据不分县，不计。
unit: percent
noun: 批
better: up
needs: [delivery_log]
---*/
SELECT d.code AS county,
  count(CASE WHEN l.verdict = 'accepted' AND l.received - l.period <= param('delivery_days', d.code, yr()) THEN 1 END) AS numerator,
  count(*) AS denominator
FROM delivery_log l
JOIN code_division d ON d.label = l.part AND d.level = '3'
WHERE l.received >= make_date(CAST(yr() AS INT), 1, 1) AND l.received <= asof()
GROUP BY d.code
