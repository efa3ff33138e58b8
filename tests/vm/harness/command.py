"""The command tests/vm/run: boots a scenario, compares, and shows what went wrong."""

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import initramfs, kernels, machine, truth

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
SKIPPED = 77  # what ctest takes for "skipped"


def main(arguments):
    options = _parse(arguments)
    if options.list:
        for name in names():
            print(f"{name:20} {load(name).__doc__.strip().splitlines()[0]}")
        return 0
    scenario = load(options.scenario)
    reason = getattr(scenario, "SKIPPED_ON", {}).get(options.kernel)
    if reason:
        print(f"skipped on kernel {options.kernel}: {reason}")
        return SKIPPED
    try:
        return _run(scenario, options)
    except (kernels.FetchError, initramfs.BuildError, machine.MachineError) as why:
        print(f"FAILED {options.scenario} on kernel {options.kernel}: {why}")
        return 1


def names():
    return sorted(path.stem for path in SCENARIOS.glob("*.py"))


def load(name):
    spec = importlib.util.spec_from_file_location(name, SCENARIOS / f"{name}.py")
    scenario = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scenario)
    return scenario


def _parse(arguments):
    parser = argparse.ArgumentParser(
        prog="tests/vm/run", description=__doc__,
        epilog="exit status: 0 all as configured, 1 a difference or a failure, 77 skipped",
    )  # fmt: skip
    parser.add_argument("scenario", nargs="?", choices=names(), metavar="SCENARIO")
    parser.add_argument("--kernel", choices=kernels.SERIES, default=kernels.SERIES[0])
    parser.add_argument("--hetmem", metavar="PATH", help="the hetmem command to test")
    parser.add_argument(
        "--build", metavar="FOLDER",
        help="a build folder: its hetmem, its programs for the guest (target vm_programs)",
    )  # fmt: skip
    parser.add_argument("--shell", action="store_true", help="a shell in the guest instead")
    parser.add_argument("--keep", action="store_true", help="keep the work folder and name it")
    parser.add_argument("--verbose", action="store_true", help="print all that the guest kept")
    parser.add_argument(
        "--machine-only", action="store_true",
        help="compare only what the kernel itself shows; needs no hetmem",
    )  # fmt: skip
    parser.add_argument(
        "--fetch", metavar="GUEST=HOST", action="append", default=[],
        help="copy a file out of the guest once the scenario is done",
    )  # fmt: skip
    parser.add_argument(
        "--document", metavar="FILE", help="write what the scenario found out as a table"
    )
    parser.add_argument("--seconds", type=int, default=110, help="time limit for the guest")
    parser.add_argument("--list", action="store_true", help="say what scenarios there are")
    options = parser.parse_args(arguments)
    if not options.list and not options.scenario:
        parser.error("which scenario? --list names them")
    tested = options.hetmem or options.build
    if not options.list and not tested and not (options.machine_only or options.shell):
        parser.error("--hetmem PATH or --build FOLDER is needed")
    if any("=" not in pair for pair in options.fetch):
        parser.error("--fetch takes GUEST=HOST")
    return options


def _run(scenario, options):
    kernel = kernels.fetch(options.kernel, report=print)
    configured = scenario.machine(options.kernel)
    built = built_programs(options.build) if options.build else {}
    if options.hetmem:
        built["hetmem"] = options.hetmem
    programs = {name: _found(name, built) for name in getattr(scenario, "PROGRAMS", ())}
    if "hetmem" in built:
        programs["hetmem"] = built["hetmem"]
    with _work_folder(options.keep) as work:
        work = Path(work)
        fetch = [pair.split("=", 1) for pair in options.fetch]
        machine.prepare(configured, kernel, programs, work, [guest for guest, _ in fetch])
        if options.shell:
            called = machine.command(configured, kernel, work, shell=True)
            return subprocess.run(called, cwd=work, check=False).returncode
        try:
            results = machine.boot(configured, kernel, work, options.seconds)
            if hasattr(scenario, "next_machine"):
                results = _boot_again(scenario, options, kernel, programs, work, results)
            report = _compare(scenario, options, results)
        except Exception:
            _print_console(work)
            raise
        if options.verbose:
            for boot in _boots(results):
                _print_results(boot)
        if report.differences:
            _print_console(work)
            print(f"FAILED {options.scenario} on kernel {kernel.release}: "
                  f"{len(report.differences)} of {report.compared} comparisons:")
            for difference in report.differences:
                print(f"  {difference}")
            return 1
        if options.document:
            Path(options.document).write_text(scenario.document(results, kernel.release))
        for number, (guest, host) in enumerate(fetch):
            Path(host).write_bytes(results.file(f"fetched-{number}"))
            print(f"{guest} of the guest is now {host}")
        print(f"{options.scenario} on kernel {kernel.release}: "
              f"{report.compared} comparisons, all as configured")
    return 0


def _boot_again(scenario, options, kernel, programs, work, first):
    """The machines that the scenario makes of what the boots before gave, each in the same folder."""
    boots = [first]
    while following := scenario.next_machine(options.kernel, boots):
        for left in ("console", "results", "qmp.sock"):
            (work / left).unlink(missing_ok=True)
        machine.prepare(following, kernel, programs, work)
        boots.append(machine.boot(following, kernel, work, options.seconds))
    return boots


def _boots(results):
    return results if isinstance(results, list) else [results]


def _compare(scenario, options, results):
    report = truth.Report()
    scenario.check_machine(report, results, options.kernel)
    if report.differences:
        # A description can only be judged on the machine that was meant.
        report.differences.insert(0, "the kernel itself does not show the configured machine:")
    elif not options.machine_only:
        for boot in _boots(results):
            _check_statuses(report, boot)
        scenario.check(report, results, options.kernel)
    return report


def _check_statuses(report, results):
    for name in results.names():
        if results.has_file(f"{name}.status"):
            report.equal(f"exit status of {name}", 0, results.status(name))
            if results.status(name) != 0:
                report.differences.append(f"{name} said: {results.errors(name).strip()}")


def built_programs(folder):
    """What tests/vm/CMakeLists.txt wrote down: name in the guest -> path here."""
    listed = Path(folder) / "vm-programs"
    if not listed.exists():
        raise initramfs.BuildError(f"{folder} is no build folder with tests: no {listed.name}")
    lines = (line.partition("=") for line in listed.read_text().splitlines() if line)
    return {name: path for name, _, path in lines}


def _found(name, built):
    if name in built:
        if not Path(built[name]).exists():
            raise initramfs.BuildError(f"{built[name]} is not built (target vm_programs)")
        return built[name]
    path = shutil.which(name)
    if not path:
        raise initramfs.BuildError(f"{name} is not installed, nor among the programs of --build")
    return path


class _work_folder:
    """A temporary folder that --keep leaves behind."""

    def __init__(self, keep):
        self._keep = keep

    def __enter__(self):
        self._path = tempfile.mkdtemp(prefix="hetmem-vm-")
        if self._keep:
            print(f"work folder: {self._path} (console, results, initrd, command)")
        return self._path

    def __exit__(self, *_):
        if not self._keep:
            shutil.rmtree(self._path)


def _print_console(work):
    print("--- console of the guest " + "-" * 54)
    print(machine.console(work).rstrip())
    print("-" * 79)


def _print_results(results):
    for name in results.names():
        if name == "dmesg":
            continue
        print(f"--- {name} " + "-" * max(0, 74 - len(name)))
        print(results.output(name).rstrip())
        if results.has_file(f"{name}.err") and results.errors(name).strip():
            print(f"[stderr] {results.errors(name).rstrip()}")
    sys.stdout.flush()
