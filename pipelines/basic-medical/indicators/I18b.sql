/*---
title: {zh: 必填完整率, en: Required cells filled}
about: 分母为监测名单成员行数（不含自然减少）；分子为其中户编号、人编号、姓名、证件号码、出生日期、与户主关系和行政村均已填写的行数。按行政村归县。
unit: percent
noun: 行
better: up
rank: true
needs: [poverty_member]
---*/
SELECT substr(village_code, 1, 6) AS county,
  count(CASE WHEN hh_no IS NOT NULL AND member_no IS NOT NULL AND name IS NOT NULL AND id_no_raw IS NOT NULL AND birth_date IS NOT NULL
    AND rel_to_head IS NOT NULL AND village_code IS NOT NULL THEN 1 END) AS numerator,
  count(*) AS denominator
FROM poverty_member
WHERE coalesce(member_change, '') <> '自然减少'
GROUP BY substr(village_code, 1, 6)
