/*---
title: {zh: 证件合格率, en: Valid ID numbers}
about: 分母为监测名单在册成员；分子为其中证件号码有效（含大小写、全半角等已修正的，15位已升位的，残疾人证可还原的）的人数。按居住地归县。
unit: percent
noun: 人
better: up
rank: true
needs: [poverty_member]
causes: [ID01, ID02, ID03, ID04]
---*/
SELECT county, count(CASE WHEN id_quality IN ('valid', 'repaired', 'upgraded15', 'disability') THEN 1 END) AS numerator, count(*) AS denominator
FROM person
WHERE in_list
GROUP BY county
