"""The same work by other tools: lists of independent commands, and targets that are all up to date."""

from pathlib import Path

from measure import Unusable, cost


def xargs(folders, jobs, command):
    """So many commands at a time, each in its own folder: the least that anyone has to pay."""
    listing = Path(folders[0]).parent / "folders.txt"
    listing.write_text("".join(f"{folder}\n" for folder in folders))
    words = ["xargs", "-a", listing, "-P", jobs, "-I", "{}", "env", "-C", "{}", *command]
    return cost(words)


def copies(folder, count, steps):
    """Folders with a small input each, for the peers that start commands."""
    rows = "".join(f"{step / 24:.6f}\t12.5\t0\t1.25\t0.5\tN/A\n" for step in range(steps))
    folders = [Path(folder) / str(number) for number in range(count)]
    for each in folders:
        each.mkdir(parents=True, exist_ok=True)
        if not (each / "input.txt").exists():
            (each / "input.txt").write_text("step\tT\tP\tQ\tQloc\tEmptymeas\n" + rows)
    return folders


def xargs_copies(folders, jobs):
    """A copy of each folder's input, so many at a time: one process a copy and nothing more."""
    listing = Path(folders[0]).parent / "copies.txt"
    listing.write_text("".join(f"{folder}/input.txt {folder}/out.txt\n" for folder in folders))
    return cost(["xargs", "-a", listing, "-P", jobs, "-n", 2, "cp"])


def parallel(tool, folders, jobs):
    listing = Path(folders[0]).parent / "folders.txt"
    listing.write_text("".join(f"{folder}\n" for folder in folders))
    return cost([tool, "--will-cite", "-a", listing, "-j", jobs, "cp {}/input.txt {}/out.txt"])


def ninja_file(folders, path):
    """A build of one copy for each folder."""
    lines = ["rule copy", "  command = cp $in $out"]
    lines += [f"build {folder}/out.txt: copy {folder}/input.txt" for folder in folders]
    Path(path).write_text("\n".join(lines) + "\n")


def make_file(folders, path):
    lines = ["all: " + " ".join(f"{folder}/out.txt" for folder in folders)]
    lines += [f"{folder}/out.txt: {folder}/input.txt\n\tcp $< $@" for folder in folders]
    Path(path).write_text("\n".join(lines) + "\n")


def snake_file(folders, path):
    names = [str(folder) for folder in folders]
    Path(path).write_text(
        f"names = {names!r}\n"
        "rule all:\n    input: [name + '/out.txt' for name in names]\n"
        "rule copy:\n    input: '{name}/input.txt'\n    output: '{name}/out.txt'\n    shell: 'cp {input} {output}'\n"
    )


def remove_outputs(folders):
    for folder in folders:
        (Path(folder) / "out.txt").unlink(missing_ok=True)


def version(words):
    """The last word of the first line that a tool prints about its version that starts with a digit."""
    try:
        text = cost(words).text
    except (Unusable, OSError):
        return "?"
    words = text.splitlines()[0].split() if text else []
    return next((word for word in reversed(words) if word[0].isdigit()), "?")
