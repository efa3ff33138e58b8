"""hetmem override: what it writes, what it refuses, what it installs and takes away again."""

import fcntl
import json
import os
import shutil
import struct
import subprocess
import time
import unittest
from pathlib import Path

import command
import firmware
import machines
from command import HETMEM, SOURCE, hetmem

KERNELS = Path(os.environ.get("HETMEM_VM_CACHE") or SOURCE / ".cache" / "vm")


def hmat(nanoseconds=250, oem_id=b"MADEUP", revision=1) -> bytes:
    made = firmware.hmat(firmware.localities(firmware.READ_LATENCY, [0, 1], [0, 1, 4, 5], 1000,
                                             [[100, 180, nanoseconds, 210], [181, 101, 211, 121]]))
    made = made[:10] + oem_id + made[16:24] + struct.pack("<I", revision) + made[28:]
    made = made[:9] + b"\0" + made[10:]
    return made[:9] + bytes([-sum(made) % 256]) + made[10:]


def header(table: bytes):
    oem_id, oem_table_id, revision = struct.unpack_from("<6s8sI", table, 10)
    return oem_id, oem_table_id, revision


def members(archive: bytes):
    """name -> (mode, owner, content), read by hand from cpio(5); None at the first other byte."""
    found, at = {}, 0
    while archive[at:at + 6] == b"070701" or archive[at:at + 4] == bytes(4) != b"":
        if archive[at] == 0:
            at += 4
            continue
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, uid, gid, size, name_size = (fields[i] for i in (1, 2, 3, 6, 11))
        name = archive[at + 110:at + 109 + name_size].decode()
        data = (at + 110 + name_size + 3) // 4 * 4
        if name != "TRAILER!!!":
            found[name] = (mode, (uid, gid), archive[data:data + size])
        at = (data + size + 3) // 4 * 4
    return found


def snapshot(root: Path):
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
            for path in sorted(root.rglob("*"))}


class OverrideCase(command.TestCase):
    def setUp(self):
        super().setUp()
        self.root = self.place / "machine"
        self.machine = machines.two_sockets(self.root)
        self.new = self.place / "new.hmat"
        self.new.write_bytes(hmat(oem_id=b"FOREIG"))
        self.archive = self.place / "tables.cpio"

    def override(self, *words, code=0):
        done = hetmem("override", "--root", self.root, *words, check=False)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done

    def written(self, *words):
        self.override(*words, "-o", self.archive)
        return members(self.archive.read_bytes())


class TheArchive(OverrideCase):
    def test_holds_the_table_as_linux_wants_it(self):
        found = self.written("--hmat", self.new)
        mode, owner, table = found["kernel/firmware/acpi/HMAT.aml"]
        self.assertEqual((mode, owner), (0o100644, (0, 0)))
        self.assertEqual(header(table), (b"MADEUP", b"HETMEM  ", 2))
        self.assertEqual(sum(table) % 256, 0)
        given = self.new.read_bytes()
        self.assertEqual((len(table), table[36:]), (len(given), given[36:]))
        self.assertEqual(self.archive.stat().st_mode & 0o777, 0o600)
        self.assertEqual(len(self.archive.read_bytes()) % 512, 0)

    def test_is_the_same_each_time(self):
        self.written("--hmat", self.new)
        first = self.archive.read_bytes()
        self.written("--hmat", self.new)
        self.assertEqual(self.archive.read_bytes(), first)

    @unittest.skipUnless(shutil.which("cpio"), "cpio is not installed")
    def test_is_read_by_cpio(self):
        self.written("--hmat", self.new)
        listed = subprocess.run(["cpio", "-tv", "--quiet"], input=self.archive.read_bytes(),
                                capture_output=True, check=True)
        self.assertIn(b"kernel/firmware/acpi/HMAT.aml", listed.stdout)
        self.assertEqual(listed.stderr, b"")

    def test_takes_the_json_of_a_table(self):
        text = self.place / "new.json"
        text.write_text(hetmem("table", "decode", "--json", self.new).stdout)
        self.assertEqual(self.written("--hmat", text), self.written("--hmat", self.new))

    def test_takes_several_tables(self):
        distances = self.place / "new.slit"
        far = [[10 if a == b else 20 for a in range(6)] for b in range(6)]
        distances.write_bytes(firmware.slit(far))
        found = self.written("--hmat", self.new, "--slit", distances)
        files = [name for name in found if name.endswith(".aml")]
        self.assertEqual(files, ["kernel/firmware/acpi/HMAT.aml", "kernel/firmware/acpi/SLIT.aml"])

    def test_holds_what_is_built_of_given_figures(self):
        figures = {"format": "hetmem-figures", "version": 1, "given": [
            {"initiator": "node0", "target": "node2", "read_latency": "333 ns", "origin": "a book"}]}
        self.machine.write("var/lib/hetmem/figures.json", json.dumps(figures))
        table = self.written("--build")["kernel/firmware/acpi/HMAT.aml"][2]
        built = self.place / "built.hmat"
        built.write_bytes(table)
        in_force = self.root / "sys/firmware/acpi/tables/HMAT"
        told = hetmem("table", "diff", in_force, built, check=False).stdout
        self.assertIn("333 ns", told)
        self.assertEqual(header(table)[2], 2)

    def test_says_what_it_changed(self):
        done = self.override("--hmat", self.new, "-o", self.archive)
        self.assertIn('OEM ID and OEM table ID are "FOREIG" "HETMEM"', done.stderr)
        self.assertIn("the table in force has 1, and it gets 2", done.stderr)
        self.assertIn(f"Written: {self.archive}\n", done.stderr)


class Refused(OverrideCase):
    def refused(self, *words):
        done = self.override(*words, "-o", self.archive, code=1)
        self.assertFalse(self.archive.exists())
        self.assertIn("refused: ", done.stderr)
        return done.stderr

    def test_is_what_linux_would_drop(self):
        self.new.write_bytes(firmware.hmat(firmware.proximity(77)))
        self.assertIn("would not use the HMAT", self.refused("--hmat", self.new))

    def test_for_the_faults_of_the_tables_that_are_given_only(self):
        (self.root / "sys/firmware/acpi/tables/HMAT").unlink()
        self.new.write_bytes(firmware.slit([[10, 5], [5, 10]]))
        said = self.refused("--slit", self.new)
        self.assertIn("would not use the SLIT", said)
        self.assertNotIn("HMAT", said)

    def test_are_foreign_ids_when_nothing_may_be_changed(self):
        self.assertIn("further table", self.refused("--hmat", self.new, "--keep-oem"))

    def test_is_the_highest_revision(self):
        self.machine.tables(HMAT=hmat(revision=0xFFFFFFFF))
        self.assertIn("highest OEM revision", self.refused("--hmat", self.new))

    def test_is_a_srat_without_its_own_word(self):
        table = self.root / "sys/firmware/acpi/tables/SRAT"
        self.assertIn("--allow-srat", self.refused("--srat", table))
        self.assertIn("memory map", self.refused("--srat", table, "--allow-srat"))
        self.override("--srat", table, "--allow-srat", "--force", "-o", self.archive)

    def test_is_a_kernel_of_no_known_form(self):
        self.assertIn("no version", self.fails("override", "--root", self.root, "--hmat", self.new,
                                               "--kernel", "foo", "-o", self.archive, code=2))

    def test_is_any_table_under_lockdown_where_linux_ignores_it(self):
        self.machine.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        said = self.refused("--hmat", self.new, "--kernel", "6.1.0-32-amd64")
        self.assertIn("locked down (integrity)", said)
        self.override("--hmat", self.new, "--kernel", "6.1.0-32-amd64", "--force", "-o", self.archive)
        self.override("--hmat", self.new, "--kernel", "6.12.9", "-o", self.archive)

    def test_is_what_is_no_table(self):
        self.new.write_bytes(b"nonsense")
        done = self.override("--hmat", self.new, "-o", self.archive, code=1)
        self.assertIn(str(self.new), done.stderr)


class Installed(OverrideCase):
    """Below another root, where no command is run."""

    def setUp(self):
        super().setUp()
        for path in ("usr/sbin/update-initramfs", "boot/vmlinuz-6.12.9", "boot/initrd.img-6.12.9"):
            self.machine.write(path, "\x1f\x8b")
        self.machine.write("usr/share/initramfs-tools/hook-functions", "prepend_earlyinitramfs() {\n")
        for path in ("etc/initramfs-tools/hooks", "var/lib"):
            (self.root / path).mkdir(parents=True)
        self.before = snapshot(self.root)

    def status(self, code):
        return json.loads(self.override("--status", "--json", code=code).stdout)

    def test_nothing_unless_somebody_says_yes(self):
        done = self.override("--hmat", self.new, "--install", code=1)
        self.assertIn("write /etc/initramfs-tools/hooks/hetmem-override", done.stdout)
        self.assertIn("--yes is needed", done.stderr)
        self.assertEqual(snapshot(self.root), self.before)

    def test_and_removed_again(self):
        self.assertEqual(self.status(0),
                         {"format": "hetmem-override", "version": 1, "state": "none"})
        done = self.override("--hmat", self.new, "--install", "--yes")
        self.assertIn("not run, since this is not the running machine: update-initramfs", done.stdout)
        self.assertIn("left to run on that machine, as root:\n  update-initramfs -u -k all\n",
                      done.stdout)
        self.assertNotIn("Done", done.stdout)
        self.assertEqual(done.stdout.count("tables/HMAT.aml"), 1)
        hook = self.root / "etc/initramfs-tools/hooks/hetmem-override"
        self.assertTrue(os.access(hook, os.X_OK))
        kept = self.root / "var/lib/hetmem/override"
        self.assertEqual((kept / "original/HMAT").read_bytes(),
                         (self.root / "sys/firmware/acpi/tables/HMAT").read_bytes())
        self.assertEqual(members((kept / "tables.cpio").read_bytes())
                         ["kernel/firmware/acpi/HMAT.aml"][2], (kept / "tables/HMAT.aml").read_bytes())
        state = self.status(1)
        self.assertEqual(state["state"], "not in force")
        self.assertEqual((state["format"], state["version"]), ("hetmem-override", 1))
        self.assertIn("does not hold the HMAT", state["why"][0])
        self.machine.tables(HMAT=(kept / "tables/HMAT.aml").read_bytes())
        self.assertEqual(self.status(0)["state"], "in force")
        self.assertIn("Override: in force", self.override("--status").stdout)
        self.machine.tables(HMAT=(kept / "original/HMAT").read_bytes())
        self.override("--remove", "--yes")
        self.assertEqual(snapshot(self.root), self.before)
        self.assertIn("No override", self.override("--remove", "--yes").stdout)

    def test_and_removed_from_a_rescue_system(self):
        self.override("--hmat", self.new, "--install", "--yes")
        tables = (self.root / "var/lib/hetmem/override/tables.cpio").read_bytes()
        initrd = self.root / "boot/initrd.img-6.12.9"
        initrd.write_bytes(tables + initrd.read_bytes())  # as the machine itself made it
        done = self.override("--remove", "--yes")
        self.assertIn("move /boot/initrd.img-6.12.9.without-hetmem to /boot/initrd.img-6.12.9\n",
                      done.stdout)
        self.assertEqual(snapshot(self.root), self.before)

    def test_or_not_at_all_when_nobody_reads_on(self):
        page, left = 4096, 700  # it waits for a reader in the midst of the steps
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, page)
        os.write(writer, bytes(page - left))
        with subprocess.Popen([HETMEM, "override", "--root", self.root, "--hmat", self.new, "--install",
                               "--yes"], stdout=writer, stderr=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, env=command.environment()) as running:
            os.close(writer)
            while running.poll() is None and not (self.root / "var/lib/hetmem/override").exists():
                time.sleep(0.01)
            os.close(reader)
            said = running.communicate()[1]
        self.assertEqual(running.returncode, 1, said)
        self.assertIn("what was done before it was undone", said)
        self.assertEqual(snapshot(self.root), self.before)

    def test_for_another_firmware_or_machine_is_told(self):
        self.machine.write("sys/class/dmi/id/bios_version", "1.0\n")
        self.machine.write("sys/class/dmi/id/modalias", "dmi:bvr1.0:pnBox:\n")
        self.override("--hmat", self.new, "--install", "--yes")
        self.assertEqual((self.status(1)["stale"], self.status(1)["other_machine"]), ("", ""))
        self.machine.write("sys/class/dmi/id/bios_version", "2.0\n")
        self.assertIn("2.0", self.status(1)["stale"])
        self.machine.write("sys/class/dmi/id/modalias", "dmi:bvr1.0:pnOther:\n")
        self.assertIn("pnOther", self.status(1)["other_machine"])

    def test_a_damaged_record_is_named(self):
        self.machine.write("var/lib/hetmem/override/override.json", '{"hetmem_override": 1}\n')
        done = self.override("--status", code=1)
        self.assertIn("override.json: time: expected", done.stderr)

    def test_needs_a_program_that_makes_initrds(self):
        (self.root / "usr/sbin/update-initramfs").unlink()
        done = self.override("--hmat", self.new, "--install", "--yes", code=1)
        self.assertIn("neither initramfs-tools nor dracut is installed", done.stderr)
        self.assertTrue(done.stderr.endswith("before the initrd\n"), done.stderr)


# The whole machine once more, in a mount namespace of its own: whatever is changed there is gone with
# it. The program that is tested changes /boot, /etc and /var and runs the real makers of initrds.
IN_A_COPY = r"""
set -e
mount -t tmpfs none "$WORK"
mkdir "$WORK/up" "$WORK/work" "$WORK/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/up,workdir=$WORK/work" "$WORK/root"
root=$WORK/root
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir -p "$root/boot" "$root/lib/modules/$RELEASE" "$root/var/lib"
rm -rf "$root/var/lib/hetmem" "$root"/boot/*
mount --bind "$MACHINE/sys" "$root/sys"
cp "$KERNEL/boot/vmlinuz-$RELEASE" "$KERNEL/boot/config-$RELEASE" "$root/boot/"
cp "$KERNEL/lib/modules/$RELEASE"/modules.* "$root/lib/modules/$RELEASE/"
chroot "$root" depmod "$RELEASE"
cp "$NEW" "$root/new.hmat"
cp "$BINARY" "$root/hetmem"
sh -e "$PREPARE" "$root"
cp "$root/boot/initrd.img-$RELEASE" "$OUT/before"
chroot "$root" /hetmem override --hmat /new.hmat --install --yes $WITH
cp "$root/boot/initrd.img-$RELEASE" "$OUT/with"
cp "$root/boot/initrd.img-$RELEASE.without-hetmem" "$OUT/kept"
cp "$root/var/lib/hetmem/override/tables/HMAT.aml" "$OUT/table"
chroot "$root" /hetmem override --remove --yes
cp "$root/boot/initrd.img-$RELEASE" "$OUT/after"
ls "$root/boot" >"$OUT/boot"
"""

INITRAMFS_TOOLS = r"""
root=$1
sed -i s/^MODULES=.*/MODULES=list/ "$root/etc/initramfs-tools/initramfs.conf"
if [ ! -e "$root/usr/sbin/update-initramfs" ]; then
    # Debian's package initramfs-tools-core has the maker, and not this wrapper of it.
    cat >"$root/usr/sbin/update-initramfs" <<'END'
#!/bin/sh
set -e
for kernel in /boot/vmlinuz-*; do
    release=${kernel#/boot/vmlinuz-}
    mkinitramfs -o /boot/initrd.img-$release.new $release
    mv /boot/initrd.img-$release.new /boot/initrd.img-$release
done
END
    chmod 755 "$root/usr/sbin/update-initramfs"
fi
chroot "$root" update-initramfs -u -k all
"""

DRACUT = r"""
root=$1
mkdir -p "$root/etc/dracut.conf.d"
echo 'dracutmodules="base" no_kernel="yes" hostonly="no"' >"$root/etc/dracut.conf.d/10-small.conf"
chroot "$root" dracut --regenerate-all --force
"""


class RealMakers(OverrideCase):
    def setUp(self):
        super().setUp()
        self.kernel = KERNELS / "6.12"
        if os.geteuid() != 0:
            self.skipTest("only root can make a mount namespace")
        if not (self.kernel / "release").exists():
            self.skipTest("no kernel was fetched (tests/vm/fetch-kernels)")
        probe = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"],
                               capture_output=True, check=False)
        if probe.returncode != 0:
            self.skipTest("mounts are not allowed here")

    def run_in_a_copy(self, prepare, maker):
        release = (self.kernel / "release").read_text().strip()
        work, out = self.place / "work", self.place / "out"
        work.mkdir()
        out.mkdir()
        (self.place / "prepare").write_text(prepare)
        place = {"WORK": work, "OUT": out, "RELEASE": release, "KERNEL": self.kernel,
                 "MACHINE": self.root, "NEW": self.new, "BINARY": shutil.which(HETMEM),
                 "PREPARE": self.place / "prepare", "WITH": f"--with {maker}"}
        done = subprocess.run(["unshare", "-m", "bash", "-c", IN_A_COPY], capture_output=True,
                              text=True, check=False, stdin=subprocess.DEVNULL,
                              env=command.environment(**{k: str(v) for k, v in place.items()}))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        table = (out / "table").read_bytes()
        self.assertEqual(members((out / "with").read_bytes())
                         ["kernel/firmware/acpi/HMAT.aml"][2], table)
        for name in ("before", "kept", "after"):
            self.assertNotIn("kernel/firmware/acpi/HMAT.aml", members((out / name).read_bytes()))
        self.assertEqual((out / "kept").read_bytes(), (out / "before").read_bytes())
        left = (out / "boot").read_text().split()
        self.assertEqual([name for name in left if "hetmem" in name], [])

    @unittest.skipUnless(shutil.which("mkinitramfs"), "initramfs-tools is not installed")
    def test_initramfs_tools_makes_the_table_part_of_the_initrd(self):
        self.run_in_a_copy(INITRAMFS_TOOLS, "initramfs-tools")

    @unittest.skipUnless(shutil.which("dracut"), "dracut is not installed")
    def test_dracut_makes_the_table_part_of_the_initrd(self):
        self.run_in_a_copy(DRACUT, "dracut")


class Usage(command.TestCase):
    def test_asks_for_a_table_and_a_place(self):
        for words in (["-o", "x"], ["--install"], ["--hmat", "x"], ["--status", "--hmat", "x"],
                      ["--install", "--remove"], ["--hmat", "x", "--build", "-o", "y"], []):
            self.fails("override", *words, code=2)

    def test_help_fits_a_terminal(self):
        text = hetmem("override", "--help").stdout
        self.assertNotIn("TEXT", text)
        for line in text.split("\n"):
            self.assertLessEqual(len(line), 80, line)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_only_root_installs(self):
        done = hetmem("override", "--remove", check=False, user=65534)
        self.assertEqual(done.returncode, 1)
        self.assertIn("only root", done.stderr)


if __name__ == "__main__":
    unittest.main()
