//! Questions that do not tell alike events apart: they are asked of rows that stand for several.

use sqlparser::ast::{
    BinaryOperator, Distinct, Expr, GroupByExpr, Ident, LimitClause, OrderBy, OrderByKind, Query,
    Select, SelectItem, SetExpr, Statement, TableFactor, Value,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserOptions};

use super::columns::COUNT;
use super::frame::ROWS_PER_PIECE;
use super::gathered::{Call, Names, column_of, parts_of};

/// What such a question needs, and how it is asked then.
#[derive(Debug, PartialEq)]
pub(super) struct Alike {
    /// Events that are alike in these columns are one row.
    pub(super) columns: Vec<&'static str>,
    /// Columns that are added up.
    pub(super) sums: Vec<&'static str>,
    /// The question, asked of rows that have their number of events in [`COUNT`].
    pub(super) sql: String,
    /// The same, if no two rows are alike and each of them is a group.
    pub(super) of_groups: Option<OfGroups>,
}

#[derive(Debug, PartialEq)]
pub(super) struct OfGroups {
    pub(super) sql: String,
    pub(super) by: By,
}

/// Of how many rows it can be asked at a time.
#[derive(Debug, PartialEq)]
pub(super) enum By {
    /// Each row of the answer follows from one row.
    Piece,
    /// The first in some order: those of all pieces together are asked for again.
    Best {
        again: String,
    },
    Whole,
}

/// Nothing but these clauses is understood here.
const PLAIN: &str = "SELECT 1 FROM events";
const ALL: &str = "SELECT * FROM events";

impl Alike {
    /// `None` if single events matter, or in doubt.
    pub(super) fn of(sql: &str) -> Option<Self> {
        let mut query = parsed(sql)?;
        let table = table_of(&query)?;
        let keys = keys_of(select_of(&mut query)?)?;
        let mut names = Names::of(table);
        for key in &keys {
            names.take(&mut key.clone())?;
        }
        let (of_keys, _) = names.columns()?;
        let of_groups = of_groups(query.clone(), &keys);
        take_ordered(&query, &keys)?;
        take_clauses(select_of(&mut query)?, &keys, &mut names)?;
        let (columns, sums) = names.columns()?;
        // Conditions may be about others.
        let of_groups = of_groups.filter(|_| of_keys == columns);
        Some(Self { columns, sums, sql: query.to_string(), of_groups })
    }
}

/// As polars reads it, if there is nothing unusual in it.
fn parsed(sql: &str) -> Option<Query> {
    let query = query_of(sql)?;
    let mut plain = query_of(PLAIN)?;
    let mut bare = query.clone();
    (bare.order_by, bare.limit_clause) = (None, None);
    let (bare_select, plain_select) = (select_of(&mut bare)?, select_of(&mut plain)?);
    (bare_select.selection, bare_select.having) = (None, None);
    bare_select.group_by = plain_select.group_by.clone();
    bare_select.projection = plain_select.projection.clone();
    bare_select.distinct.take_if(|it| matches!(it, Distinct::Distinct));
    if let Some(TableFactor::Table { alias, .. }) =
        bare_select.from.first_mut().map(|it| &mut it.relation)
    {
        alias.take_if(|it| it.columns.is_empty() && it.at.is_none());
    }
    (bare == plain).then_some(query)
}

fn query_of(sql: &str) -> Option<Query> {
    let options = ParserOptions { trailing_commas: true, ..ParserOptions::default() };
    let parser = Parser::new(&GenericDialect).with_options(options);
    let mut statements = parser.try_with_sql(sql).ok()?.parse_statements().ok()?.into_iter();
    match (statements.next(), statements.next()) {
        (Some(Statement::Query(query)), None) => Some(*query),
        _ => None,
    }
}

fn select_of(query: &mut Query) -> Option<&mut Select> {
    if let SetExpr::Select(select) = query.body.as_mut() { Some(select) } else { None }
}

/// The name under which the question knows the events.
fn table_of(query: &Query) -> Option<String> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let TableFactor::Table { name, alias, .. } = &select.from.first()?.relation else {
        return None;
    };
    Some(alias.as_ref().map_or_else(|| name.to_string(), |alias| alias.name.value.clone()))
}

/// What the rows of the answer are by; by nothing where everything is one row.
fn keys_of(select: &Select) -> Option<Vec<Expr>> {
    if select.projection.iter().any(|item| !is_named_well(item)) {
        return None;
    }
    let items = || select.projection.iter().filter_map(expr_of);
    match (&select.group_by, &select.distinct) {
        (GroupByExpr::Expressions(keys, others), None) if others.is_empty() => {
            let keys: Vec<Expr> =
                keys.iter().map(|key| meant(key, &select.projection)).collect::<Option<_>>()?;
            // That is an error, which polars tells.
            let is_twice = keys
                .iter()
                .enumerate()
                .any(|(at, key)| keys.iter().skip(at + 1).any(|it| it == key));
            (!is_twice).then_some(keys)
        }
        (GroupByExpr::Expressions(keys, _), Some(_))
            if keys.is_empty() && select.having.is_none() =>
        {
            Some(items().cloned().collect())
        }
        (GroupByExpr::Expressions(..) | GroupByExpr::All(_), _) => None,
    }
}

/// No other thing has the name of a column.
fn is_named_well(item: &SelectItem) -> bool {
    match item {
        SelectItem::UnnamedExpr(_) => true,
        SelectItem::ExprWithAlias { expr, alias } => {
            let is_same = matches!(expr, Expr::Identifier(name) if name.value == alias.value);
            is_same || column_of(alias).is_none() && alias.value != COUNT
        }
        _ => false,
    }
}

fn expr_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn alias_of(item: &SelectItem) -> Option<&Ident> {
    if let SelectItem::ExprWithAlias { alias, .. } = item { Some(alias) } else { None }
}

/// What stands behind `GROUP BY` may be a name, or the place, of what is selected.
fn meant(key: &Expr, items: &[SelectItem]) -> Option<Expr> {
    match key {
        Expr::Identifier(name) if column_of(name).is_none() => {
            let item = items.iter().find(|it| alias_of(it).is_some_and(|it| it == name));
            item.and_then(expr_of).cloned()
        }
        Expr::Value(value) => {
            let Value::Number(place, _) = &value.value else { return None };
            let place = place.parse::<usize>().ok()?.checked_sub(1)?;
            items.get(place).and_then(expr_of).cloned()
        }
        key => Some(key.clone()),
    }
}

/// The order is that of keys, or of what is selected, by name or by place.
fn take_ordered(query: &Query, keys: &[Expr]) -> Option<()> {
    let Some(OrderBy { kind, interpolate: None }) = &query.order_by else {
        return query.order_by.is_none().then_some(());
    };
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let OrderByKind::Expressions(by) = kind else { return None };
    let is_known = |expr: &Expr| match expr {
        Expr::Identifier(name) => {
            let mut aliases = select.projection.iter().filter_map(alias_of);
            keys.contains(expr) || aliases.any(|alias| alias == name)
        }
        Expr::Value(_) => true,
        _ => false,
    };
    let is_good =
        !keys.is_empty() && by.iter().all(|it| it.with_fill.is_none() && is_known(&it.expr));
    is_good.then_some(())
}

fn take_clauses(select: &mut Select, keys: &[Expr], names: &mut Names) -> Option<()> {
    let Select { projection, selection, having, .. } = select;
    for item in projection.iter_mut() {
        let alias = alias_of(item).cloned();
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            return None;
        };
        if !keys.contains(expr) {
            names.take_gathered(expr)?;
            names.gathered_as(alias);
        }
    }
    if let Some(condition) = selection {
        names.take(condition)?;
    }
    if let Some(condition) = having {
        names.take_gathered(condition)?;
    }
    Some(())
}

/// Of very large ones two may be one as a fraction.
const FRACTIONS: [&str; 2] = ["duration_ms", "cost"];

/// Where rows are by columns alone, each of them is a group: what is gathered in it stands there.
fn of_groups(mut query: Query, keys: &[Expr]) -> Option<OfGroups> {
    let by = By::of(&query)?;
    let is_column = |key: &Expr| match key {
        Expr::Identifier(name) => column_of(name).is_some_and(|it| !FRACTIONS.contains(&it)),
        _ => false,
    };
    let select = select_of(&mut query)?;
    if keys.is_empty() || !keys.iter().all(is_column) {
        return None;
    }
    let mut gathered = Vec::new();
    for item in &mut select.projection {
        let alias = alias_of(item).cloned();
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            return None;
        };
        if !keys.contains(expr) {
            of_a_group(expr, &[])?;
            gathered.extend(alias.map(|alias| (alias, expr.clone())));
        }
    }
    if let Some(mut having) = select.having.take() {
        of_a_group(&mut having, &gathered)?;
        let nested = |expr| Box::new(Expr::Nested(Box::new(expr)));
        select.selection = Some(match select.selection.take() {
            None => having,
            Some(condition) => {
                let (left, right) = (nested(condition), nested(having));
                Expr::BinaryOp { left, op: BinaryOperator::And, right }
            }
        });
    }
    (select.distinct, select.group_by) = (None, GroupByExpr::Expressions(Vec::new(), Vec::new()));
    Some(OfGroups { sql: query.to_string(), by })
}

impl By {
    fn of(query: &Query) -> Option<Self> {
        let (order, limit) = match (&query.order_by, &query.limit_clause) {
            (None, None) => return Some(Self::Piece),
            (Some(order), Some(limit)) => (order, limit),
            (Some(_), None) | (None, Some(_)) => return Some(Self::Whole),
        };
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        let is_shown = |by: &Expr| match by {
            Expr::Identifier(name) => select.projection.iter().any(|item| match item {
                SelectItem::UnnamedExpr(expr) => expr == by,
                item => alias_of(item) == Some(name),
            }),
            by => matches!(by, Expr::Value(_)),
        };
        let is_by_shown = match &order.kind {
            OrderByKind::Expressions(by) => by.iter().all(|it| is_shown(&it.expr)),
            OrderByKind::All(_) => false,
        };
        if !is_by_shown || !is_short(limit) {
            return Some(Self::Whole);
        }
        let mut again = query_of(ALL)?;
        (again.order_by, again.limit_clause) = (Some(order.clone()), Some(limit.clone()));
        Some(Self::Best { again: again.to_string() })
    }
}

/// No more rows than a piece has, from the first one on.
fn is_short(limit: &LimitClause) -> bool {
    let LimitClause::LimitOffset { limit: Some(Expr::Value(limit)), offset: None, .. } = limit
    else {
        return false;
    };
    let Value::Number(rows, _) = &limit.value else { return false };
    rows.parse().is_ok_and(|rows: usize| rows <= ROWS_PER_PIECE)
}

/// What is gathered in a group, as a value of its one row.
fn of_a_group(expr: &mut Expr, named: &[(Ident, Expr)]) -> Option<()> {
    let column = match Call::of(expr) {
        Some(Call::Count) => Some(COUNT),
        Some(Call::Sum(column)) => Some(column),
        Some(Call::Other) => return None,
        None => None,
    };
    if let Some(column) = column {
        *expr = Expr::Identifier(Ident::new(column));
        return Some(());
    }
    if let Expr::Identifier(name) = expr {
        let (_, meant) = named.iter().find(|(known, _)| known == name)?;
        *expr = Expr::Nested(Box::new(meant.clone()));
        return Some(());
    }
    for part in parts_of(expr)? {
        of_a_group(part, named)?;
    }
    Some(())
}
