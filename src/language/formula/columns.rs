//! Formulas over whole columns, in blocks that stay in the processor's cache.
//!
//! The stack of the machine holds blocks instead of numbers, so that an instruction is decoded once per thousand
//! values, arithmetic becomes vector instructions and nothing is allocated per value. Both branches of an `if` are
//! computed, and each value is picked from one of them; as no operation has side effects, the bits are those of the scalar machine.

use super::functions::{Operator, truth};
use super::{EvalError, Expr, Op, canonical, pop, pop_two};

/// How many values are computed at once: 8 KiB per block, so that a few fit the first-level cache.
const BLOCK: usize = 1024;

/// What a name means when a formula is computed over columns.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// The same number for all values.
    Scalar(f64),
    /// One number for each value.
    Column(&'a [f64]),
}

type Buffer = Box<[f64; BLOCK]>;

/// A block on the stack.
enum Block<'a> {
    Scalar(f64),
    Column(&'a [f64]),
    Computed(Buffer),
}

impl Expr {
    /// The values for columns of length `len`, each with the bits that [`Expr::eval`] gives for it.
    ///
    /// Unlike there, the names in both branches of an `if` are needed.
    pub fn eval_columns<'a>(
        &self,
        len: usize,
        value: &dyn Fn(&str) -> Option<Operand<'a>>,
    ) -> Result<Vec<f64>, EvalError> {
        let operands = self
            .names
            .iter()
            .map(|name| match value(name) {
                Some(Operand::Column(column)) if column.len() != len => Err(EvalError::Length {
                    name: name.clone(),
                    found: column.len(),
                    expected: len,
                }),
                Some(operand) => Ok(operand),
                None => Err(EvalError::UnknownName(name.clone())),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut out = Vec::with_capacity(len);
        let mut machine = Machine {
            stack: Vec::new(),
            free: Vec::new(),
            length: 0,
        };
        while out.len() < len {
            machine.length = BLOCK.min(len - out.len());
            machine.run(&self.program, &operands, out.len());
            let result = pop(&mut machine.stack);
            match &result {
                Block::Scalar(number) => out.resize(out.len() + machine.length, *number),
                Block::Column(column) => out.extend_from_slice(column),
                Block::Computed(buffer) => out.extend_from_slice(&buffer[..machine.length]),
            }
            machine.recycle(result);
        }
        for number in &mut out {
            *number = canonical(*number);
        }
        Ok(out)
    }
}

struct Machine<'a> {
    stack: Vec<Block<'a>>,
    free: Vec<Buffer>,
    /// How many values this block has.
    length: usize,
}

impl<'a> Machine<'a> {
    fn run(&mut self, program: &[Op], operands: &[Operand<'a>], start: usize) {
        for op in program {
            let block = match *op {
                Op::Number(number) => Block::Scalar(number),
                Op::Name(name) => match operands[name] {
                    Operand::Scalar(number) => Block::Scalar(number),
                    Operand::Column(column) => Block::Column(&column[start..start + self.length]),
                },
                Op::Operator(operator) => self.operator(operator),
                Op::Binary(function) => self.binary(function),
                Op::Unary(function) => {
                    let a = pop(&mut self.stack);
                    self.unary(a, function)
                }
                Op::Select => self.select(),
                Op::Branch { .. } | Op::Jump(_) => continue,
            };
            self.stack.push(block);
        }
    }

    fn unary(&mut self, a: Block<'a>, function: impl Fn(f64) -> f64) -> Block<'a> {
        if let Block::Scalar(a) = a {
            return Block::Scalar(function(a));
        }
        let mut target = self.computed(a);
        for a in &mut target[..self.length] {
            *a = function(*a);
        }
        Block::Computed(target)
    }

    fn binary(&mut self, function: impl Fn(f64, f64) -> f64) -> Block<'a> {
        let (a, b) = pop_two(&mut self.stack);
        let b = match b {
            Block::Scalar(b) => return self.unary(a, |a| function(a, b)),
            other => other,
        };
        let mut target = self.computed(a);
        for (a, b) in target.iter_mut().zip(self.values(&b)) {
            *a = function(*a, *b);
        }
        self.recycle(b);
        Block::Computed(target)
    }

    /// Each operator is a constant here, so that the compiler makes a vectorised loop of each.
    fn operator(&mut self, operator: Operator) -> Block<'a> {
        use Operator as O;
        match operator {
            O::Add => self.binary(|a, b| O::Add.apply(a, b)),
            O::Subtract => self.binary(|a, b| O::Subtract.apply(a, b)),
            O::Multiply => self.binary(|a, b| O::Multiply.apply(a, b)),
            O::Divide => self.binary(|a, b| O::Divide.apply(a, b)),
            O::Equal => self.binary(|a, b| O::Equal.apply(a, b)),
            O::NotEqual => self.binary(|a, b| O::NotEqual.apply(a, b)),
            O::Less => self.binary(|a, b| O::Less.apply(a, b)),
            O::LessEqual => self.binary(|a, b| O::LessEqual.apply(a, b)),
            O::Greater => self.binary(|a, b| O::Greater.apply(a, b)),
            O::GreaterEqual => self.binary(|a, b| O::GreaterEqual.apply(a, b)),
        }
    }

    fn select(&mut self) -> Block<'a> {
        let (yes, no) = pop_two(&mut self.stack);
        let condition = match pop(&mut self.stack) {
            Block::Scalar(condition) => {
                let (picked, other) = match truth(condition) {
                    Some(true) => (yes, no),
                    Some(false) => (no, yes),
                    None => (Block::Scalar(f64::NAN), yes),
                };
                self.recycle(other);
                return picked;
            }
            other => other,
        };
        let (mut target, yes, no) = (
            self.computed(condition),
            self.computed(yes),
            self.computed(no),
        );
        for ((condition, yes), no) in target[..self.length]
            .iter_mut()
            .zip(yes.iter())
            .zip(no.iter())
        {
            *condition = match truth(*condition) {
                Some(true) => *yes,
                Some(false) => *no,
                None => f64::NAN,
            };
        }
        self.free.extend([yes, no]);
        Block::Computed(target)
    }

    fn values<'b>(&self, block: &'b Block<'a>) -> &'b [f64] {
        match block {
            Block::Scalar(number) => std::slice::from_ref(number),
            Block::Column(column) => column,
            Block::Computed(buffer) => &buffer[..self.length],
        }
    }

    /// The block as a buffer that may be overwritten.
    fn computed(&mut self, block: Block<'a>) -> Buffer {
        let mut buffer = match block {
            Block::Computed(buffer) => return buffer,
            _ => self.free.pop().unwrap_or_else(|| Box::new([0.0; BLOCK])),
        };
        match block {
            Block::Scalar(number) => buffer[..self.length].fill(number),
            Block::Column(column) => buffer[..self.length].copy_from_slice(column),
            Block::Computed(_) => {}
        }
        buffer
    }

    fn recycle(&mut self, block: Block<'a>) {
        if let Block::Computed(buffer) = block {
            self.free.push(buffer);
        }
    }
}
