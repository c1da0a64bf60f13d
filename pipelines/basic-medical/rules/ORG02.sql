/*---
title: {zh: 村卫生室无合格村医, en: Village clinic without a qualified doctor}
over: village_cover
# a village without any clinic is ORG01; a village served only from another institution has that institution's doctors;
# of a clinic that is newer than the register of staff nobody knows who works there
applies: is_rural AND NOT is_township_seat AND NOT is_merged AND is_inhabited AND clinics > 0 AND staff_told
needs: [village, institution, staff]
severity: red
route: {to: county_health, due: 3wd, escalate: [7d, 15d]}
evidence: [village_name, clinic_code, clinics, staff, licence_valid_to, {touring_days: "coalesce(touring_days, 0)"}]
message: "{village_name}有卫生室{clinics}个，无在岗的合格医生（登记人员{staff}名），派驻或巡诊未达到每周天数（现{touring_days}天）"
waivers: [村撤并, 系统未同步, 其他]
basis: {text: 国卫扶贫发〔2019〕45号：每个村卫生室至少有1名合格的乡村医生或执业（助理）医师（按记忆，未核对）, effective: [2019-07-01, null]}
---*/
doctors = 0
