/*---
title: {zh: 性别与诊断矛盾, en: Diagnosis of the other sex}
over: claim
# not judged: the sex is uncertain; a husband's insurance that pays for the birth (51, 52); a newborn on the mother's card
applies: >-
  live AND linked AND sex IS NOT NULL AND NOT newborn_dx
  AND coalesce(has_prefix('icd_female', dx_main) OR has_prefix('icd_male', dx_main), false)
  AND NOT (sex = '1' AND coalesce(med_type, '') IN ('51', '52'))
  AND NOT coalesce(sex = '2' AND admit_date - maternity_on <= param('newborn_card_days', division, yr()) AND has_prefix('icd_male', dx_main), false)
needs: [settlement]
severity: yellow
route: {to: county_insurance, due: 15d, escalate: [30d, 60d]}
evidence: [{sex_word: "CASE sex WHEN '1' THEN '男' ELSE '女' END"}, dx_shown, org_name, med_type, admit_date, total_fee]
message: "{sex_word}性患者{admit_date}在{org_name}的结算主诊断为{dx_shown}，与性别矛盾"
waivers: [身份证错误, 其他]
basis: {text: ICD-10 第二卷的性别限制编码（按记忆整理，未核对原文）, effective: [2020-01-01, null]}
---*/
(sex = '1' AND has_prefix('icd_female', dx_main)) OR (sex = '2' AND has_prefix('icd_male', dx_main))
