//! The columns that expressions name, and what is gathered from many rows in them: counts, sums,
//! and what is the same however often a row is there.

use std::collections::BTreeSet;

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    ObjectName, ObjectNamePart,
};

use super::columns::{COUNT, NAMES};

/// What was named so far.
#[derive(Debug)]
pub(super) struct Names {
    table: String,
    columns: BTreeSet<&'static str>,
    sums: BTreeSet<&'static str>,
    /// What the question calls that which is gathered.
    gathered: Vec<Ident>,
    are_any_gathered: bool,
}

/// A function that gathers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// `count(*)`
    Count,
    /// The sum of a column of whole numbers, of which none is absent.
    Sum(&'static str),
    /// The least, the greatest, or how many different ones there are.
    Other,
}

const SUMMED: [&str; 4] = ["bytes", "tokens_in", "tokens_out", "units"];

/// Functions of one row.
const OF_A_ROW: [&str; 22] = [
    "abs",
    "ceil",
    "coalesce",
    "concat",
    "date_part",
    "ends_with",
    "floor",
    "ifnull",
    "left",
    "length",
    "lower",
    "mod",
    "nullif",
    "octet_length",
    "replace",
    "right",
    "round",
    "starts_with",
    "strftime",
    "strpos",
    "substr",
    "upper",
];

/// What adds up counts: 0 where there are none, as `count(*)` does.
const TOTAL: &str = "TOTAL";

pub(super) fn column_of(name: &Ident) -> Option<&'static str> {
    NAMES.into_iter().find(|column| *column == name.value)
}

impl Names {
    pub(super) fn of(table: String) -> Self {
        let (columns, sums) = (BTreeSet::new(), BTreeSet::new());
        Self { table, columns, sums, gathered: Vec::new(), are_any_gathered: false }
    }

    /// The columns of rows, and those of which only sums are wanted, in the order of the table. A
    /// column cannot be both.
    pub(super) fn columns(&self) -> Option<(Vec<&'static str>, Vec<&'static str>)> {
        let some = |of: &BTreeSet<&str>| NAMES.into_iter().filter(|it| of.contains(it)).collect();
        self.columns.is_disjoint(&self.sums).then(|| (some(&self.columns), some(&self.sums)))
    }

    /// An expression of one row.
    pub(super) fn take(&mut self, expr: &mut Expr) -> Option<()> {
        match expr {
            Expr::Identifier(name) => {
                self.columns.insert(column_of(name)?);
            }
            Expr::CompoundIdentifier(path) => match path.as_slice() {
                [table, name] if table.value == self.table => {
                    self.columns.insert(column_of(name)?);
                }
                _ => return None,
            },
            expr => {
                for part in parts_of(expr)? {
                    self.take(part)?;
                }
            }
        }
        Some(())
    }

    /// An expression in which rows are gathered; it is changed so that each row counts as often as
    /// its [`COUNT`] says.
    pub(super) fn take_gathered(&mut self, expr: &mut Expr) -> Option<()> {
        self.are_any_gathered = false;
        self.take_parts_gathered(expr)?;
        self.are_any_gathered.then_some(())
    }

    pub(super) fn gathered_as(&mut self, alias: Option<Ident>) {
        self.gathered.extend(alias);
    }

    fn take_parts_gathered(&mut self, expr: &mut Expr) -> Option<()> {
        if let Some(call) = Call::of(expr) {
            self.are_any_gathered = true;
            return self.take_call(expr, call);
        }
        match expr {
            Expr::Identifier(name) => {
                self.are_any_gathered = true;
                self.gathered.contains(name).then_some(())
            }
            Expr::CompoundIdentifier(_) => None,
            expr => {
                for part in parts_of(expr)? {
                    self.take_parts_gathered(part)?;
                }
                Some(())
            }
        }
    }

    fn take_call(&mut self, expr: &mut Expr, call: Call) -> Option<()> {
        let Expr::Function(function) = expr else { return None };
        match call {
            Call::Count => {
                function.name = ObjectName::from(vec![Ident::new(TOTAL)]);
                let FunctionArguments::List(list) = &mut function.args else { return None };
                let counts = FunctionArgExpr::Expr(Expr::Identifier(Ident::new(COUNT)));
                list.args = vec![FunctionArg::Unnamed(counts)];
            }
            Call::Sum(column) => {
                self.sums.insert(column);
            }
            Call::Other => {
                for argument in arguments_of(function)? {
                    let FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) = argument else {
                        return None;
                    };
                    self.take(part)?;
                }
            }
        }
        Some(())
    }
}

impl Call {
    /// `None` for what is no function that gathers, or is one in an unusual way.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        let Expr::Function(function) = expr else { return None };
        let FunctionArguments::List(list) = &function.args else { return None };
        let is_distinct = matches!(list.duplicate_treatment, Some(DuplicateTreatment::Distinct));
        let name = name_of(function)?;
        match (name.as_str(), is_distinct, list.args.as_slice()) {
            ("count", false, [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) => {
                Some(Self::Count)
            }
            (
                "sum",
                false,
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name)))],
            ) => column_of(name).filter(|column| SUMMED.contains(column)).map(Self::Sum),
            ("count", true, [_]) | ("min" | "max", false, [_]) => Some(Self::Other),
            _ => None,
        }
    }
}

/// The name of a function that is called in the usual way, in small letters.
fn name_of(function: &Function) -> Option<String> {
    let Function { name, filter: None, null_treatment: None, over: None, .. } = function else {
        return None;
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    let is_usual = !function.uses_odbc_syntax
        && function.within_group.is_empty()
        && matches!(function.parameters, FunctionArguments::None)
        && !matches!(list.duplicate_treatment, Some(DuplicateTreatment::All))
        && list.clauses.is_empty();
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] if is_usual => Some(name.value.to_lowercase()),
        _ => None,
    }
}

fn arguments_of(function: &mut Function) -> Option<&mut Vec<FunctionArg>> {
    if let FunctionArguments::List(list) = &mut function.args { Some(&mut list.args) } else { None }
}

/// The expressions of which one is made, if it is of a kind whose value follows from theirs.
pub(super) fn parts_of(expr: &mut Expr) -> Option<Vec<&mut Expr>> {
    Some(match expr {
        Expr::Value(_) | Expr::TypedString(_) => Vec::new(),
        Expr::Nested(part)
        | Expr::IsNull(part)
        | Expr::IsNotNull(part)
        | Expr::IsTrue(part)
        | Expr::IsNotTrue(part)
        | Expr::IsFalse(part)
        | Expr::IsNotFalse(part)
        | Expr::UnaryOp { expr: part, .. }
        | Expr::Cast { expr: part, .. }
        | Expr::Extract { expr: part, .. }
        | Expr::Ceil { expr: part, .. }
        | Expr::Floor { expr: part, .. } => vec![part],
        Expr::BinaryOp { left, right, .. } => vec![left, right],
        Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => vec![expr, pattern],
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::InList { expr, list, .. } => {
            std::iter::once(expr.as_mut()).chain(list.iter_mut()).collect()
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let conditions =
                conditions.iter_mut().flat_map(|case| [&mut case.condition, &mut case.result]);
            let ends = operand.iter_mut().chain(else_result).map(Box::as_mut);
            conditions.chain(ends).collect()
        }
        Expr::Function(function) => {
            let name = name_of(function).filter(|name| OF_A_ROW.contains(&name.as_str()));
            let arguments = name.and_then(|_| arguments_of(function))?;
            let plain = arguments.iter_mut().map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) => Some(part),
                _ => None,
            });
            plain.collect::<Option<_>>()?
        }
        _ => return None,
    })
}
