/*---
title: {zh: 证件号码位数异常, en: ID number of wrong length}
over: person
applies: in_list
needs: [poverty_member]
severity: blue
route: {to: township, due: 30d, escalate: [60d]}
evidence:
  - digits: "id_length"
  - hh_no
message: "监测名单登记的证件号码为{digits}位，应为18位（残疾人证为20位或22位）"
waivers: [身份证错误]
basis: {text: GB 11643-1999 公民身份号码, effective: [1999-07-01, null]}
alias: ["1_01_002"]
---*/
id_length_rows > 0
