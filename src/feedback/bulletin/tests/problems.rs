//! What a bulletin says of the anomalies of a group of rules.

use super::super::{Found, Material};
use super::{plain_text, two_months, with_material, world};

#[test]
fn one_rule_is_not_told_as_several() {
    let world = world();
    let count = |rule: &str, n: u64| format!("{}{n}件", world.0.rules[rule].title.zh);
    let said = |counts: &[(&str, u64)]| {
        let found = counts.iter().map(|(rule, anomalies)| Found {
            rule: (*rule).into(),
            county: "620423".into(),
            anomalies: *anomalies,
        });
        let found: Vec<Found> = found.collect();
        with_material(&world, "2026-11", (&two_months(), &[]), false, |material| {
            plain_text(&Material { found: Some(found.as_slice()), ..*material })
        })
    };
    let one = said(&[("INS01", 50)]);
    assert!(one.contains(&format!("共发现{}；涉及1个县", count("INS01", 50))), "{one}");
    assert!(!one.contains("分别为"), "{one}");
    let two = said(&[("INS01", 50), ("INS02", 40)]);
    let both = format!("{}、{}", count("INS01", 50), count("INS02", 40));
    assert!(two.contains(&format!("共发现90件，分别为{both}；")), "{two}");
    let four = said(&[("INS01", 50), ("INS02", 40), ("INS03", 30), ("INS04", 20)]);
    let most = format!("{both}、{}等；", count("INS03", 30));
    assert!(four.contains(&format!("共发现140件，主要为{most}")), "{four}");
    // A rule that was deleted since has no title to tell.
    let gone = said(&[("INS01", 50), ("INS0", 40)]);
    assert!(gone.contains(&format!("共发现90件，主要为{}等；", count("INS01", 50))), "{gone}");
}
