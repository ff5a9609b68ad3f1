//! The engine `jsonata-core`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::value::JValue;
use serde_json::Value;

use super::super::JsonataScope;
use super::convert::from_engine;
use super::functions::Used;
use super::reads::Reads;
use super::session::Session;
use super::{Query, guard};

/// How many levels of evaluation one level of a value may take; a recursive call takes about three.
const LEVELS: usize = 100;

/// An expression for the engine.
#[derive(Debug)]
pub(super) struct Core {
    ast: AstNode,
    reads: Reads,
    used: Used,
}

/// Reads an expression, in the syntax of JSONata 2.0.6.
pub(super) fn parse(source: &str) -> Result<AstNode, String> {
    let parsed = catch_unwind(|| jsonata_core::parser::parse(source));
    let ast = match parsed {
        Ok(Ok(ast)) => ast,
        Ok(Err(error)) => return Err(error.to_string()),
        Err(_) => return Err("the expression cannot be read".to_owned()),
    };
    guard::check(&ast)?;
    Ok(ast)
}

impl Core {
    pub(super) fn new(ast: AstNode, reads: Reads) -> Self {
        let ast = guard::complete(ast);
        let used = Used::by(&ast);
        Self { ast, reads, used }
    }

    fn evaluate(&self, scope: &JsonataScope<'_>) -> Result<Option<Value>, String> {
        let mut context = Context::new();
        for name in self.reads.names() {
            let value = match name {
                "states" => Some(scope.states),
                name => scope.variables.get(name).map(AsRef::as_ref),
            };
            if let Some(value) = value {
                context.bind(name.to_owned(), self.reads.part(name, value));
            }
        }
        let options = EvaluatorOptions {
            timeout_ms: Some(scope.limits.timeout_ms),
            max_stack_depth: Some(scope.limits.depth.saturating_mul(LEVELS)),
            max_sequence_length: Some(scope.limits.items),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        let session = Rc::new(Session::new(scope, self.used.need_chance()));
        self.used.register(&mut evaluator, &session).map_err(|error| error.message().to_owned())?;
        let result =
            evaluator.evaluate(&self.ast, &JValue::Undefined).map_err(|error| error.message().to_owned())?;
        from_engine(&result, scope.limits)
    }
}

impl Query for Core {
    /// A panic of the engine would be a defect of the engine; it ends the expression, not the process.
    fn run(&self, scope: &JsonataScope<'_>) -> Result<Option<Value>, String> {
        catch_unwind(AssertUnwindSafe(|| self.evaluate(scope)))
            .unwrap_or_else(|_| Err("The expression cannot be evaluated.".to_owned()))
    }
}
