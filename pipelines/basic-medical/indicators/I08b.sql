/*---
title: {zh: 规范随访率, en: Followed up as due}
about: 分母为已签约的重点慢病患者（同慢病签约率）；分子为其中各病种当年（数据齐全的最近月份所在年度）随访次数均不少于应随访次数（按整月折算，计到该月）的人数。按居住地归县。
unit: percent
noun: 人
better: up
rank: true
needs: [poverty_member, disease_reg, contract, followup, resident, death]
causes: [FDC03]
---*/
SELECT county,
  count(CASE WHEN hbp_done >= hbp_due AND dm_done >= dm_due AND smi_done >= smi_due AND tb_done >= tb_due THEN 1 END) AS numerator,
  count(*) AS denominator
FROM person
WHERE is_target AND is_resolved AND NOT is_exempt AND chronic_n > 0 AND contract_valid
GROUP BY county
