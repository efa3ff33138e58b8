"""The layer check finds what it is there to find, and nothing else."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).with_name("layers")


class LayerCheck(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tree = pathlib.Path(self.folder.name)
        self.write("src/layers.txt", "# lowest first\nacpi library\nkernel library\ntopology library\n")
        self.write("include/hetmem/units.hpp", "#include <hetmem/export.hpp>\n#include <compare>\n")

    def write(self, path, text):
        file = self.tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run_check(self):
        return subprocess.run(
            [sys.executable, CHECK, self.tree], capture_output=True, text=True, check=False
        )

    def assert_accepted(self):
        result = self.run_check()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def assert_found(self, place):
        result = self.run_check()
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(place, result.stdout)
        self.assertIn("1 complaints", result.stdout)

    def test_downwards_and_public_headers_are_accepted(self):
        self.write("src/acpi/hmat.hpp", "#include <hetmem/units.hpp>\n#include <span>\n")
        self.write("src/topology/hmat.hpp", "")
        self.write(
            "src/topology/merge.cpp",
            '#include "acpi/hmat.hpp"\n#include "hmat.hpp"\n#include "topology/hmat.hpp"\n'
            "#include <kernel/node.hpp>\n#include <sys/stat.h>\n",
        )
        self.write("src/topology/merge_test.cpp", '#include "tests/support/tree.hpp"\n')
        self.assert_accepted()

    def test_upwards_is_found_with_its_line(self):
        self.write("src/kernel/node.cpp", '#include <span>\n\n#include "topology/state.hpp"\n')
        self.assert_found("src/kernel/node.cpp:3: topology/state.hpp")

    def test_upwards_in_angle_brackets_is_found(self):
        self.write("src/acpi/hmat.hpp", "#include <kernel/node.hpp>\n")
        self.assert_found("src/acpi/hmat.hpp:1")

    def test_upwards_from_a_test_is_found(self):
        self.write("src/acpi/hmat_test.cpp", '#include "topology/merge.hpp"\n')
        self.assert_found("src/acpi/hmat_test.cpp:1")

    def test_a_spaced_directive_is_found(self):
        self.write("src/acpi/hmat.hpp", '  #  include   "kernel/node.hpp"\n')
        self.assert_found("src/acpi/hmat.hpp:1")

    def test_a_way_round_by_dots_is_found(self):
        self.write("src/kernel/node.cpp", '#include "../topology/state.hpp"\n')
        self.assert_found("src/kernel/node.cpp:1")

    def test_a_public_header_that_includes_a_layer_is_found(self):
        self.write("include/hetmem/topology.hpp", '#include "topology/state.hpp"\n')
        self.assert_found("include/hetmem/topology.hpp:1")

    def test_a_layer_that_is_not_listed_is_found(self):
        self.write("src/sundries/x.cpp", "")
        self.assert_found("src/sundries is not in src/layers.txt")

    def test_input_and_output_in_the_codecs_is_found(self):
        self.write("src/acpi/hmat.cpp", "#include <fstream>\n")
        self.assert_found("src/acpi/hmat.cpp:1")

    def test_two_types_of_one_name_are_found(self):
        there = "namespace hetmem {\nnamespace kernel {\nstruct map {\n"
        self.write("src/kernel/a.hpp", there)
        self.write("src/kernel/b.cpp", there)
        self.write("src/kernel/c.cpp", "namespace hetmem {\nnamespace {\n\nstruct map {\n")
        self.write("src/kernel/d.cpp", "namespace hetmem::kernel {\nstruct other::map : base {\n")
        self.assert_found("src/kernel/b.cpp:3: hetmem::kernel::map is another type in src/kernel/a.hpp:3")

    def test_an_empty_tree_is_not_taken_for_a_good_one(self):
        (self.tree / "include/hetmem/units.hpp").unlink()
        self.assertEqual(self.run_check().returncode, 1)


if __name__ == "__main__":
    unittest.main()
