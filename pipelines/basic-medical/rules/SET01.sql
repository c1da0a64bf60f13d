/*---
title: {zh: 住院结算无病案首页, en: Inpatient settlement without a hospital record}
over: claim
applies: >-
  live AND linked AND is_inpatient AND NOT is_supplement AND NOT newborn_dx AND total_fee > 0
  AND pay_loc <> '3' AND org_code IS NOT NULL AND admit_date IS NOT NULL AND discharge_date IS NOT NULL
  AND asof() - out_date >= param('record_wait_days', division, yr())
  AND coalesce(paged_to - discharge_date >= param('tol_days', division, yr()), true)
needs: [settlement, inpatient, institution]
severity: yellow
route: {to: county_health, due: 15d, escalate: [30d, 60d]}
evidence: [org_name, org_code, admit_date, discharge_date, setl_date, total_fee, fund_pay]
message: "{org_name}：{admit_date}入院、{discharge_date}出院，已按住院结算（总费用{total_fee}元，基金支付{fund_pay}元），病案首页中查无本次住院"
waivers: [身份证错误, 系统未同步, 其他]
basis: {text: 住院结算应有同一人、同一机构、同一时段的病案首页（项目设定，非文件条款）, effective: [2020-01-01, null]}
---*/
-- A page is written at the discharge: who is still in hospital, as an interim bill without it says, has none yet. Nor is one
-- missed of a month whose pages are not here.
stay_id IS NULL
