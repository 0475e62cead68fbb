//! Which machine this is: its name, and the class that its floating-point results depend on.
//!
//! Compiled code may choose its instructions by the level of the processor (x86-64-v1 to v4) or by its model, and `sin` and
//! `exp` come from the C library, which chooses, too. So the class is level, model and library. It does not tell what a simulator
//! makes of them: most give the same bits on all.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::LazyLock;

use crate::data::machine::Machine;

/// What each level of x86-64 needs beyond the one below it, as the kernel names it.
const LEVELS: [(&str, &[&str]); 3] = [
    (
        "v2",
        &[
            "cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3",
        ],
    ),
    (
        "v3",
        &[
            "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave",
        ],
    ),
    (
        "v4",
        &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
    ),
];

/// This machine, looked at once in a process.
pub(crate) fn this() -> &'static Machine {
    static THIS: LazyLock<Machine> = LazyLock::new(|| Machine {
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        class: class(std::env::consts::ARCH, &first_processor(), &library()),
    });
    &THIS
}

/// What the kernel says of the first processor, a line each; nothing where there is no `/proc`.
fn first_processor() -> Vec<String> {
    let Ok(file) = File::open("/proc/cpuinfo") else {
        return Vec::new();
    };
    // The others are left unread: there can be hundreds, and they are alike.
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines.take_while(|line| !line.trim().is_empty()).collect()
}

/// Level, model and library, as far as they are known.
fn class(architecture: &str, processor: &[String], library: &str) -> String {
    let value = |name: &str| {
        let pairs = processor.iter().filter_map(|line| line.split_once(':'));
        let mut values = pairs.filter(|(key, _)| key.trim() == name);
        values.next().map(|(_, value)| value)
    };
    let level = match (architecture, value("flags")) {
        ("x86_64", Some(flags)) => level(flags),
        _ => "",
    };
    // On ARM the model has numbers in place of a name.
    let model = value("model name").map(str::to_owned).or_else(|| {
        let [implementer, part] = ["CPU implementer", "CPU part"].map(value);
        Some(format!("{} {}", implementer?, part?))
    });
    let model = model.unwrap_or_default();
    let model: Vec<&str> = model.split_whitespace().collect();
    let parts = [
        format!("{architecture}{level}"),
        model.join(" "),
        library.to_owned(),
    ];
    let known: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    known.join(", ")
}

/// The highest level of x86-64 that has all it needs, `-v3`; nothing for the first.
fn level(flags: &str) -> &'static str {
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let reached = LEVELS
        .iter()
        .take_while(|(_, needed)| needed.iter().all(|flag| flags.contains(flag)));
    match reached.count() {
        0 => "",
        1 => "-v2",
        2 => "-v3",
        _ => "-v4",
    }
}

/// The C library and its version, whose `libm` simulators compute with if they were built here.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code)]
fn library() -> String {
    // SAFETY: the function takes nothing and returns a pointer to a constant of the library, which ends with a zero byte and lives
    // as long as the process.
    let version = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
    format!("glibc {}", version.to_string_lossy())
}

#[cfg(not(target_env = "gnu"))]
fn library() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_class_is_level_model_and_library() {
        let v2 = "fpu sse2 pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm";
        let v3 = format!("{v2} fma movbe xsave avx f16c abm bmi1 avx2 bmi2");
        let v4 = format!("{v3} avx512f avx512dq avx512cd avx512bw avx512vl");
        for (flags, level) in [
            ("fpu sse2", ""),
            (v2, "-v2"),
            (&v3, "-v3"),
            (&v4, "-v4"),
            // Without the second level there is no third.
            (&v4.replace("popcnt", ""), ""),
            // A name that only begins like one that is needed.
            (&v3.replace("bmi2", "bmi27"), "-v2"),
        ] {
            let cpu = lines(&format!("model name\t: Some  CPU @ 2\nflags\t\t: {flags}"));
            let expected = format!("x86_64{level}, Some CPU @ 2, glibc 2.36");
            assert_eq!(class("x86_64", &cpu, "glibc 2.36"), expected);
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(class("riscv64", &[], ""), "riscv64");
        let cpu = lines("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
        assert_eq!(
            class("aarch64", &cpu, "glibc 2.39"),
            "aarch64, 0x41 0xd0c, glibc 2.39"
        );
    }

    #[test]
    fn this_machine_has_a_name_and_a_class() {
        assert!(this().is_known());
        assert!(this().class.starts_with(std::env::consts::ARCH));
    }
}
