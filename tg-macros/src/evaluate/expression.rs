//! Expressions: one `match` over the syntax, and the simple cases.

use syn::{Expr, Lit};
use tg_core::dtype::DType;

use crate::diagnostic::{closest, name_of};
use crate::evaluate::pattern::member_name;
use crate::evaluate::value::Closure;
use crate::evaluate::{Eval, Evaluator, Frame, MAX_ITERATIONS, MAX_NESTING, Stop, StructValue, Value, number};
use crate::library::path_name;
use crate::messages;
use crate::syntax::generic_exprs;
use crate::types::dtype_named;

impl<'g> Evaluator<'_, 'g> {
    /// The value of an expression; poison if it has an error, which has been reported.
    pub fn eval(&mut self, expr: &Expr) -> Eval<'g> {
        if self.nesting >= MAX_NESTING {
            // Not poison: what stands beside this expression is as deep, and would be a second error.
            return Err(self.fail(expr, messages::nesting_limit(MAX_NESTING)));
        }
        self.nesting += 1;
        let outcome = self.expression(expr);
        self.nesting -= 1;
        match outcome {
            Err(Stop::Failed) => Ok(Value::Poison),
            other => other,
        }
    }

    /// The values of expressions that are evaluated one after the other.
    pub(super) fn eval_all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Eval<'g, Vec<Value<'g>>> {
        exprs.into_iter().map(|expr| self.eval(expr)).collect()
    }

    fn expression(&mut self, expr: &Expr) -> Eval<'g> {
        match expr {
            Expr::Lit(lit) => self.literal(lit),
            Expr::Path(path) => self.path(path),
            Expr::Paren(inner) => self.eval(&inner.expr),
            Expr::Group(inner) => self.eval(&inner.expr),
            Expr::Reference(inner) => self.eval(&inner.expr),
            Expr::Unary(unary) => self.unary(unary),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Assign(assign) => self.assign(assign),
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Call(call) => self.call(call),
            Expr::Macro(call) => self.macro_call(&call.mac),
            Expr::Field(field) => self.field(field),
            Expr::Index(index) => self.index(index),
            Expr::Tuple(tuple) => self.eval_all(&tuple.elems).map(Value::Tuple),
            Expr::Array(array) => self.eval_all(&array.elems).map(Value::Array),
            Expr::Repeat(repeat) => self.repeat(repeat),
            Expr::Range(range) => self.range(range),
            Expr::Cast(cast) => self.cast(cast),
            Expr::Struct(literal) => self.struct_literal(literal),
            Expr::Closure(closure) => Ok(self.closure(closure)),
            Expr::Block(block) if block.label.is_none() => self.block(&block.block),
            Expr::If(branch) => self.if_else(branch),
            Expr::Match(item) => self.match_on(item),
            Expr::ForLoop(item) => self.for_loop(item),
            Expr::Return(item) => self.return_from(item),
            Expr::Break(item) if item.label.is_none() && item.expr.is_none() => self.jump(expr, Stop::Break),
            Expr::Continue(item) if item.label.is_none() => self.jump(expr, Stop::Continue),
            other => Err(self.fail(other, messages::unsupported_expression(other))),
        }
    }

    fn literal(&self, expr: &syn::ExprLit) -> Eval<'g> {
        match &expr.lit {
            Lit::Int(lit) if dtype_named(lit.suffix()).is_some_and(DType::is_float) => {
                lit.base10_parse().map(Value::Float).map_err(|_| self.fail(lit, messages::large_literal()))
            }
            Lit::Int(lit) => lit.base10_parse().map(Value::Int).map_err(|_| self.fail(lit, messages::large_literal())),
            Lit::Float(lit) => {
                lit.base10_parse().map(Value::Float).map_err(|_| self.fail(lit, messages::large_literal()))
            }
            Lit::Bool(lit) => Ok(Value::Bool(lit.value)),
            other => Err(self.fail(other, messages::unsupported_literal())),
        }
    }

    /// What a path names: a variable, a constant, an associated constant, a function.
    pub(super) fn path(&mut self, expr: &syn::ExprPath) -> Eval<'g> {
        let path = &expr.path;
        if let Some(ident) = path.get_ident() {
            return self.name(&name_of(ident), expr);
        }
        if let Some(value) = number::constant(path) {
            return Ok(Value::Float(value));
        }
        let names: Vec<String> = path.segments.iter().map(|segment| name_of(&segment.ident)).collect();
        let [.., _, name] = &names[..] else { return Err(self.fail(expr, messages::undefined(&names[0], None))) };
        let owner = &path_name(path.segments.iter().take(names.len() - 1)).unwrap_or_default();
        if let Some(index) = self.struct_called(owner) {
            if let Some(at) = self.find_const(Some(index), name) {
                return self.const_value(at);
            }
            if let Some(at) = self.code.function(Some(index), name) {
                return Ok(Value::Function(at));
            }
        }
        let known = [self.member_names(owner), number::constants_of(owner)].concat();
        let close = closest(name, known.iter().map(String::as_str));
        Err(self.fail(expr, messages::undefined_path(owner, name, close)))
    }

    /// What a single name stands for.
    fn name(&mut self, name: &str, at: &syn::ExprPath) -> Eval<'g> {
        match self.frame().find(name).map(|binding| binding.value.clone()) {
            Some(Value::Unbound) => return Err(self.fail(at, messages::cannot_infer(name))),
            Some(value) => return Ok(value),
            None => {}
        }
        if let Some(at) = self.find_const(None, name) {
            return self.const_value(at);
        }
        if let Some(at) = self.code.function(None, name) {
            return Ok(Value::Function(at));
        }
        if let Some(dtype) = dtype_named(name) {
            return Ok(Value::DType(dtype));
        }
        if name == "None" {
            return Ok(Value::Nothing);
        }
        let known = self.visible_names();
        Err(self.fail(at, messages::undefined(name, closest(name, known.iter().map(String::as_str)))))
    }

    fn visible_names(&mut self) -> Vec<String> {
        let mut names: Vec<String> = self.frame().bindings.iter().map(|binding| binding.name.clone()).collect();
        let block = self.code.block;
        names.extend(block.consts.iter().filter(|c| c.owner.is_none()).map(|c| name_of(&c.item.ident)));
        names.extend(block.functions.iter().filter(|f| f.owner.is_none()).map(|f| f.name()));
        names
    }

    /// Functions and constants of a struct, functions of a module of the library.
    pub(super) fn member_names(&mut self, owner: &str) -> Vec<String> {
        let block = self.code.block;
        let Some(index) = self.struct_called(owner) else {
            let of_module = block.functions.iter().filter(|f| f.module == Some(owner) && f.owner.is_none());
            return of_module.map(|f| name_of(&f.sig.ident)).collect();
        };
        let of_struct = |owner: Option<usize>| owner.and_then(|at| self.code.owner_struct(at)) == Some(index);
        let functions = block.functions.iter().filter(|f| of_struct(f.owner)).map(|f| f.name());
        let consts = block.consts.iter().filter(|c| of_struct(c.owner)).map(|c| name_of(&c.item.ident));
        functions.chain(consts).collect()
    }

    /// The struct a name stands for, `Self` included.
    pub(super) fn struct_called(&mut self, name: &str) -> Option<usize> {
        match name {
            "Self" => self.frame().owner.and_then(|at| self.code.owner_struct(at)),
            _ => self.code.find_struct(name),
        }
    }

    fn find_const(&self, owner: Option<usize>, name: &str) -> Option<usize> {
        let owner_of = |at: Option<usize>| at.map(|at| self.code.owner_struct(at));
        let consts = &self.code.block.consts;
        consts.iter().position(|c| owner_of(c.owner) == owner.map(Some) && name_of(&c.item.ident) == name)
    }

    /// The value of a constant of the block, which may need other constants but not itself.
    fn const_value(&mut self, at: usize) -> Eval<'g> {
        let item = &self.code.block.consts[at];
        if self.consts.contains(&at) {
            self.errors.leave_to_rustc();
            return Err(Stop::Failed);
        }
        self.consts.push(at);
        self.frames.push(Frame { owner: item.owner, ..Frame::default() });
        let value = self.eval(&item.item.expr);
        self.frames.pop();
        self.consts.pop();
        value
    }

    fn field(&mut self, expr: &syn::ExprField) -> Eval<'g> {
        let base = self.eval(&expr.base)?;
        let name = member_name(&expr.member);
        let found = match &base {
            Value::Poison => return Err(Stop::Failed),
            Value::Struct(value) => value.fields.iter().find(|(other, _)| *other == name).map(|(_, v)| v.clone()),
            Value::Tuple(parts) => name.parse::<usize>().ok().and_then(|at| parts.get(at).cloned()),
            _ => None,
        };
        found.ok_or_else(|| {
            let close = match &base {
                Value::Struct(value) => closest(&name, value.fields.iter().map(|(name, _)| name.as_str())),
                _ => None,
            };
            self.fail(&expr.member, messages::no_field(&name, &base.describe(), close))
        })
    }

    fn repeat(&mut self, expr: &syn::ExprRepeat) -> Eval<'g> {
        let element = self.eval(&expr.expr)?;
        let count = self.integer(&expr.len)?;
        match usize::try_from(count) {
            Ok(count) if count <= MAX_ITERATIONS => Ok(Value::Array(vec![element; count])),
            _ => Err(self.fail(&expr.len, messages::array_length(count))),
        }
    }

    fn range(&mut self, expr: &syn::ExprRange) -> Eval<'g> {
        let mut end = |end: &Option<Box<Expr>>| end.as_ref().map(|end| self.size(end)).transpose();
        let (start, mut stop) = (end(&expr.start)?, end(&expr.end)?);
        if let (syn::RangeLimits::Closed(_), Some(stop)) = (&expr.limits, &mut stop) {
            *stop = &*stop + &tg_core::dim::Dim::ONE;
        }
        let value = |dim: tg_core::dim::Dim| Box::new(Value::size(dim));
        Ok(Value::Range(start.map(value), stop.map(value)))
    }

    fn struct_literal(&mut self, literal: &syn::ExprStruct) -> Eval<'g> {
        let name = path_name(literal.path.segments.iter()).unwrap_or_default();
        let Some(index) = self.struct_called(&name) else {
            let known: Vec<String> = self.code.block.structs.iter().map(|item| item.name()).collect();
            let close = closest(&name, known.iter().map(String::as_str));
            return Err(self.fail(&literal.path, messages::unknown_type(&name, close)));
        };
        let base = literal.rest.as_ref().map(|rest| self.eval(rest)).transpose()?;
        let mut given = Vec::new();
        for field in &literal.fields {
            given.push((member_name(&field.member), self.eval(&field.expr)?, field));
        }
        self.open_struct(index, &base, literal)?;
        let outcome = self.build_struct(index, given, base, literal);
        let args = self.close_struct(index);
        let (name, buffers) = self.code.struct_identity(index);
        let value = Value::Struct(Box::new(StructValue { index, name, args, fields: outcome?, buffers }));
        self.healthy(value)
    }

    /// A frame with the constants that are given: those of the other struct, or those in angle brackets.
    fn open_struct(&mut self, index: usize, base: &Option<Value<'g>>, literal: &syn::ExprStruct) -> Eval<'g, ()> {
        let arguments = literal.path.segments.last().map(|last| generic_exprs(&last.arguments)).unwrap_or_default();
        let given = match base {
            Some(Value::Struct(base)) if base.index == index => base.args.clone(),
            _ => self.eval_all(&arguments)?,
        };
        self.push_struct_frame(index);
        self.frame().bindings.iter_mut().zip(given).for_each(|(binding, value)| binding.value = value);
        Ok(())
    }

    /// The constants of the struct, those that do not follow from its fields by their defaults.
    fn close_struct(&mut self, index: usize) -> Vec<Value<'g>> {
        for (at, generic) in self.code.block.structs[index].generics.iter().enumerate() {
            let (Value::Unbound, Some(default)) = (&self.frame().bindings[at].value, &generic.default) else {
                continue;
            };
            let value = self.eval(default).unwrap_or(Value::Poison);
            self.frame().bindings[at].value = value;
        }
        self.frames.pop().unwrap_or_default().bindings.into_iter().map(|binding| binding.value).collect()
    }

    /// The fields of a struct, whose constants are those of the innermost frame.
    fn build_struct(
        &mut self,
        index: usize,
        given: Vec<(String, Value<'g>, &syn::FieldValue)>,
        base: Option<Value<'g>>,
        literal: &syn::ExprStruct,
    ) -> Eval<'g, Vec<(String, Value<'g>)>> {
        let Some(declared) = &self.code.fields[index] else { return Err(Stop::Failed) };
        let name = self.code.struct_name(index);
        for (field, _, at) in &given {
            if declared.iter().all(|(other, _)| other != field) {
                let close = closest(field, declared.iter().map(|(name, _)| name.as_str()));
                return Err(self.fail(&at.member, messages::no_field(field, &format!("a `{name}`"), close)));
            }
        }
        let mut fields = Vec::new();
        for (field, ty) in declared {
            let value = match given.iter().find(|(other, ..)| other == field) {
                Some((_, value, at)) => self.fit(ty, value.clone()).map_err(|message| match message {
                    Some(message) => self.fail(&at.expr, message),
                    None => Stop::Failed,
                })?,
                None => {
                    field_of(&base, field).ok_or_else(|| self.fail(literal, messages::missing_field(field, &name)))?
                }
            };
            fields.push((field.clone(), value));
        }
        Ok(fields)
    }

    /// A frame in which the parameters of a struct are not bound yet.
    pub fn push_struct_frame(&mut self, index: usize) {
        let mut frame = Frame::default();
        for generic in &self.code.block.structs[index].generics {
            frame.bind(super::Binding::constant(&name_of(&generic.ident), Value::Unbound));
        }
        self.frames.push(frame);
    }

    fn closure(&mut self, expr: &syn::ExprClosure) -> Value<'g> {
        let (captured, owner) = (self.frame().bindings.clone(), self.frame().owner);
        Value::Closure(std::rc::Rc::new(Closure { expr: expr.clone(), captured, owner }))
    }

    /// The integer that an expression is.
    pub(super) fn integer(&mut self, expr: &Expr) -> Eval<'g, i64> {
        match self.eval(expr)? {
            Value::Int(v) => Ok(v),
            Value::Poison => Err(Stop::Failed),
            other => Err(self.fail(expr, messages::expected_integer(&other.describe()))),
        }
    }

    /// The size that an expression is: an integer or made of run-time dimensions.
    pub fn size(&mut self, expr: &Expr) -> Eval<'g, tg_core::dim::Dim> {
        match self.eval(expr)? {
            Value::Poison => Err(Stop::Failed),
            value => value.as_dim().ok_or_else(|| self.fail(expr, messages::expected_size(&value.describe()))),
        }
    }
}

/// Field `name` of a struct.
fn field_of<'g>(value: &Option<Value<'g>>, name: &str) -> Option<Value<'g>> {
    match value {
        Some(Value::Struct(value)) => value.fields.iter().find(|(other, _)| other == name).map(|(_, v)| v.clone()),
        _ => None,
    }
}
