/*---
title: {zh: 证件号码校验不通过, en: ID number fails its check}
over: person
applies: in_list
needs: [poverty_member]
severity: blue
route: {to: township, due: 30d, escalate: [60d]}
evidence:
  - problem: "CASE id_quality WHEN 'bad_date' THEN '号码所含出生日期不存在' WHEN 'length' THEN '号码中有不应有的字符' ELSE '校验码错误' END"
  - hh_no
message: "监测名单登记的公民身份号码校验不通过（{problem}），请核对户口簿后在防返贫监测系统更正"
waivers: [身份证错误]
basis: {text: GB 11643-1999 公民身份号码, effective: [1999-07-01, null]}
alias: ["1_01_003"]
---*/
id_bad_rows > 0
