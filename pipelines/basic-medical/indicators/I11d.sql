/*---
title: {zh: 空白点净增, en: Net change of blank spots}
about: 空白点督办件中本月新立案和重开的（新增）减去本月办结的（清零）。数据为本夜比对开始前的台账。按承办县。
unit: count
noun: 个
needs: [case_file]
parts:
  new: {zh: 新增, en: Found}
  cleared: {zh: 清零, en: Filled}
causes: [ORG01, ORG02]
---*/
WITH counted AS (
  SELECT county,
    -- A spot that came back this month is found anew.
    count(CASE WHEN date_trunc('month', coalesce(reopened, opened)) = date_trunc('month', asof()) THEN 1 END) AS found,
    count(CASE WHEN state IN ('closed', 'vanished') AND date_trunc('month', ended) = date_trunc('month', asof()) THEN 1 END) AS filled
  FROM case_file
  WHERE rule IN ('ORG01', 'ORG02')
  GROUP BY county
)
SELECT county, unnest(make_array('', 'new', 'cleared')) AS part, unnest(make_array(found - filled, found, filled)) AS numerator
FROM counted
