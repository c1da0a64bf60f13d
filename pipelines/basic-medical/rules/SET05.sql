/*---
title: {zh: 住院时间重叠, en: Overlapping stays}
over: stay
applies: linked AND dates_ok AND NOT newborn
needs: [inpatient]
severity: yellow
route: {to: county_insurance, due: 15d, escalate: [30d, 60d]}
evidence: [org_name, admit_date, discharge_date, prev_org_name, prev_stay_id, prev_out, {overlap_days: "greatest(least(prev_out, discharge_date) - admit_date, 1)"}]
message: "{admit_date}在{org_name}入院，此前在{prev_org_name}的住院至{prev_out}才出院，重叠{overlap_days}天"
waivers: [身份证错误, 其他]
basis: {text: 同一人不应同时在两处住院；当日转院和相差一天不计（项目设定）, effective: [2020-01-01, null]}
---*/
-- Judged by how long the earlier stay went on; the days in common are fewer where this one lies inside it.
coalesce(prev_out - admit_date > param('overlap_days', division, yr()), false)
