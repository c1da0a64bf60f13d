/*---
title: {zh: 督办件运行, en: Work on cases}
subject: number
division: division
---*/
-- One row per case, as it stood before tonight. Cases of the rules that watch this work (code list `case_rule`) are
-- left out: an overdue answer must not become a case about an overdue case.
SELECT
  f.number, f.anomaly, f.rule,
  -- The number of a case under a sensitive rule leaves the rule out, and so does all that is said about it.
  CASE WHEN strpos(f.number, concat('-', f.rule, '-')) > 0 THEN f.rule ELSE '（敏感事项）' END AS rule_shown,
  f.subject_kind, f.subject, f.anchor, f.county,
  -- Filed under the county whose case it is now, not the one that handed it over.
  CASE WHEN substr(f.division, 1, 6) = f.county THEN f.division WHEN f.county <> '000000' THEN f.county END AS division,
  f.owner, f.severity, f.state, coalesce(s.label, f.state) AS state_label,
  f.opened, f.issued, f.due, f.moved, f.answered, f.outcome, f.ended, f.reopened,
  f.step, f.sent_back, f.fault, f.relapses, f.waived_until,
  coalesce(f.overdue, false) AS overdue, coalesce(f.open, false) AS is_open,
  -- The county is asked and its clock runs.
  f.state IN ('issued', 'received', 'verifying', 'sent_back') AS is_asked,
  -- An answer lies here that the next extracts will prove or not.
  f.state IN ('answered', 'reviewing') AS has_answer,
  -- A case that came back is as old as its last opening.
  coalesce(f.reopened, f.opened) AS open_since,
  asof() - coalesce(f.reopened, f.opened) AS days_open,
  asof() - f.issued AS days_issued,
  CASE WHEN f.overdue THEN asof() - f.due END AS days_overdue,
  -- Until the county answers anew: it may be in a pack again, be signed for and be worked on meanwhile.
  f.state IN ('issued', 'received', 'verifying', 'sent_back') AND coalesce(f.fault, '') = 'still_found' AS still_found,
  -- It came back after it had ended: so many days was it away.
  f.relapses > 0 AND f.open AND f.ended IS NOT NULL AS is_back,
  CASE WHEN f.relapses > 0 AND f.open THEN coalesce(f.reopened, asof()) - f.ended END AS days_away
FROM case_file f
LEFT JOIN code_case_state s ON s.code = f.state
WHERE NOT in_list('case_rule', f.rule)
