/*---
title: {zh: 资助参保率, en: Subsidised enrolment}
about: >-
  分母为省内参加居民医保、在集中缴费期截止日已具备资助资格的特困、低保等对象和当日风险未消除的监测对象；分子为其中参保年度（数据齐全的最近月份所在年度）资助金额达到最低资助额的人数。按居住地归县。
unit: percent
noun: 人
better: up
rank: true
needs: [special_group, poverty_member, insured, resident, death]
causes: [INS06]
---*/
SELECT county,
  count(CASE WHEN subsidy_amt >= param('subsidy_min', division, ins_year) THEN 1 END) AS numerator,
  count(*) AS denominator
FROM person
WHERE alive AND resident_ins AND insured_in_province AND is_subsidy_eligible
GROUP BY county
