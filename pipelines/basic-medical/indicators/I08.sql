/*---
title: {zh: 慢病签约率, en: Chronic patients under contract}
about: 分母为脱贫人口和监测对象中登记有四种重点慢病的在世患者（不含免计人员和身份未能核实的）；分子为其中有有效家庭医生签约的人数（签约数据截止日后到期的协议，是否续签尚未报送，按有效计）。按居住地归县。
unit: percent
noun: 人
better: up
rank: true
needs: [poverty_member, disease_reg, contract, resident, death]
causes: [FDC01]
---*/
SELECT county, count(CASE WHEN contract_valid THEN 1 END) AS numerator, count(*) AS denominator
FROM person
WHERE is_target AND is_resolved AND NOT is_exempt AND chronic_n > 0
GROUP BY county
