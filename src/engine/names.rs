//! Parameters and code lists that SQL asks for by name. What there is none of would be NULL, and a rule
//! that hangs on it never true.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::prelude::SessionContext;

use crate::codes::{Lists, Params};

/// The names of all that there are.
#[derive(Debug)]
pub(super) struct Names {
    params: BTreeSet<String>,
    lists: BTreeSet<String>,
}

impl Names {
    pub fn new(params: &Params, lists: &Lists) -> Self {
        Self {
            params: params.names().map(str::to_owned).collect(),
            lists: lists.names().map(str::to_owned).collect(),
        }
    }

    /// Those that a session knows.
    pub fn of(context: &SessionContext) -> Option<Arc<Self>> {
        context.copied_config().get_extension::<Self>()
    }

    /// Looks at the names that an expression calls functions with.
    ///
    /// # Errors
    /// One that there is nothing of.
    pub fn check(&self, expr: &Expr) -> Result<()> {
        let look = |part: &Expr| -> Result<TreeNodeRecursion> {
            if let Expr::ScalarFunction(call) = part
                && let Some(Expr::Literal(ScalarValue::Utf8(Some(name)), _)) = call.args.first()
            {
                let unknown = match call.name() {
                    "param" if !self.params.contains(name) => Some("parameter"),
                    "in_list" | "has_prefix" if !self.lists.contains(name) => Some("code list"),
                    _ => None,
                };
                if let Some(noun) = unknown {
                    return Err(DataFusionError::Plan(format!("there is no {noun} '{name}'")));
                }
            }
            Ok(TreeNodeRecursion::Continue)
        };
        expr.apply(look).map(drop)
    }
}

/// Looks at all names in a plan, which must not be optimized: what is constant is no call any more.
///
/// # Errors
/// A name of a parameter or a code list that there is none of.
pub fn names_known(context: &SessionContext, plan: &LogicalPlan) -> Result<()> {
    let Some(names) = Names::of(context) else { return Ok(()) };
    let look = |expr: &Expr| names.check(expr).map(|()| TreeNodeRecursion::Continue);
    plan.apply_with_subqueries(|node| node.apply_expressions(look)).map(drop)
}
