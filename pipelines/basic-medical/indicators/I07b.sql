/*---
title: {zh: 大病救治进度, en: Progress by major disease}
about: 分母为患病登记中未结案的大病登记件数；分子为其中救治状态为救治中、已救治或好转的件数（未救治、放弃治疗和未填的不计入）。按病种分列，不含依法保密的病种和罕见病。按登记的居住地归县。
unit: percent
noun: 件
better: up
needs: [disease_reg]
parts:
  d01: {zh: 儿童白血病, en: Major disease 01}
  d02: {zh: 儿童先天性心脏病, en: Major disease 02}
  d03: {zh: 食管癌, en: Major disease 03}
  d04: {zh: 胃癌, en: Major disease 04}
  d05: {zh: 结肠癌, en: Major disease 05}
  d06: {zh: 直肠癌, en: Major disease 06}
  d07: {zh: 终末期肾病, en: Major disease 07}
  d08: {zh: 肺癌, en: Major disease 08}
  d09: {zh: 肝癌, en: Major disease 09}
  d10: {zh: 乳腺癌, en: Major disease 10}
  d11: {zh: 宫颈癌, en: Major disease 11}
  d12: {zh: 急性心肌梗死, en: Major disease 12}
  d13: {zh: 白内障, en: Major disease 13}
  d14: {zh: 尘肺, en: Major disease 14}
  d15: {zh: 神经母细胞瘤, en: Major disease 15}
  d16: {zh: 儿童淋巴瘤, en: Major disease 16}
  d17: {zh: 骨肉瘤, en: Major disease 17}
  d19: {zh: 地中海贫血, en: Major disease 19}
  d20: {zh: 唇腭裂, en: Major disease 20}
  d21: {zh: 尿道下裂, en: Major disease 21}
  d23: {zh: 脑卒中, en: Major disease 23}
  d24: {zh: 慢性阻塞性肺气肿, en: Major disease 24}
  d26: {zh: 膀胱癌, en: Major disease 26}
  d27: {zh: 卵巢癌, en: Major disease 27}
  d28: {zh: 肾癌, en: Major disease 28}
  d30: {zh: 风湿性心脏病, en: Major disease 30}
causes: [TRT01]
---*/
WITH registered AS (
  SELECT substr(r.village_code, 1, 6) AS county, r.disease, coalesce(CAST(s.treated AS BOOLEAN), false) AS treated
  FROM disease_reg r
  JOIN code_disease d ON d.code = r.disease
  LEFT JOIN code_treat_status s ON s.code = r.treat_status
  WHERE d.class = '大病' AND NOT CAST(d.sensitive AS BOOLEAN) AND r.closed_date IS NULL AND coalesce(r.treat_status <> '死亡', true)
)
SELECT county, '' AS part, count(CASE WHEN treated THEN 1 END) AS numerator, count(*) AS denominator FROM registered GROUP BY county
UNION ALL
SELECT county, disease AS part, count(CASE WHEN treated THEN 1 END) AS numerator, count(*) AS denominator FROM registered GROUP BY county, disease
