/*---
title: {zh: 整改率, en: Put right}
about: 分母为本年度下发的督办件（反弹件按重开后的首次下发计），不含现处于豁免和转办待承接的；分子为其中已销号或系统消除的件数。“销号”为其中有反馈并经数据复核销号的件数。按承办县。
unit: percent
noun: 件
better: up
rank: true
needs: [case_file]
parts:
  closed: {zh: 销号, en: Closed after an answer}
---*/
WITH counted AS (
  SELECT county, count(*) AS n,
    count(CASE WHEN state IN ('closed', 'vanished') THEN 1 END) AS done,
    count(CASE WHEN state = 'closed' THEN 1 END) AS closed
  FROM case_file
  WHERE issued >= make_date(CAST(yr() AS INT), 1, 1) AND state NOT IN ('waived', 'handed_over')
  GROUP BY county
)
SELECT county, unnest(make_array('', 'closed')) AS part, unnest(make_array(done, closed)) AS numerator, unnest(make_array(n, n)) AS denominator
FROM counted
