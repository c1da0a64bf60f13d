/*---
title: {zh: 报送及时率, en: Extracts in time}
about: 分母为本年度首次接收的各县（市、区）分片报送，同一接口、同一数据期的只计一次；分子为其中首次被接受的日期距数据期末日不超过规定天数的，此后的更正重报不计迟报。全省统一报送的数据不分县，不计。
unit: percent
noun: 批
better: up
needs: [delivery_log]
---*/
SELECT county,
  count(CASE WHEN accepted - period <= param('delivery_days', county, yr()) THEN 1 END) AS numerator,
  count(*) AS denominator
FROM (
  SELECT d.code AS county, l.feed, l.period, min(CASE WHEN l.verdict = 'accepted' THEN l.received END) AS accepted
  FROM delivery_log l
  JOIN code_division d ON d.level = '3' AND (d.label = l.part OR d.code = l.part OR has(d.aliases, l.part))
  WHERE l.received <= asof()
  GROUP BY d.code, l.feed, l.period
  HAVING min(l.received) >= make_date(CAST(yr() AS INT), 1, 1)
) AS sent
GROUP BY county
