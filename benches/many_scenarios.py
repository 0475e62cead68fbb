"""What the product of many scenarios takes, from a full store: 50 of 2,000 catchments, 8,760 steps and four variables are 28 GB of numbers.

    python3 benches/many_scenarios.py target/release/rerunoff
    python3 benches/many_scenarios.py target/release/rerunoff --beside OTHER/rerunoff     the two in turn

It takes a quarter of an hour, half of it to fill the store, and as much room on the disk as the product, 20 GB. The simulator puts its
input's temperature and precipitation beside the discharges of another catchment, in each scenario those of another one: so two of the four
variables are the same in all scenarios, as is usual where scenarios differ in parameters, and two are not. Beside it, in turn, the
product of the first scenario alone: what is to be seen is whether a catchment takes longer where there are many. The projects
stay in target/many-scenarios for whoever wants to look at them.
"""

import argparse
import os
from pathlib import Path

from measure import cost
from million import sweep
from projects import Project, render
from report import mebibytes, milliseconds

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = {"temperature": "T", "precipitation": "P", "discharge": "Q", "local_discharge": "Qloc"}


def mixing(project, files, scenarios):
    """Makes a project's simulator one that mixes two catchments, in so many scenarios."""
    if "[sweep." in project.config.read_text():
        return
    first, count = project.ids()[0], project.catchments
    other = f"$(({first} + ({{id}} - {first} + 37 * {{s}}) % {count}))"
    script = f"cut -f 1-3 input.txt > half && cut -f 4- {files}/{other}/input.txt | paste half - > out.txt"
    project.edit(r"^command = .*?$", f"command = [\"sh\", \"-c\", '''{script}''']\nreads = ['{files}']")
    project.edit(r"^support = .*?$", "support = []")
    project.edit(r"^concentration = \"Conc_.*?^local_discharge = \"Qloc\"$", "\n".join(f'{name} = "{column}"' for name, column in COLUMNS.items()))
    project.edit(r"^concentration = \{.*", "\n".join(f'{name} = {{ units = "1" }}' for name in COLUMNS) + "\n")
    project.edit(r"^\[parameters\]$", "[parameters]\ns = 0")
    project.config.write_text(project.config.read_text() + sweep("s", 1, scenarios, scenarios))


def assembled(project, rerunoff):
    """The cost of a product made from nothing, and its size."""
    project.product.unlink(missing_ok=True)
    os.sync()
    each = cost([rerunoff, "-C", project.folder, "assemble", "--quiet"])
    return each, project.product.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--beside", help="another binary, measured in turn")
    parser.add_argument("--catchments", type=int, default=2000)
    parser.add_argument("--scenarios", type=int, default=50)
    parser.add_argument("--steps", type=int, default=8760)
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "many-scenarios")
    options = parser.parse_args()

    folder, shape = options.folder.resolve() / f"{options.catchments}x{options.steps}", (options.catchments, options.steps)
    plain = Project(options.binary, folder / "plain", *shape)
    rendered, one, all_ = (Project(options.binary, folder / name, *shape, like=plain) for name in ("rendered", "one", f"all-{options.scenarios}"))
    render(rendered, folder / "files")
    for project, scenarios in ((one, 1), (all_, options.scenarios)):
        mixing(project, folder / "files", scenarios)
        filled = project.do("run", "--quiet", "--no-assemble")
        print(f"{scenarios} scenarios run, or there already: {filled.wall:.0f} s, {mebibytes(filled.peak)}, store {project.store.stat().st_size / 1e6:.0f} MB")

    for binary in [options.binary] + ([options.beside] if options.beside else []):
        for project, scenarios in ((one, 1), (all_, options.scenarios)):
            each, size = assembled(project, binary)
            values = scenarios * options.catchments * options.steps * len(COLUMNS)
            print(
                f"product of {scenarios} scenarios, {values * 8 / 1e9:.2f} GB: {each.wall:.1f} s, {values * 8 / each.wall / 1e6:.0f} MB/s, "
                f"{milliseconds(each.cpu / scenarios / options.catchments)} of processor a catchment, {mebibytes(each.peak)} at most, "
                f"file of {size / 1e9:.2f} GB  {binary}"
            )


if __name__ == "__main__":
    main()
