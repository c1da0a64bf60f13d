/*---
title: {zh: 人均个人负担, en: Out-of-pocket for each person treated}
about: 脱贫人口和监测对象近12个月就医结算的个人负担总额，除以其中有就医结算的人数。退费已冲销。按居住地归县。
unit: yuan
noun: 人
better: down
rank: true
needs: [settlement, poverty_member, death]
causes: [FEE01, FEE06]
---*/
SELECT county, sum(pay12) AS numerator, count(*) AS denominator, count(*) AS persons
FROM person
WHERE is_target AND bills12 > 0
GROUP BY county
