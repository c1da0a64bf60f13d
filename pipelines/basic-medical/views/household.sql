/*---
title: {zh: 户, en: Household}
subject: hh_no
division: division
name: head_name
large: true
---*/
-- One row for each household number of the monitoring list (members or households) or of the health system's copy.
-- What is asked of its members is grouped by household too, so that some households can be built without the others.
WITH
-- Up to when lists, visits, measures, registered diseases and contracts are here, of all feeds that bring them: what happened since is not told.
came AS (
  SELECT min(CASE WHEN table_name IN ('poverty_household', 'health_household') THEN period END) AS listed_to,
    min(CASE WHEN table_name = 'visit_check' THEN period END) AS visited_to,
    min(CASE WHEN table_name = 'measure' THEN period END) AS helped_to,
    min(CASE WHEN table_name = 'disease_reg' THEN period END) AS registered_to,
    min(CASE WHEN table_name = 'contract' THEN period END) AS contracts_to
  FROM feed_period
  WHERE ended IS NOT TRUE
),
-- Where counties send their own parts, what happened in one since its own part is not told; nothing is where none ever came.
told AS (
  SELECT c.county,
    min(CASE WHEN c.table_name IN ('poverty_household', 'health_household') THEN coalesce(c.period, DATE '1900-01-01') END) AS listed_to,
    min(CASE WHEN c.table_name = 'visit_check' THEN coalesce(c.period, DATE '1900-01-01') END) AS visited_to,
    min(CASE WHEN c.table_name = 'measure' THEN coalesce(c.period, DATE '1900-01-01') END) AS helped_to
  FROM county_period c
  JOIN feed_period f ON f.feed = c.feed
  WHERE f.ended IS NOT TRUE
  GROUP BY c.county
),
sick AS (
  SELECT m.hh_no, m.person_key, sum(1) AS diseases
  FROM poverty_member m
  JOIN disease_reg d ON d.person_key = m.person_key
  WHERE m.hh_no IS NOT NULL AND d.closed_date IS NULL AND (d.treat_status IS NULL OR d.treat_status <> '死亡')
  GROUP BY m.hh_no, m.person_key
),
-- Members who left by 自然减少 stay in the list and are not counted.
member AS (
  SELECT m.hh_no, m.village_code, m.hh_size, m.hh_type, m.mon_type, m.risks, m.identified_ym, m.identified_date,
    m.risk_cleared, m.cleared_ym, m.clear_way, m.income_pc, m.income_pc_cleared,
    m.rel_to_head = '户主' AS head,
    CASE WHEN m.rel_to_head = '户主' THEN m.name END AS head_name,
    s.person_key IS NOT NULL OR has(m.health_status, '患有大病') OR has(m.health_status, '长期慢性病') AS ill
  FROM poverty_member m
  LEFT JOIN sick s ON s.hh_no = m.hh_no AND s.person_key = m.person_key
  WHERE m.hh_no IS NOT NULL AND (m.member_change IS NULL OR m.member_change <> '自然减少')
),
mem AS (
  SELECT hh_no,
    sum(1) AS members,
    sum(CASE WHEN head THEN 1 ELSE 0 END) AS heads,
    max(head_name) AS head_name,
    max(village_code) AS village_code, max(hh_size) AS hh_size, max(hh_type) AS hh_type, max(mon_type) AS mon_type,
    sum(CASE WHEN ill THEN 1 ELSE 0 END) AS ill_members,
    bool_or(has(risks, '因病')) AS risk_ill,
    min(identified_ym) AS identified_ym, min(identified_date) AS identified_date,
    bool_and(risk_cleared) AS risk_cleared, max(cleared_ym) AS cleared_ym, max(clear_way) AS clear_way,
    max(income_pc) AS income_pc, max(income_pc_cleared) AS income_pc_cleared
  FROM member
  GROUP BY hh_no
),
-- A call or a look into files is no home visit (way 2).
visit AS (
  SELECT hh_no,
    max(CASE WHEN visited_date <= asof() AND coalesce(visit_way, '2') = '2' THEN visited_date END) AS last_visit
  FROM visit_check
  GROUP BY hh_no
),
-- Passed on for verification since it was identified: who was listed, cleared and is listed again has older ones too.
identified AS (
  SELECT hh_no, min(ym) AS ym
  FROM (
    SELECT hh_no, identified_ym AS ym FROM poverty_household
    UNION ALL
    SELECT m.hh_no, m.identified_ym AS ym
    FROM poverty_member m
    LEFT JOIN poverty_household h ON h.hh_no = m.hh_no
    WHERE h.hh_no IS NULL AND (m.member_change IS NULL OR m.member_change <> '自然减少')
  ) AS months
  GROUP BY hh_no
),
listing AS (
  SELECT v.hh_no, min(v.listed_date) AS listed_date
  FROM visit_check v
  JOIN identified i ON i.hh_no = v.hh_no
  WHERE v.listed_date >= i.ym
  GROUP BY v.hh_no
),
help AS (
  SELECT hh_no, max(decided_date) AS last_decided,
    max(CASE WHEN done_date <= asof() THEN done_date END) AS last_done
  FROM measure
  GROUP BY hh_no
),
-- Who looks after the household: the head's family doctor, else a member's; the contract that began last. One that ended after
-- the day up to which contracts are told may have been renewed, and counts, as in the view of persons.
doctor AS (
  SELECT hh_no, max(doctor) AS doctor
  FROM (
    SELECT m.hh_no,
      concat_ws(chr(31), CASE WHEN m.rel_to_head = '户主' THEN '1' ELSE '0' END || CAST(coalesce(c.start_date, c.sign_date) AS VARCHAR),
        coalesce(c.team_id, ''), coalesce(c.team_name, ''), coalesce(c.doctor_name, '')) AS doctor
    FROM came
    CROSS JOIN poverty_member m
    JOIN contract c ON c.person_key = m.person_key
    WHERE m.hh_no IS NOT NULL AND (m.member_change IS NULL OR m.member_change <> '自然减少')
      AND coalesce(c.start_date, c.sign_date) <= asof() AND coalesce(c.end_date >= least(asof(), contracts_to), true)
      AND coalesce(c.terminated_date > least(asof(), contracts_to), true)
  ) AS c
  GROUP BY hh_no
),
-- Households all of whose members left by 自然减少, or died and stand in the list still: nobody is there to be visited.
dead AS (
  SELECT m.hh_no, m.person_key
  FROM poverty_member m
  JOIN death d ON d.person_key = m.person_key
  WHERE m.hh_no IS NOT NULL
  GROUP BY m.hh_no, m.person_key
),
gone AS (
  SELECT m.hh_no
  FROM poverty_member m
  LEFT JOIN dead d ON d.hh_no = m.hh_no AND d.person_key = m.person_key
  WHERE m.hh_no IS NOT NULL
  GROUP BY m.hh_no
  HAVING bool_and(coalesce(m.member_change, '') = '自然减少' OR d.person_key IS NOT NULL)
),
spine AS (
  SELECT hh_no
  FROM (
    SELECT hh_no FROM poverty_household
    UNION ALL SELECT hh_no FROM mem
    UNION ALL SELECT hh_no FROM health_household
  ) AS everyone
  WHERE hh_no IS NOT NULL
  GROUP BY hh_no
),
-- The household sheet is the authority; without it the members speak for the household.
base AS (
  SELECT spine.hh_no,
    coalesce(hh.village_code, mem.village_code, hs.village_code) AS division,
    coalesce(hh.head_name, mem.head_name, hs.head_name) AS head_name,
    hh.hh_no IS NOT NULL OR mem.hh_no IS NOT NULL AS in_list,
    hs.hh_no IS NOT NULL AS in_health,
    gone.hh_no IS NOT NULL AS is_gone,
    coalesce(mem.members, 0) AS members,
    coalesce(mem.heads, 0) AS heads,
    coalesce(mem.ill_members, 0) AS ill_members,
    -- Held against the members: what their own extract says, which came with them and not a week before or after.
    coalesce(mem.hh_size, hh.hh_size) AS hh_size,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.hh_type ELSE mem.hh_type END AS hh_type,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.mon_type ELSE mem.mon_type END AS mon_type,
    coalesce(CASE WHEN hh.hh_no IS NOT NULL THEN has(hh.risks, '因病') ELSE mem.risk_ill END, false) AS risk_ill,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.risk_cleared ELSE mem.risk_cleared END AS risk_cleared,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.identified_ym ELSE mem.identified_ym END AS identified_ym,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.identified_date ELSE mem.identified_date END AS identified_date,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.cleared_ym ELSE mem.cleared_ym END AS cleared_ym,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.clear_way ELSE mem.clear_way END AS clear_way,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.income_pc ELSE mem.income_pc END AS income_pc,
    CASE WHEN hh.hh_no IS NOT NULL THEN hh.income_pc_cleared ELSE mem.income_pc_cleared END AS income_pc_cleared,
    hh.health_measure AS listed_measure,
    hs.mon_type AS health_mon_type,
    hs.risk_cleared AS health_risk_cleared,
    hs.identified_ym AS health_identified_ym,
    hs.cleared_ym AS health_cleared_ym,
    hs.synced_on,
    listing.listed_date, visit.last_visit, help.last_decided, help.last_done,
    nullif(split_part(doctor.doctor, chr(31), 2), '') AS team_id,
    nullif(split_part(doctor.doctor, chr(31), 3), '') AS team_name,
    nullif(split_part(doctor.doctor, chr(31), 4), '') AS doctor_name
  FROM spine
  LEFT JOIN mem ON mem.hh_no = spine.hh_no
  LEFT JOIN poverty_household hh ON hh.hh_no = spine.hh_no
  LEFT JOIN health_household hs ON hs.hh_no = spine.hh_no
  LEFT JOIN visit ON visit.hh_no = spine.hh_no
  LEFT JOIN listing ON listing.hh_no = spine.hh_no
  LEFT JOIN gone ON gone.hh_no = spine.hh_no
  LEFT JOIN help ON help.hh_no = spine.hh_no
  LEFT JOIN doctor ON doctor.hh_no = spine.hh_no
),
-- Where only a month is known, clocks start at its last day.
dated AS (
  SELECT base.*, least(asof(), came.visited_to, told.visited_to) AS visits_through, least(asof(), came.helped_to, told.helped_to) AS help_through,
    least(asof(), came.listed_to, told.listed_to) AS lists_through,
    registered_to,
    substr(division, 1, 6) AS county,
    mon_type IS NOT NULL AS is_monitored,
    mon_type IS NOT NULL AND NOT coalesce(risk_cleared, false) AS is_open_mon,
    health_mon_type IS NOT NULL AND NOT coalesce(health_risk_cleared, false) AS is_open_health,
    coalesce(identified_date, identified_ym) AS identified_from,
    coalesce(identified_date, listed_date,
      CAST(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE)) AS clock_start,
    coalesce(identified_date, CAST(identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE)) AS identified_on,
    CAST(health_identified_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE) AS health_identified_on,
    CAST(cleared_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE) AS cleared_on,
    CAST(health_cleared_ym + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE) AS health_cleared_on,
    CAST(date_part('year', cleared_ym) AS BIGINT) AS cleared_year
  FROM came
  CROSS JOIN base
  LEFT JOIN told ON told.county = substr(base.division, 1, 6)
)
SELECT dated.*,
  -- Counted to the day up to which visits, and measures, are told.
  visits_through - clock_start AS clock_days,
  help_through - clock_start AS help_days,
  coalesce(months_between(clock_start, asof()) < param('clock_months', division, yr()), false) AND clock_start <= asof() AS in_clock,
  coalesce(last_visit >= identified_from, false) AS visited,
  coalesce(last_done >= identified_from, false) AS helped,
  -- A disease that made somebody list the household is not missed in a register of the time before.
  coalesce(identified_on <= registered_to, true) AS illness_told,
  -- What differs between the two systems, once both had time for the weekly exchange and have come since.
  CASE
    WHEN is_open_mon AND NOT in_health AND coalesce(lists_through - identified_on > param('sync_days', division, yr()), true) THEN '卫生健康系统缺少该监测户'
    WHEN is_open_health AND NOT is_monitored AND coalesce(lists_through - health_identified_on > param('sync_days', division, yr()), true) THEN '防返贫监测名单无该监测户'
    WHEN is_monitored AND in_health AND (health_mon_type IS DISTINCT FROM mon_type)
      AND coalesce(lists_through - greatest(identified_on, health_identified_on) > param('sync_days', division, yr()), true) THEN '监测对象类别不一致'
    WHEN is_open_mon AND in_health AND NOT is_open_health AND coalesce(lists_through - health_cleared_on > param('sync_days', division, yr()), true) THEN '风险消除状态不一致'
    WHEN is_monitored AND NOT is_open_mon AND is_open_health AND coalesce(lists_through - cleared_on > param('sync_days', division, yr()), true) THEN '风险消除状态不一致'
  END AS sync_issue
FROM dated
