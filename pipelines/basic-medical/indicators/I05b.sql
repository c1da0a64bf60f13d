/*---
title: {zh: 个人负担第90百分位, en: 90th percentile of out-of-pocket}
about: 脱贫人口和监测对象中近12个月有就医结算的，按个人负担由低到高排列，第90%位（就近取整）的金额。百分位不能相加，只列各县（市、区）。按居住地归县。
unit: yuan
noun: 人
better: down
rollup: none
needs: [settlement, poverty_member, death]
causes: [FEE01]
---*/
-- Numerator and denominator carry the number of persons along, so that a small county is seen as one.
SELECT county, max(CASE WHEN nth = (9 * n + 9) / 10 THEN pay12 END) * max(n) AS numerator, max(n) AS denominator, max(n) AS persons
FROM (
  SELECT county, pay12,
    row_number() OVER (PARTITION BY county ORDER BY pay12, person_key) AS nth,
    count(*) OVER (PARTITION BY county) AS n
  FROM person
  WHERE is_target AND bills12 > 0
) AS ordered
GROUP BY county
