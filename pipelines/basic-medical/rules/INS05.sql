/*---
title: {zh: 已死亡仍参保, en: Dead but insured}
over: person
applies: NOT alive AND in_insured AND death_date IS NOT NULL
needs: [death, insured]
severity: yellow
route: {to: county_insurance, due: 15d, escalate: [30d, 60d]}
evidence:
  - death_date
  - days_dead
message: "{death_date}死亡，至参保数据截止日已{days_dead}天，医保参保状态仍为正常参保"
waivers: [系统未同步]
basis: {text: 参保人员死亡应终止参保, effective: [2021-01-01, null]}
---*/
-- An enrolment that ended with the year is no longer one, even while January looks at that year. Days are counted to the day up to
-- which enrolments are told.
enrolled_now AND days_dead > param('death_insured_days', division, yr())
