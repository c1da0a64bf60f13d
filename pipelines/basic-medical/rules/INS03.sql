/*---
title: {zh: 名单参保标志与医保库不符, en: Enrolment claimed by the list differs from the register}
over: person
applies: is_target AND is_resolved AND flags_told AND (list_resident_ins IS NOT NULL OR list_employee_ins IS NOT NULL)
needs: [poverty_member, insured, death]
in_time: true
severity: yellow
route: {to: county_rural, due: 15d, escalate: [30d, 60d]}
evidence:
  - in_list_says: "concat_ws('、', CASE WHEN list_resident_ins THEN '居民医保' END, CASE WHEN list_employee_ins THEN '职工医保' END, CASE WHEN NOT coalesce(list_resident_ins, false) AND NOT coalesce(list_employee_ins, false) THEN '未参保' END)"
  - register_says: "concat_ws('、', CASE WHEN resident_ins THEN '居民医保' END, CASE WHEN employee_ins THEN '职工医保' END, CASE WHEN NOT resident_ins AND NOT employee_ins THEN '未参保' END)"
message: "监测名单登记为{in_list_says}，医保参保库为{register_says}，两者不一致"
waivers: [系统未同步, 外省参保]
basis: {text: 账账相符, effective: [2021-01-01, null]}
alias: ["2_01_008"]
---*/
list_resident_ins <> resident_ins OR list_employee_ins <> employee_ins
