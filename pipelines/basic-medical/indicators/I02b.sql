/*---
title: {zh: 资助参保资金到位率, en: Subsidies paid of those due}
about: >-
  分母为资助参保对象应资助金额之和：集中缴费期截止日为特困人员、孤儿和事实无人抚养儿童的按个人缴费标准全额，其他资助对象按最低资助比例；分子为实际资助金额之和，每人超出应资助金额的部分不计。按居住地归县。
unit: percent
noun: 元
better: up
rank: true
needs: [special_group, poverty_member, insured, resident, death]
causes: [INS06]
---*/
SELECT county, sum(least(subsidy_amt, due)) AS numerator, sum(due) AS denominator, count(*) AS persons
FROM (
  SELECT county, subsidy_amt,
    param('premium_self_min', division, ins_year)
      * CASE WHEN is_full_subsidy THEN param('subsidy_full_ratio', division, ins_year) ELSE param('subsidy_min_ratio', division, ins_year) END AS due
  FROM person
  WHERE alive AND resident_ins AND insured_in_province AND is_subsidy_eligible
) AS eligible
GROUP BY county
