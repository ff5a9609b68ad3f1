//! The rules of Choice states in the JSONPath language, with their 39 operators.

mod eval;
mod parse;
mod wildcard;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Number, Value};

use super::{EvalError, PathExpr, Problem, Scope};
pub use parse::operator_names;
use wildcard::Wildcard;

/// The condition of a choice rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// All of them hold.
    And(Vec<Test>),
    /// At least one of them holds.
    Or(Vec<Test>),
    /// The inner one does not hold.
    Not(Box<Test>),
    /// The variable compares with the operand as the relation says. Values of different types do not.
    Compare {
        /// What is compared.
        variable: PathExpr,
        /// How.
        relation: Relation,
        /// With what.
        operand: Operand,
    },
    /// The variable matches a pattern in which `*` stands for any characters.
    Matches {
        /// What is compared.
        variable: PathExpr,
        /// The pattern.
        pattern: Wildcard,
    },
    /// The variable is (or is not) of a kind.
    Is {
        /// What is looked at.
        variable: PathExpr,
        /// The kind.
        kind: Kind,
        /// Whether it has to be of that kind.
        expected: bool,
    },
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equals,
    /// `<`
    LessThan,
    /// `>`
    GreaterThan,
    /// `≤`
    LessThanEquals,
    /// `≥`
    GreaterThanEquals,
}

/// What a variable is compared with. The type of comparison is that of the operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A fixed text.
    String(String),
    /// A fixed number.
    Number(Number),
    /// A fixed boolean.
    Boolean(bool),
    /// A fixed moment.
    Timestamp(Timestamp),
    /// What a path gives, if it is of this type.
    Path(Type, PathExpr),
}

/// The type of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Texts, compared by their code points.
    String,
    /// Numbers.
    Number,
    /// Booleans.
    Boolean,
    /// Texts that are RFC 3339 timestamps, compared as moments.
    Timestamp,
}

/// What `IsNull` and its siblings ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is a value at all.
    Present,
    /// It is null.
    Null,
    /// It is a number.
    Numeric,
    /// It is a text.
    String,
    /// It is a boolean.
    Boolean,
    /// It is a text that is a timestamp.
    Timestamp,
}

impl Test {
    /// Reads the condition of the rule that stands at `pointer`. What else a rule has (`Next`, `Assign`, `Output`,
    /// `Comment`) is not looked at.
    pub fn parse(rule: &Value, pointer: &str) -> Result<Self, Vec<Problem>> {
        parse::rule(rule, pointer)
    }

    /// Whether the condition holds. Fails with `States.Runtime` where a path gives nothing, except to `IsPresent`.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        eval::holds(self, scope)
    }

    /// Adds the names of the variables that this reads.
    pub fn used_variables(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::And(tests) | Self::Or(tests) => tests.iter().for_each(|test| test.used_variables(names)),
            Self::Not(test) => test.used_variables(names),
            Self::Matches { variable, .. } | Self::Is { variable, .. } => variable.used_variables(names),
            Self::Compare { variable, operand, .. } => {
                variable.used_variables(names);
                if let Operand::Path(_, path) = operand {
                    path.used_variables(names);
                }
            }
        }
    }
}
