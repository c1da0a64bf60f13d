/*---
title: {zh: 参保率, en: Insurance coverage}
about: >-
  分母为脱贫人口、监测对象、低保对象和特困人员，按人取并集、不重复计算，不含已死亡、自然减少、参军服刑等免计人员、未满参保期限的新生儿和身份未能核实的名单人员；
  分子为其中参保年度（数据齐全的最近月份所在年度）有正常参保记录（居民医保或职工医保）的人数。按居住地归县。
unit: percent
noun: 人
better: up
rank: true
needs: [poverty_member, special_group, insured, resident, death]
parts:
  lifted: {zh: 脱贫人口, en: Lifted from poverty}
  monitored: {zh: 风险未消除监测对象, en: Monitored and not cleared}
  dibao: {zh: 低保对象, en: Subsistence allowance}
  tekun: {zh: 特困人员, en: Destitute}
causes: [INS01, INS02, INS11]
---*/
WITH counted AS (
  SELECT county,
    count(*) AS n, count(CASE WHEN insured_now THEN 1 END) AS done,
    count(CASE WHEN is_lifted THEN 1 END) AS n1, count(CASE WHEN is_lifted AND insured_now THEN 1 END) AS done1,
    count(CASE WHEN is_open_mon THEN 1 END) AS n2, count(CASE WHEN is_open_mon AND insured_now THEN 1 END) AS done2,
    count(CASE WHEN is_dibao THEN 1 END) AS n3, count(CASE WHEN is_dibao AND insured_now THEN 1 END) AS done3,
    count(CASE WHEN is_tekun THEN 1 END) AS n4, count(CASE WHEN is_tekun AND insured_now THEN 1 END) AS done4
  FROM person
  WHERE alive AND NOT is_exempt AND (enrolment_days IS NULL OR enrolment_days > param('newborn_days', division, yr()))
    AND ((is_target AND is_resolved) OR (NOT is_target AND (is_dibao OR is_tekun)))
  GROUP BY county
)
SELECT county,
  unnest(make_array('', 'lifted', 'monitored', 'dibao', 'tekun')) AS part,
  unnest(make_array(done, done1, done2, done3, done4)) AS numerator,
  unnest(make_array(n, n1, n2, n3, n4)) AS denominator
FROM counted
