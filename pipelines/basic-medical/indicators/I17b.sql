/*---
title: {zh: 按期整改率, en: Put right in time}
about: 分母为本年度下发、已办结或反馈期限已过的督办件，不含现处于豁免和转办待承接的；分子为其中办结日期不晚于反馈期限的件数。按承办县。
unit: percent
noun: 件
better: up
rank: true
needs: [case_file]
---*/
SELECT county, count(CASE WHEN state IN ('closed', 'vanished') AND ended <= due THEN 1 END) AS numerator, count(*) AS denominator
FROM case_file
WHERE issued >= make_date(CAST(yr() AS INT), 1, 1) AND state NOT IN ('waived', 'handed_over')
  AND (state IN ('closed', 'vanished') OR due < asof())
GROUP BY county
