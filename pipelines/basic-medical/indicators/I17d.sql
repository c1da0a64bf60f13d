/*---
title: {zh: 平均办结天数, en: Days to the end}
about: 本年度办结（销号或系统消除）的督办件自下发（反弹件自重开后的首次下发）至办结的平均自然日数。按承办县。
unit: days
noun: 件
better: down
rank: true
needs: [case_file]
---*/
SELECT county, sum(ended - issued) AS numerator, count(*) AS denominator
FROM case_file
WHERE state IN ('closed', 'vanished') AND issued IS NOT NULL AND ended >= issued AND ended >= make_date(CAST(yr() AS INT), 1, 1)
GROUP BY county
