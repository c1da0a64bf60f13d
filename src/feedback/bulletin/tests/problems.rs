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

/// Whichever of some hidden counts is the largest, the public reads the same.
#[test]
fn hidden_counts_are_told_by_no_order() {
    let world = world();
    let said = |counts: &[(&str, &str, u64)], public: bool| {
        let found = counts.iter().map(|(rule, county, anomalies)| Found {
            rule: (*rule).into(),
            county: (*county).into(),
            anomalies: *anomalies,
        });
        let found: Vec<Found> = found.collect();
        with_material(&world, "2026-11", (&two_months(), &[]), public, |material| {
            plain_text(&Material { found: Some(found.as_slice()), ..*material })
        })
    };
    let places =
        [("INS01", "620102"), ("INS02", "620122"), ("INS03", "620423"), ("INS04", "620525")];
    let with = |counts: [u64; 4]| -> Vec<(&str, &str, u64)> {
        places.iter().zip(counts).map(|((rule, county), n)| (*rule, *county, n)).collect()
    };
    let (up, down) = (with([1, 2, 3, 7]), with([7, 3, 2, 1]));
    let public = said(&up, true);
    assert_eq!(public, said(&down, true));
    assert_ne!(said(&up, false), said(&down, false), "offices read which is larger");
    assert!(said(&up, false).contains("较多的是张家川回族自治县7件"));
    for claim in ["较多的是", "主要为"] {
        assert!(!public.contains(claim), "{claim}: {public}");
    }
    assert!(public.contains("共发现15件，其中有"), "{public}");
    // One that is shown comes first, and is more than the others.
    let shown = said(&with([1, 2, 3, 20]), true);
    assert!(shown.contains("，其中有张家川回族自治县20件、城关区"), "{shown}");
    // Seven cases in seven counties are one in each.
    let seven = ["620102", "620121", "620122", "620123", "620423", "620525", "623027"];
    let seven = said(&seven.map(|county| ("INS01", county, 1_u64)), true);
    assert!(seven.contains("涉及&lt;8个县（市、区）") && !seven.contains("涉及7个"), "{seven}");
}
