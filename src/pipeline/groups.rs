//! Groups of rules: those of a pattern, and the columns of the night report's table of counties.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::load::Layer;
use super::{Pipeline, forms};
use crate::diagnostic::{Fault, nearest};

/// Rules whose ids begin with the same letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleGroup {
    /// The letters before the numbers of its rules.
    pub prefix: String,
    /// What they are about.
    pub zh: String,
}

/// The letters before a rule's number.
pub fn prefix(rule: &str) -> &str {
    rule.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
}

/// Does a pattern (an id, or a beginning with `*`) fit a rule?
pub fn fits(pattern: &str, rule: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => rule.starts_with(start),
        None => rule == pattern,
    }
}

/// Adds every fault of `groups:` in pipeline.yaml.
pub(super) fn check(pipeline: &Pipeline, layers: &[Layer], faults: &mut Vec<Fault>) {
    let groups = &pipeline.settings.groups;
    let says = |layer: &&Layer| layer.yaml.text.lines().any(|line| line.starts_with("groups:"));
    let yaml = &layers.iter().find(says).unwrap_or(&layers[0]).yaml;
    let rules: BTreeSet<&str> = forms::rules(pipeline).into_iter().map(prefix).collect();
    let grouped: BTreeSet<&str> = groups.iter().map(|group| group.prefix.as_str()).collect();
    for (place, group) in groups.iter().enumerate() {
        let name = &group.prefix;
        let fault = |message: String| Fault::at(yaml, yaml.find_value("prefix:", name), message);
        if groups[..place].iter().any(|other| other.prefix == *name) {
            faults
                .push(fault(format!("a second group is called `{name}`")).hint("keep one of them"));
        }
        if group.zh.trim().is_empty() {
            let message = format!("the group `{name}` has no title");
            faults.push(fault(message).hint("say in zh what its rules are about"));
        }
        // A pipeline may lack the rules of a group; one whose rules are in no group has it misspelt.
        if !rules.contains(name.as_str())
            && let Some(near) = nearest(name, rules.difference(&grouped).copied())
        {
            let message = format!("no rule's id begins with `{name}` and a number");
            faults.push(fault(message).hint(format!("did you mean `{near}`?")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_before_the_number() {
        assert_eq!([prefix("PAIR02"), prefix("ID01"), prefix("1_01")], ["PAIR", "ID", ""]);
    }
}
