//! The tables that a world has rows for, if there is anything to tell.

/// Canonical tables of which [`super::World`] knows what belongs into them. One without a row is one of which nothing
/// has happened; only what is not here is made up.
pub const TABLES: [&str; 25] = [
    "contract",
    "county_ledger",
    "death",
    "disease_reg",
    "dispatch",
    "followup",
    "health_household",
    "inpatient",
    "institution",
    "insured",
    "measure",
    "pairing",
    "poverty_household",
    "poverty_member",
    "premium",
    "rare_case",
    "resident",
    "settlement",
    "special_group",
    "staff",
    "telemed_link",
    "telemed_session",
    "village",
    "visit_check",
    "waiver",
];
