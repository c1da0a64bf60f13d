/*---
title: {zh: 远程医疗使用率, en: Links in use}
about: 分母为在用机构在用的远程医疗链路（开通未满规定天数、尚无服务记录的不计）；分子为其中在规定天数内（计到服务数据截止日）有服务记录的链路。按受邀机构所在县。
unit: percent
noun: 条
better: up
rank: true
needs: [institution, telemed_link, telemed_session]
---*/
-- Up to when sessions are told: of a month that has not come nobody knows whether a link was used.
WITH came AS (
  SELECT min(period) AS used_to
  FROM feed_period
  WHERE table_name = 'telemed_session' AND ended IS NOT TRUE
)
SELECT substr(i.division, 1, 6) AS county,
  count(CASE WHEN least(asof(), used_to) - u.last_on <= param('telemed_idle_days', i.division, yr()) THEN 1 END) AS numerator, count(*) AS denominator
FROM came
CROSS JOIN telemed_link l
JOIN institution i ON i.org_code = l.org_code
LEFT JOIN (
  SELECT link_id, max(session_date) AS last_on FROM telemed_session WHERE session_date <= asof() GROUP BY link_id
) AS u ON u.link_id = l.link_id
WHERE coalesce(i.status, '1') = '1' AND (i.open_date IS NULL OR i.open_date <= asof()) AND (i.close_date IS NULL OR i.close_date > asof())
  AND coalesce(l.active, true) AND (l.opened_on IS NULL OR l.opened_on <= asof()) AND (l.closed_on IS NULL OR l.closed_on > asof())
  -- A new link has the same time for its first session.
  AND (u.last_on IS NOT NULL OR l.opened_on IS NULL OR least(asof(), used_to) - l.opened_on > param('telemed_idle_days', i.division, yr()))
GROUP BY substr(i.division, 1, 6)
