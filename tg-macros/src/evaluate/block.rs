//! Blocks and statements.

use syn::{Expr, Stmt};

use crate::diagnostic::name_of;
use crate::evaluate::{Binding, Eval, Evaluator, Stop, Value};
use crate::messages;

impl<'g> Evaluator<'_, 'g> {
    /// The value of `{ … }`, in a scope of its own.
    pub(super) fn block(&mut self, block: &syn::Block) -> Eval<'g> {
        let outer = self.frame().bindings.len();
        let value = self.statements(&block.stmts);
        self.frame().bindings.truncate(outer);
        value
    }

    /// The value of the last statement. One that fails leaves poison, and the others still run.
    fn statements(&mut self, statements: &[Stmt]) -> Eval<'g> {
        let mut last = Value::unit();
        for statement in statements {
            last = match self.statement(statement) {
                Err(Stop::Failed) => Value::Poison,
                other => other?,
            };
        }
        Ok(last)
    }

    fn statement(&mut self, statement: &Stmt) -> Eval<'g> {
        match statement {
            Stmt::Local(local) => self.local(local),
            Stmt::Expr(expr, None) => self.eval(expr),
            Stmt::Expr(expr, Some(_)) => self.eval(expr).map(|value| discard(value)),
            Stmt::Item(syn::Item::Const(item)) => self.local_const(item),
            Stmt::Item(item) => {
                if let syn::Item::Fn(function) = item {
                    self.frame().bind(Binding::constant(&name_of(&function.sig.ident), Value::Poison));
                }
                Err(self.fail(item, messages::unsupported_statement()))
            }
            Stmt::Macro(statement) => self.macro_call(&statement.mac).map(discard),
        }
    }

    fn local(&mut self, local: &syn::Local) -> Eval<'g> {
        let Some(init) = &local.init else {
            self.bind_poison(&local.pat, local);
            return Err(self.fail(local, messages::uninitialized()));
        };
        if let Some((_, otherwise)) = &init.diverge {
            self.bind_poison(&local.pat, local);
            return Err(self.fail(otherwise, messages::conditional_let("`let … else`")));
        }
        let value = self.eval(&init.expr)?;
        self.bind_pattern(&local.pat, value, &*init.expr)?;
        Ok(Value::unit())
    }

    fn local_const(&mut self, item: &syn::ItemConst) -> Eval<'g> {
        let value = self.eval(&item.expr)?;
        self.frame().bind(Binding::constant(&item.ident.to_string(), value));
        Ok(Value::unit())
    }

    /// `vec![…]` and `assert!(…)`.
    pub(super) fn macro_call(&mut self, call: &syn::Macro) -> Eval<'g> {
        match call.path.get_ident().map(|ident| ident.to_string()).as_deref() {
            Some("vec") => {
                let text = call.tokens.clone();
                let array: Expr = syn::parse2(quote::quote!([#text])).map_err(|error| self.syntax(error))?;
                self.eval(&array)
            }
            Some("assert") => self.assertion(call),
            _ => Err(self.fail(call, messages::unsupported_macro(&call.path))),
        }
    }

    fn assertion(&mut self, call: &syn::Macro) -> Eval<'g> {
        let parser = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
        let parts = call.parse_body_with(parser).map_err(|error| self.syntax(error))?;
        let Some(condition) = parts.first() else { return Err(self.fail(call, messages::empty_assertion())) };
        let text = parts.iter().nth(1).and_then(|text| match text {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        });
        match self.condition(condition)? {
            true => Ok(Value::unit()),
            false => {
                let text = text.map(|text| self.filled(&text));
                Err(self.fail(condition, messages::assertion(condition, text)))
            }
        }
    }

    /// A text with the values of the variables that it names in braces.
    fn filled(&mut self, text: &str) -> String {
        let mut pieces = text.split('{');
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap_or_default();
            match self.frame().find(name).map(|binding| binding.value.show()) {
                Some(value) => filled += &(value + rest),
                None => filled += &format!("{{{piece}"),
            }
        }
        filled
    }

    fn syntax(&self, error: syn::Error) -> Stop<'g> {
        self.errors.report_syntax(error);
        Stop::Failed
    }
}

/// `()`, but poison stays poison.
fn discard(value: Value<'_>) -> Value<'_> {
    if value.is_poison() { Value::Poison } else { Value::unit() }
}
