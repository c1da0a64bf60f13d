/*---
title: {zh: 名单一致率, en: Lists that agree}
about: 分母为防返贫监测名单与卫生健康系统监测户名单的并集（按户）；分子为其中两系统在册、类别和风险消除状态一致，或差异尚在每周同步期限内的户数。
unit: percent
noun: 户
better: up
rank: true
needs: [poverty_household, health_household]
causes: [LSD01, LSD02, LSD03, LSD05]
---*/
-- As in basic-medical; LST10 is switched off here, and these four say what the two lists have against each other.
SELECT county, count(CASE WHEN sync_issue IS NULL THEN 1 END) AS numerator, count(*) AS denominator
FROM household
WHERE is_monitored OR in_health
GROUP BY county
