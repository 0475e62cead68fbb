//! The grammar of formulas: text to program, by winnow's expression parser.
//!
//! The parser is recursive, so everything that makes it recurse is counted and limited: open parentheses, signs, powers.

use winnow::ascii::{digit0, digit1, multispace0};
use winnow::combinator::{Infix, Prefix, alt, expression, opt, preceded};
use winnow::error::ParserError;
use winnow::stream::{Stateful, Stream};
use winnow::token::{literal, take_while};
use winnow::{Parser, Result};

use super::functions::{Call, Operator, and, function, negative, not, or, remainder};
use super::{Expr, ExprError, ExprProblem, Op};
use crate::text::name::{continues_name, starts_name};

/// The longest formula in bytes.
const LONGEST: usize = 8192;
/// How many parentheses may be open, plus how many signs and powers there may be.
const DEEPEST: usize = 100;

type Input<'s> = Stateful<&'s str, State>;
type Program = Vec<Op>;

#[derive(Debug, Default)]
struct State {
    names: Vec<String>,
    depth: usize,
}

/// A failure of the parser: another alternative may match, or the formula is wrong `rest` bytes before its end.
#[derive(Debug)]
enum Failure {
    Backtrack,
    Wrong { rest: usize, problem: ExprProblem },
}

impl ParserError<Input<'_>> for Failure {
    type Inner = Self;

    fn from_input(_: &Input<'_>) -> Self {
        Self::Backtrack
    }

    fn is_backtrack(&self) -> bool {
        matches!(self, Self::Backtrack)
    }

    fn into_inner(self) -> std::result::Result<Self, Self> {
        Ok(self)
    }
}

fn wrong<T>(input: &Input<'_>, problem: ExprProblem) -> Result<T, Failure> {
    Err(Failure::Wrong {
        rest: input.eof_offset(),
        problem,
    })
}

pub(super) fn parse(source: &str) -> std::result::Result<Expr, ExprError> {
    let mut input = Stateful {
        input: source,
        state: State::default(),
    };
    let error = |rest: usize, problem: ExprProblem| ExprError {
        column: source[..source.len() - rest].chars().count() + 1,
        problem,
    };
    if source.len() > LONGEST {
        return Err(error(source.len(), ExprProblem::TooComplex));
    }
    match (formula, end).parse_next(&mut input) {
        Ok((program, ())) => Ok(Expr {
            source: source.to_owned(),
            names: input.state.names,
            program,
        }),
        Err(Failure::Wrong { rest, problem }) => Err(error(rest, problem)),
        Err(Failure::Backtrack) => Err(error(input.eof_offset(), ExprProblem::NoOperand)),
    }
}

fn end(input: &mut Input<'_>) -> Result<(), Failure> {
    multispace0.parse_next(input)?;
    if input.is_empty() {
        Ok(())
    } else {
        unexpected(input)
    }
}

/// The error about something after a complete formula or argument that does not belong there.
fn unexpected<T>(input: &mut Input<'_>) -> Result<T, Failure> {
    let rest = input.input;
    let problem = if ["==", "!=", "<", ">"]
        .iter()
        .any(|operator| rest.starts_with(operator))
    {
        ExprProblem::Chain
    } else if rest.starts_with('=') {
        ExprProblem::Assignment
    } else {
        let word = rest
            .chars()
            .take_while(|c| continues_name(*c))
            .count()
            .clamp(1, 40);
        ExprProblem::Unexpected(rest.chars().take(word).collect())
    };
    wrong(input, problem)
}

fn formula(input: &mut Input<'_>) -> Result<Program, Failure> {
    expression(preceded(multispace0, operand))
        .prefix(preceded(multispace0, prefix))
        .infix(preceded(multispace0, infix))
        .parse_next(input)
}

fn operand(input: &mut Input<'_>) -> Result<Program, Failure> {
    alt((number, parenthesis, name_or_call)).parse_next(input)
}

fn number(input: &mut Input<'_>) -> Result<Program, Failure> {
    let exponent = (alt(('e', 'E')), opt(alt(('+', '-'))), digit1);
    let mantissa = alt(((digit1, opt(('.', digit0))).void(), ('.', digit1).void()));
    let start = input.checkpoint();
    let text = (mantissa, opt(exponent)).take().parse_next(input)?;
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(vec![Op::Number(number)]),
        _ => {
            input.reset(&start);
            wrong(
                input,
                ExprProblem::TooLarge(text.chars().take(40).collect()),
            )
        }
    }
}

fn deeper(input: &mut Input<'_>) -> Result<(), Failure> {
    input.state.depth += 1;
    if input.state.depth > DEEPEST {
        return wrong(input, ExprProblem::TooComplex);
    }
    Ok(())
}

/// The parenthesised arguments, separated by commas.
fn arguments(input: &mut Input<'_>) -> Result<Vec<Program>, Failure> {
    let opening = input.eof_offset();
    literal("(").parse_next(input)?;
    deeper(input)?;
    let mut arguments = Vec::new();
    if opt((multispace0, ')')).parse_next(input)?.is_none() {
        loop {
            arguments.push(formula(input)?);
            multispace0.parse_next(input)?;
            match opt(alt((',', ')'))).parse_next(input)? {
                Some(',') => {}
                Some(_) => break,
                None if input.is_empty() => {
                    return Err(Failure::Wrong {
                        rest: opening,
                        problem: ExprProblem::NotClosed,
                    });
                }
                None => return unexpected(input),
            }
        }
    }
    input.state.depth -= 1;
    Ok(arguments)
}

fn parenthesis(input: &mut Input<'_>) -> Result<Program, Failure> {
    let start = input.eof_offset();
    let mut inside = arguments(input)?;
    match (inside.pop(), inside.is_empty()) {
        (Some(program), true) => Ok(program),
        (Some(_), false) => Err(Failure::Wrong {
            rest: start,
            problem: ExprProblem::Unexpected(",".to_owned()),
        }),
        (None, _) => Err(Failure::Wrong {
            rest: start - 1,
            problem: ExprProblem::NoOperand,
        }),
    }
}

fn word<'s>(input: &mut Input<'s>) -> Result<&'s str, Failure> {
    (take_while(1, starts_name), take_while(0.., continues_name))
        .take()
        .parse_next(input)
}

fn name_or_call(input: &mut Input<'_>) -> Result<Program, Failure> {
    let start = input.eof_offset();
    let name = word(input)?;
    if matches!(name, "and" | "or" | "not") {
        return Err(Failure::Backtrack);
    }
    let after = input.checkpoint();
    multispace0.parse_next(input)?;
    if !input.starts_with('(') {
        input.reset(&after);
        let names = &mut input.state.names;
        let index = names
            .iter()
            .position(|known| known == name)
            .unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len() - 1
            });
        return Ok(vec![Op::Name(index)]);
    }
    let at_name = |problem| Failure::Wrong {
        rest: start,
        problem,
    };
    let (name, call) = function(name).map_err(at_name)?;
    let arguments = arguments(input)?;
    compile(name, call, arguments).map_err(at_name)
}

fn compile(
    name: &'static str,
    call: Call,
    arguments: Vec<Program>,
) -> std::result::Result<Program, ExprProblem> {
    let found = arguments.len();
    let (expected, fits) = match call {
        Call::One(_) => ("one argument", found == 1),
        Call::Two(_) => ("two arguments", found == 2),
        Call::Many(_) => ("one argument or more", found > 0),
        Call::If => ("three arguments (condition, value, otherwise)", found == 3),
    };
    if !fits {
        return Err(ExprProblem::Arguments {
            name,
            expected,
            found,
        });
    }
    let mut program = Program::new();
    let last = found - 1;
    let lengths: Vec<usize> = arguments.iter().map(Vec::len).collect();
    for (i, argument) in arguments.into_iter().enumerate() {
        program.extend(argument);
        match (call, i) {
            (Call::One(function), _) => program.push(Op::Unary(function)),
            (Call::Two(function), 1) => program.push(Op::Binary(function)),
            (Call::Many(function), 1..) => program.push(Op::Binary(function)),
            (Call::If, 0) => program.push(Op::Branch {
                otherwise: lengths[1] + 1,
                end: lengths[1] + 1 + lengths[2] + 1,
            }),
            (Call::If, 1) => program.push(Op::Jump(lengths[2] + 1)),
            (Call::If, _) if i == last => program.push(Op::Select),
            _ => {}
        }
    }
    Ok(program)
}

fn keyword<'s>(word_wanted: &'static str) -> impl Parser<Input<'s>, &'s str, Failure> {
    word.verify(move |found: &str| found == word_wanted)
}

/// How tightly operators bind, loosest first.
const OR: i64 = 10;
const AND: i64 = 20;
const NOT: i64 = 30;
const COMPARISON: i64 = 40;
const SUM: i64 = 50;
const PRODUCT: i64 = 60;
const SIGN: i64 = 70;
const POWER: i64 = 80;

type Prefixed<'s> = Prefix<Input<'s>, Program, Failure>;
type Infixed<'s> = Infix<Input<'s>, Program, Failure>;

/// The programs of an operator's operands and then the operator.
fn joined(mut a: Program, b: Program, op: Op) -> Result<Program, Failure> {
    a.extend(b);
    a.push(op);
    Ok(a)
}

fn prefix<'s>(input: &mut Input<'s>) -> Result<Prefixed<'s>, Failure> {
    let found = alt((
        '-'.value(Prefix(SIGN, |_, a| joined(a, vec![], Op::Unary(negative)))),
        '+'.value(Prefix(SIGN, |_, a| Ok(a))),
        '!'.value(Prefix(SIGN, |_, a| joined(a, vec![], Op::Unary(not)))),
        keyword("not").value(Prefix(NOT, |_, a| joined(a, vec![], Op::Unary(not)))),
    ));
    match opt(found).parse_next(input)? {
        Some(prefix) => deeper(input).map(|()| prefix),
        None => wrong(input, ExprProblem::NoOperand),
    }
}

fn infix<'s>(input: &mut Input<'s>) -> Result<Infixed<'s>, Failure> {
    if let Some(power) = opt(power).parse_next(input)? {
        return deeper(input).map(|()| power);
    }
    alt((arithmetic, comparison, logic)).parse_next(input)
}

fn power<'s>(input: &mut Input<'s>) -> Result<Infixed<'s>, Failure> {
    alt(("**", "^"))
        .value(Infix::Right(POWER, |_, a, b| {
            joined(a, b, Op::Binary(libm::pow))
        }))
        .parse_next(input)
}

fn arithmetic<'s>(input: &mut Input<'s>) -> Result<Infixed<'s>, Failure> {
    use Operator::{Add, Divide, Multiply, Subtract};
    alt((
        '*'.value(Infix::Left(PRODUCT, |_, a, b| {
            joined(a, b, Op::Operator(Multiply))
        })),
        '/'.value(Infix::Left(PRODUCT, |_, a, b| {
            joined(a, b, Op::Operator(Divide))
        })),
        '%'.value(Infix::Left(PRODUCT, |_, a, b| {
            joined(a, b, Op::Binary(remainder))
        })),
        '+'.value(Infix::Left(SUM, |_, a, b| joined(a, b, Op::Operator(Add)))),
        '-'.value(Infix::Left(SUM, |_, a, b| {
            joined(a, b, Op::Operator(Subtract))
        })),
    ))
    .parse_next(input)
}

fn comparison<'s>(input: &mut Input<'s>) -> Result<Infixed<'s>, Failure> {
    use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    alt((
        "==".value(Infix::Neither(COMPARISON, |_, a, b| {
            joined(a, b, Op::Operator(Equal))
        })),
        "!=".value(Infix::Neither(COMPARISON, |_, a, b| {
            joined(a, b, Op::Operator(NotEqual))
        })),
        "<=".value(Infix::Neither(COMPARISON, |_, a, b| {
            joined(a, b, Op::Operator(LessEqual))
        })),
        "<".value(Infix::Neither(COMPARISON, |_, a, b| {
            joined(a, b, Op::Operator(Less))
        })),
        ">=".value(Infix::Neither(COMPARISON, |_, a, b| {
            joined(a, b, Op::Operator(GreaterEqual))
        })),
        ">".value(Infix::Neither(COMPARISON, |_, a, b| {
            joined(a, b, Op::Operator(Greater))
        })),
    ))
    .parse_next(input)
}

fn logic<'s>(input: &mut Input<'s>) -> Result<Infixed<'s>, Failure> {
    alt((
        alt(("&&", keyword("and")))
            .value(Infix::Left(AND, |_, a, b| joined(a, b, Op::Binary(and)))),
        alt(("||", keyword("or"))).value(Infix::Left(OR, |_, a, b| joined(a, b, Op::Binary(or)))),
    ))
    .parse_next(input)
}
