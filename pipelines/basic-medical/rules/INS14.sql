/*---
title: {zh: 医保与税务缴费不一致, en: Insurance and tax differ on the premium}
over: person
applies: alive AND insured_in_province AND (premium_net > 0 OR (resident_ins AND self_paid > 0))
needs: [premium, insured, resident, death]
severity: yellow
route: {to: county_insurance, due: 15d, escalate: [30d, 60d]}
evidence:
  - problem: "CASE WHEN NOT resident_ins AND ended_self_paid IS NOT NULL THEN '医保参保关系已暂停或终止，两部门登记的个人缴费金额不一致' WHEN NOT resident_ins THEN '税务已征缴，医保未登记参保' WHEN premium_net <= 0 THEN '医保登记有个人缴费，税务无缴费记录' ELSE '两部门登记的个人缴费金额不一致' END"
  - year: "ins_year"
  - tax_paid: "premium_net"
  - self_paid: "CASE WHEN resident_ins THEN self_paid ELSE coalesce(ended_self_paid, 0) END"
message: "{year}年度居民医保缴费：{problem}（税务实缴{tax_paid}元，医保登记{self_paid}元）"
waivers: [系统未同步, 外省参保]
basis: {text: 账账相符, effective: [2021-01-01, null]}
---*/
-- What was paid or paid back in the last weeks, as either side dates it, may not have reached the other yet, nor what was in a
-- month whose extract is late; who paid and then took a job is insured by it. Of an enrolment that was ended in the year both know what was paid for it.
(NOT resident_ins AND NOT employee_ins AND premium_net > 0 AND days_since_premium > param('premium_wait_days', division, yr())
  AND coalesce(abs(premium_net - ended_self_paid) > param('premium_tol', division, yr()), true))
OR (resident_ins AND coalesce(days_since_premium > param('premium_wait_days', division, yr()), true)
  AND CASE WHEN premium_net <= 0 THEN self_paid > 0
    ELSE premium_net - self_paid > param('premium_tol', division, yr()) OR self_paid - premium_net > param('premium_tol', division, yr()) END)
