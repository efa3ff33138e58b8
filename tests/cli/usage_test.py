"""hetmem as a citizen: exit codes, errors on one line, help, manual page."""

import os
import re
import shutil
import signal
import subprocess
import unittest

import command
from command import HETMEM, SOURCE, environment, hetmem

SUBCOMMANDS = ("show", "rank", "run", "where", "move", "watch", "adopt", "table", "measure",
               "report", "capture", "check", "override")
PARTS = ("table decode", "table encode", "table diff", "table build")


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def options_of(subcommand):
    """The options as the help lists them, less those that only its examples mention."""
    listed = hetmem(*subcommand.split(), "--help").stdout.split("Examples:")[0]
    return options_in("\n".join(line for line in listed.split("\n")
                                if re.match(r" +(-\w,)?--", line)))


class Usage(command.TestCase):
    def test_help_and_version_succeed(self):
        self.assertRegex(hetmem("--version").stdout, r"^hetmem \d+\.\d+\.\d+\n$")
        self.assertIn("hetmem show", hetmem("--help").stdout)
        self.assertEqual(hetmem("-h").stdout, hetmem("--help").stdout)
        for subcommand in SUBCOMMANDS:
            self.assertIn(subcommand, hetmem("--help").stdout)
            self.assertIn("Examples", hetmem(subcommand, "--help").stdout)
        for words in ((), *((s,) for s in SUBCOMMANDS)):
            for line in hetmem(*words, "--help").stdout.split("\n"):
                self.assertLessEqual(len(line), 80, line)

    def test_misuse_is_exit_2_and_one_line(self):
        for words in ((), ("draw",), ("show", "--nope"), ("show", "extra"), ("rank",),
                      ("rank", "--by", "speed"), ("capture",), ("capture", "a", "b"),
                      ("show", "--width", "x"), ("show", "--json", "--svg", "a"),
                      ("show", "--root", "/", "--from", "x")):
            self.assertIn("--help", self.fails(*words, code=2))
        self.assertIn("'draw'", self.fails("draw", code=2))

    def test_a_name_from_an_unset_variable_is_not_taken_for_none(self):
        for words in (("show", "--root", ""), ("show", "--from", ""), ("show", "--svg", ""),
                      ("rank", "--by", "free", "--from", ""), ("capture", ""),
                      ("capture", "--root", "", "a")):
            self.assertIn("a name is missing", self.fails(*words, code=2))

    def test_failure_is_exit_1_and_one_line(self):
        self.assertIn("/nonexistent", self.fails("show", "--root", "/nonexistent"))
        strange = self.fails("show", "--root", "/non\nexistent\x1b[2J")
        self.assertNotIn("\x1b", strange)

    def test_a_full_disk_is_noticed(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            for words in (("show",), ("show", "--json"), ("--help",)):
                done = subprocess.run([HETMEM, *words], stdout=full, stderr=subprocess.PIPE,
                                      text=True, env=environment(), check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn("No space left", done.stderr)

    def test_a_closed_output_is_noticed(self):
        done = subprocess.run([HETMEM, "show"], stderr=subprocess.PIPE, text=True,
                              env=environment(), preexec_fn=lambda: os.close(1), check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)

    def test_a_reader_that_goes_away_ends_it(self):
        for ignored, expected in ((False, -signal.SIGPIPE), (True, 1)):
            ours, theirs = os.pipe()
            os.close(ours)
            done = subprocess.run([HETMEM, "show"], stdout=theirs, stderr=subprocess.PIPE,
                                  env=environment(), restore_signals=not ignored, check=False)
            os.close(theirs)
            self.assertEqual(done.returncode, expected)


class Manual(command.TestCase):
    page = SOURCE / "docs" / "man" / "hetmem.1"

    def test_it_has_every_subcommand_and_option(self):
        text = self.page.read_text().replace("\\-", "-")
        for subcommand in SUBCOMMANDS + PARTS:
            self.assertIn(f"hetmem {subcommand}", text)
            for option in options_of(subcommand) - {"--help"}:
                self.assertIn(option, text, subcommand)

    def test_it_names_no_option_that_is_none(self):
        known = set.union(*(options_of(s) for s in SUBCOMMANDS + PARTS), {"--version", "--help"})
        named = options_in(self.page.read_text().replace("\\-", "-"))
        self.assertEqual(named - known, set())

    @unittest.skipUnless(shutil.which("man"), "man is not installed")
    def test_it_formats_without_warnings(self):
        done = subprocess.run(["man", "--warnings", "-l", str(self.page)], capture_output=True,
                              text=True, env=environment(MANWIDTH="80", MANROFFSEQ=""), check=True)
        self.assertEqual(done.stderr, "")
        self.assertIn("hetmem capture", done.stdout)


class Completion(command.TestCase):
    script = SOURCE / "completions" / "hetmem.bash"

    def complete(self, *words):
        """What bash offers for the last of the words; `words` are after "hetmem"."""
        line = ["hetmem", *words]
        quoted = " ".join(f"'{w}'" for w in line)
        program = f"""
            set -u
            source '{self.script}'
            COMP_WORDS=({quoted}) COMP_CWORD={len(line) - 1}
            COMP_LINE='{" ".join(line)}' COMP_POINT={len(" ".join(line))}
            function=$(complete -p hetmem | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
            "$function" hetmem '{line[-1]}' '{line[-2]}'
            printf '%s\\n' "${{COMPREPLY[@]-}}"
        """
        done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True,
                              cwd=self.place, env=environment(), check=True)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_subcommands(self):
        self.assertEqual(self.complete(""), {*SUBCOMMANDS, "--help", "--version"})
        self.assertEqual(self.complete("sh"), {"show"})

    def test_options_are_those_of_the_help(self):
        for subcommand in SUBCOMMANDS:
            self.assertEqual(self.complete(subcommand, "--"), options_of(subcommand))
        for part in PARTS:
            self.assertEqual(self.complete(*part.split(), "--"), options_of(part))
        self.assertEqual(self.complete("table", ""), {"decode", "encode", "diff", "build", "--help"})

    def test_words_after_options(self):
        self.assertEqual(self.complete("show", "--color", ""), {"auto", "always", "never"})
        self.assertEqual(self.complete("rank", "--by", "read_"), {"read_latency", "read_bandwidth"})
        self.assertEqual(self.complete("rank", "--by", ""),
                         {"read_latency", "write_latency", "read_bandwidth", "write_bandwidth",
                          "capacity", "free"})
        self.assertEqual(self.complete("show", "--width", ""), set())

    def test_file_names(self):
        for name in ("a.json", "b.tar.gz", "c.svg", "d.txt"):
            (self.place / name).touch()
        (self.place / "folder").mkdir()
        self.assertEqual(self.complete("show", "--from", ""), {"a.json", "folder"})
        self.assertEqual(self.complete("show", "--root", ""), {"b.tar.gz", "folder"})
        self.assertEqual(self.complete("show", "--svg", ""), {"c.svg", "folder"})
        self.assertEqual(self.complete("capture", ""), {"b.tar.gz", "folder"})
        self.assertEqual(self.complete("capture", "--root", ""), {"folder"})


if __name__ == "__main__":
    unittest.main()
