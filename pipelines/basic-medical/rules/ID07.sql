/*---
title: {zh: 号码疑似被Excel截断, en: ID number damaged by Excel}
over: person
applies: has_id OR id_damaged_rows > 0
needs: [resident, link]
severity: blue
route: {to: data_owner, due: 30d, escalate: [60d]}
evidence:
  - rows: "id_damaged_rows"
  - feeds: "id_damaged_tables"
message: "有{rows}条报送数据的证件号码疑似被Excel按数值截断（后三位失真或科学计数），涉及：{feeds}，请按文本格式重新报送"
waivers: [身份证错误, 系统未同步]
basis: {text: 数据报送规范（文本格式）, effective: [2021-01-01, null]}
---*/
id_damaged_rows > 0
