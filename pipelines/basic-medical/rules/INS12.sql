/*---
title: {zh: 新生儿未参保, en: Newborn not insured yet}
over: person
applies: is_target AND is_resolved AND NOT is_exempt AND enrolment_days >= 0 AND enrolment_days <= param('newborn_days', division, yr())
needs: [poverty_member, insured, resident, death]
severity: yellow
route: {to: county_insurance, due: 15d, escalate: [30d, 60d]}
evidence:
  - group: "CASE WHEN is_lifted AND NOT is_open_mon THEN '脱贫人口' ELSE mon_type END"
  - days: "enrolment_days"
  - year: "ins_year"
  - term: "CAST(param('newborn_days', division, yr()) AS BIGINT)"
message: "{group}家庭新生儿，至参保数据截止日出生{days}天，{year}年度无正常参保记录，请在出生{term}天内办结参保登记"
waivers: [外省参保, 系统未同步, 已死亡, 其他]
basis: {text: 新生儿应在规定期限内参保（期限按参数，按记忆，未核对）, effective: [2021-01-01, null]}
---*/
-- While the term still runs: once it is over INS01 and INS02 speak. Days are counted to the day up to which enrolments are told.
-- A child without an ID of its own that could be resolved is not judged.
NOT insured_now AND enrolment_days > param('newborn_warn_days', division, yr())
