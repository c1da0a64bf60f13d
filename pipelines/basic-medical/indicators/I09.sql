/*---
title: {zh: 罕见病登记率, en: Rare diseases registered}
about: 分母为就诊记录中有罕见病诊断（样例目录，非国家全目录）的在世人员；分子为其中在罕见病登记系统有登记的人数。按居住地归县。
unit: percent
noun: 人
better: up
needs: [settlement, inpatient, rare_case, death]
causes: [RAR01]
---*/
SELECT county, count(CASE WHEN rare_cases > 0 THEN 1 END) AS numerator, count(*) AS denominator
FROM person
WHERE alive AND rare_claims > 0
GROUP BY county
