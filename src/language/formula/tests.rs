//! Formulas: what they compute, what is refused where, and that columns and scalars agree to the bit.

use proptest::prelude::*;

use super::*;

fn value(name: &str) -> Option<f64> {
    Some(match name {
        "a" => 3.0,
        "b" => -2.0,
        "zero" => 0.0,
        "not_a" => 5.0,
        "missing" => f64::NAN,
        "R.x_1" => 7.5,
        "ä" => 1.0,
        _ => return None,
    })
}

fn eval(source: &str) -> f64 {
    let parsed = Expr::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    parsed
        .eval(&value)
        .unwrap_or_else(|error| panic!("{source}: {error}"))
}

#[test]
fn operators_bind_as_in_python() {
    for (source, expected) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("7 / 2", 3.5),
        ("2 * 7 / 4", 3.5),
        ("2 ^ 3 ^ 2", 512.0),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ^ 2", -4.0),
        ("2 ^ -1", 0.5),
        ("2 ^ -1 * 4", 2.0),
        ("-a * b", 6.0),
        ("- - a", 3.0),
        ("+a - -b", 1.0),
        ("7 % 3", 1.0),
        ("-7 % 3", 2.0),
        ("7 % -3", -2.0),
        ("1.5e3 + .5 + 2.", 1502.5),
        ("1E-2", 0.01),
        ("a > 2", 1.0),
        ("a + 1 >= 2 * 2", 1.0),
        ("a == 3 && b != 3", 1.0),
        ("a < 3 || b < -1", 1.0),
        ("a <= 3 and not b > 0", 1.0),
        ("not a == 4", 1.0),
        ("!a == 0", 1.0),
        ("1 or 0 and 0", 1.0),
        ("zero or not_a", 1.0),
        ("R.x_1 * ä", 7.5),
        (" \t(\n a ) ", 3.0),
    ] {
        assert_eq!(eval(source), expected, "{source}");
    }
}

#[test]
fn functions_compute() {
    for (source, expected) in [
        ("abs(b)", 2.0),
        ("min(a, b, 1)", -2.0),
        ("max(a)", 3.0),
        ("max(zero, -zero)", 0.0),
        ("pow(2, 10)", 1024.0),
        ("exp(0)", 1.0),
        ("ln(exp(2))", 2.0),
        ("log10(1000)", 3.0),
        ("log2(8)", 3.0),
        ("sqrt(a * a)", 3.0),
        ("floor(-1.5) + ceil(-1.5) + trunc(-1.5)", -4.0),
        ("round(2.5) + round(-2.5) + round(0.4)", 0.0),
        ("cos(0) + sin(0) + tan(0) + tanh(0) + atan2(0, 1)", 1.0),
        ("acos(1) + asin(0) + atan(0) + sinh(0) + cosh(0)", 1.0),
        ("isnan(missing) + isnan(a)", 1.0),
        ("if(a > 2, 10, 20)", 10.0),
        ("if(a < 2, 10, if(b < 0, 30, 40))", 30.0),
    ] {
        assert_eq!(eval(source), expected, "{source}");
    }
}

#[test]
fn missing_values_stay_missing() {
    for source in [
        "missing + 1",
        "max(missing, 1)",
        "min(1, missing)",
        "if(missing, 1, 2)",
        "missing and 1",
        "0 or missing",
        "not missing",
        "0 / 0",
        "-(0 / 0)",
        "5 % 0",
        "sqrt(-1)",
    ] {
        assert_eq!(eval(source).to_bits(), f64::NAN.to_bits(), "{source}");
    }
    for (source, expected) in [
        ("missing and 0", 0.0),
        ("1 or missing", 1.0),
        ("missing < 1", 0.0),
        ("missing != 1", 1.0),
    ] {
        assert_eq!(eval(source), expected, "{source}");
    }
}

#[test]
fn the_bits_are_those_of_every_other_machine() {
    for (source, bits) in [
        ("exp(1.2345)", 0x400b_7e47_790d_a685_u64),
        ("1.07 ^ 13.7", 0x4004_36ba_ea91_b88b),
        ("ln(0.3)", 0xbff3_4378_fcbd_a721),
        ("sin(1e6)", 0xbfd6_664b_2568_d867),
        ("tanh(0.3)", 0x3fd2_a4dd_a7d9_14f9),
        ("log10(7)", 0x3feb_0b0b_0b78_cc3f),
    ] {
        assert_eq!(
            eval(source).to_bits(),
            bits,
            "{source} gives {:#x}",
            eval(source).to_bits()
        );
    }
}

#[test]
fn only_the_branch_that_counts_needs_its_names() {
    let formula = Expr::parse("if(R_appl == 0, 0, C_cal * A_appl / A_tot)").expect("a formula");
    assert_eq!(
        formula.eval(&|name| (name == "R_appl").then_some(0.0)),
        Ok(0.0)
    );
    let error = formula.eval(&|name| (name == "R_appl").then_some(1.0));
    assert_eq!(error, Err(EvalError::UnknownName("C_cal".into())));
    let names: Vec<_> = formula.names().into_iter().collect();
    assert_eq!(names, ["A_appl", "A_tot", "C_cal", "R_appl"]);
}

#[test]
fn wrong_formulas_are_refused_at_their_column() {
    use ExprProblem as P;
    let unexpected = |text: &str| Some(P::Unexpected(text.to_owned()));
    for (source, column, problem) in [
        ("", 1, Some(P::NoOperand)),
        ("  ", 3, Some(P::NoOperand)),
        ("1 +", 4, Some(P::NoOperand)),
        ("1 + * 2", 5, Some(P::NoOperand)),
        ("ä b", 3, unexpected("b")),
        ("2x", 2, unexpected("x")),
        ("1e", 2, unexpected("e")),
        ("a andb", 3, unexpected("andb")),
        ("a) + 1", 2, unexpected(")")),
        ("a, 1", 2, unexpected(",")),
        ("(a, 1)", 1, unexpected(",")),
        ("a & b", 3, unexpected("&")),
        ("a = 3", 3, Some(P::Assignment)),
        ("0 < a < 1", 7, Some(P::Chain)),
        ("a == b != 1", 8, Some(P::Chain)),
        ("2 * (a + (b - 1)", 5, Some(P::NotClosed)),
        ("(1 2)", 4, unexpected("2")),
        ("()", 2, Some(P::NoOperand)),
        ("min(1, )", 8, Some(P::NoOperand)),
        ("1 + Exp (2)", 5, None),
        ("if(a, 1)", 1, None),
        ("1 + exp()", 5, None),
        ("min()", 1, None),
        ("and", 1, Some(P::NoOperand)),
        ("1e999", 1, Some(P::TooLarge("1e999".into()))),
        ("a ? 1 : 2", 3, unexpected("?")),
    ] {
        let error = Expr::parse(source).expect_err(source);
        assert_eq!(error.column, column, "{source:?}: {error}");
        if let Some(problem) = problem {
            assert_eq!(error.problem, problem, "{source:?}");
        }
    }
    for (source, words) in [
        ("sqr(2)", "did you mean `sqrt`?"),
        ("log(2)", "did you mean `ln` or `log10`?"),
        ("MAX(2)", "did you mean `max`?"),
        ("heaviside(2)", "there are abs, acos"),
        ("pow(2)", "`pow` takes two arguments, not 1"),
    ] {
        let message = Expr::parse(source).expect_err(source).to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn hostile_formulas_do_not_overflow_the_stack() {
    for (unit, rest) in [
        ("(", ""),
        ("-", "1"),
        ("!", "1"),
        ("2^", "1"),
        ("not ", "1"),
        ("exp(", ""),
        ("1 or 1 and 1 < 1 + 1 * -2 ^ (", ""),
        ("if(1, min(1, 2 or 3 + ", ""),
    ] {
        for count in [24, 99, 101, 2000, 100_000] {
            let result = Expr::parse(&format!("{}{rest}", unit.repeat(count)));
            assert!(
                result.is_err() || (count < 100 && !rest.is_empty()),
                "{unit} {count}"
            );
        }
    }
    let sum = Expr::parse(&format!("{}1", "1+".repeat(4000))).expect("a formula");
    assert_eq!(sum.eval(&value), Ok(4001.0));
    let nested = format!("{}a{}", "(1 or ".repeat(99), ")".repeat(99));
    assert_eq!(eval(&nested), 1.0);
}

/// Formulas of all kinds over the names a, b, c.
fn formulas() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop_oneof!["a", "b", "c"],
        prop_oneof![Just(0.0), Just(-1.5), any::<f64>()]
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("({number:e})")),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let operator = prop_oneof!["[-+*/%^]", "==", "!=", "[<>]=?", "&&", "[|][|]"];
        let two = (inner.clone(), operator, inner.clone());
        let names = [
            "exp", "ln", "sqrt", "abs", "round", "floor", "tanh", "isnan", "-", "not ",
        ];
        prop_oneof![
            two.prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            (proptest::sample::select(names.to_vec()), inner.clone())
                .prop_map(|(name, a)| format!("({name}({a}))")),
            (
                prop_oneof!["min", "max", "if"],
                inner.clone(),
                inner.clone(),
                inner
            )
                .prop_map(|(name, a, b, c)| format!("{name}({a}, {b}, {c})")),
        ]
    })
}

proptest! {
    #[test]
    fn columns_have_the_bits_of_scalars(
        source in formulas(),
        a in prop_oneof![any::<f64>(), Just(f64::NAN), Just(-0.0)],
        seed in any::<u64>(),
        len in prop_oneof![0_usize..4, 1020_usize..1030, 2040_usize..2100],
    ) {
        let formula = Expr::parse(&source).expect("a formula");
        let special = [0.0, -0.0, 1.0, -1.0, f64::NAN, f64::INFINITY, 0.5, 1e-310, -7.25];
        let pick = |i: usize, salt: u64| {
            let mixed = (i as u64 ^ salt ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            if mixed >> 62 == 0 { special[(mixed % 9) as usize] } else { f64::from_bits(mixed.rotate_left(17)) }
        };
        let b: Vec<f64> = (0..len).map(|i| pick(i, 1)).collect();
        let c: Vec<f64> = (0..len).map(|i| pick(i, 77) % 10.0).collect();
        let columns = formula.eval_columns(len, &|name| Some(match name {
            "a" => Operand::Scalar(a),
            "b" => Operand::Column(&b),
            _ => Operand::Column(&c),
        })).expect("all names");
        prop_assert_eq!(columns.len(), len);
        for i in 0..len {
            let scalar = formula.eval(&|name| Some(match name { "a" => a, "b" => b[i], _ => c[i] })).expect("all names");
            prop_assert_eq!(columns[i].to_bits(), scalar.to_bits(), "{} at {}", source, i);
        }
    }

    #[test]
    fn parsing_never_panics(source in "([-+*/%^!<>=&|(),. ]|and|or|not|if|min|[a-c0-9é]|1e9){0,30}|.{0,60}") {
        if let Ok(formula) = Expr::parse(&source) {
            let _ = formula.eval(&|_| Some(2.0));
            let _ = formula.eval_columns(3, &|_| Some(Operand::Column(&[1.0, 2.0, 3.0])));
        }
    }
}

#[test]
fn columns_of_another_length_are_refused() {
    let formula = Expr::parse("a + b").expect("a formula");
    let short = formula.eval_columns(3, &|name| (name == "a").then_some(Operand::Column(&[1.0])));
    assert_eq!(
        short,
        Err(EvalError::Length {
            name: "a".into(),
            found: 1,
            expected: 3
        })
    );
    let unknown = formula.eval_columns(3, &|name| (name == "a").then_some(Operand::Scalar(1.0)));
    assert_eq!(unknown, Err(EvalError::UnknownName("b".into())));
    let constant = Expr::parse("1 / 4")
        .expect("a formula")
        .eval_columns(2, &|_| None);
    assert_eq!(constant, Ok(vec![0.25, 0.25]));
}
