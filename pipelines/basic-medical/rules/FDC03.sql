/*---
title: {zh: 签约未随访, en: Contracted but behind on follow-up visits}
over: person
applies: is_target AND is_resolved AND NOT is_exempt AND chronic_n > 0 AND contract_valid
needs: [poverty_member, disease_reg, contract, followup, resident, death]
severity: orange
route: {to: county_health, due: 7d, escalate: [14d, 30d]}
evidence:
  - year: "visits_year"
  - until: "substr(CAST(visits_through AS VARCHAR), 1, 7)"
  - visits_due: "hbp_due + dm_due + smi_due + tb_due"
  - done: "hbp_done + dm_done + smi_done + tb_done"
  - missing: "greatest(hbp_due - hbp_done, 0) + greatest(dm_due - dm_done, 0) + greatest(smi_due - smi_done, 0) + greatest(tb_due - tb_done, 0)"
  - last_visit
message: "已签约重点慢病患者，{year}年度（至{until}）应随访{visits_due}次，已随访{done}次，分病种计缺{missing}次"
waivers: [异地居住, 失联, 服刑, 参军, 出国, 已死亡, 空挂户, 其他]
basis: {text: 国家基本公共卫生服务规范（第三版）, effective: [2017-02-28, null]}
---*/
-- Due = the yearly number of each disease, pro rata of whole months under contract and registered in the year, up to the
-- last month whose extracts are complete and have come: in January that is the year before, so that its last visits are due
-- once. Registered without a day: since the year began; tuberculosis only while it is treated. Visits for one disease do not make up for another. The disease is not named.
hbp_done < hbp_due OR dm_done < dm_due OR smi_done < smi_due OR tb_done < tb_due
