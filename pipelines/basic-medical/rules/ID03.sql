/*---
title: {zh: 残疾人证前18位校验不通过, en: Disability card fails its check}
over: person
applies: in_list
needs: [poverty_member]
severity: blue
route: {to: township, due: 30d, escalate: [60d]}
evidence:
  - digits: "id_length"
  - hh_no
message: "监测名单登记的证件号码（{digits}位）不是有效的残疾人证号：前18位应为本人的公民身份号码，其后为残疾类别和等级；新生儿借用母亲证号加序号的，请补录本人号码"
waivers: [身份证错误]
basis: {text: 残疾人证编号规则；GB 11643-1999, effective: [1999-07-01, null]}
alias: ["1_01_004"]
---*/
id_card_rows > 0
