/*---
title: {zh: 逾期督办件, en: Overdue cases}
about: 已过反馈期限、承办县尚未反馈的在办件数。数据为本夜比对开始前的台账。按承办县。
unit: count
noun: 件
better: down
needs: [case_file]
---*/
SELECT county, count(CASE WHEN overdue THEN 1 END) AS numerator
FROM case_file
GROUP BY county
