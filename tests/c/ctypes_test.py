"""The library as Python's ctypes loads it: into a running process, with threads.

HETMEM_LIBRARY names it; HETMEM_TEST_TARGET an ordinary memory (node0).
"""

import ctypes
import errno
import os
import threading
import unittest

LIBRARY = os.environ["HETMEM_LIBRARY"]
TARGET = os.environ.get("HETMEM_TEST_TARGET", "node0").encode()
MIB = 1 << 20


class TargetInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
        ("kind_reason", ctypes.c_char_p),
        ("reserved_reason", ctypes.c_char_p),
        ("kind", ctypes.c_int),
        ("state", ctypes.c_int),
        ("node", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("bytes", ctypes.c_uint64),
        ("free_bytes", ctypes.c_uint64),
    ]


class FirstTargetInfo(ctypes.Structure):
    """As a program would have it that knows the name only."""

    _fields_ = TargetInfo._fields_[:2]


class PoolStatistics(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t)] + [
        (name, ctypes.c_uint64)
        for name in ("in_use", "in_use_peak", "held", "held_peak", "allocations", "live")
    ]


def load():
    library = ctypes.CDLL(LIBRARY, use_errno=True)
    library.hetmem_error_text.restype = ctypes.c_char_p
    library.hetmem_target_count.restype = ctypes.c_size_t
    library.hetmem_region_data.restype = ctypes.c_void_p
    library.hetmem_region_size.restype = ctypes.c_size_t
    library.hetmem_residency_present.restype = ctypes.c_uint64
    library.hetmem_pool_allocate.restype = ctypes.c_void_p
    library.hetmem_pool_allocate.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    library.hetmem_region_create.argtypes = [
        ctypes.c_uint64,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.hetmem_pool_of.restype = ctypes.c_void_p
    for one in ("hetmem_free", "hetmem_pool_of", "hetmem_region_data", "hetmem_region_size",
                "hetmem_region_free", "hetmem_pool_destroy", "hetmem_placement_free",
                "hetmem_topology_free", "hetmem_target_count", "hetmem_residency_present",
                "hetmem_residency_free"):
        getattr(library, one).argtypes = [ctypes.c_void_p]
    return library


class Hetmem(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lib = load()
        cls.machine = ctypes.c_void_p()
        cls.where = ctypes.c_void_p()
        assert cls.lib.hetmem_discover(None, ctypes.byref(cls.machine)) == 0
        assert cls.lib.hetmem_placement_bind(cls.machine, TARGET, ctypes.byref(cls.where)) == 0, (
            cls.lib.hetmem_error_text())

    def check(self, result):
        self.assertEqual(result, 0, self.lib.hetmem_error_text())

    def pool(self):
        pool = ctypes.c_void_p()
        self.check(self.lib.hetmem_pool_create(self.where, None, ctypes.byref(pool)))
        return pool

    def test_targets_are_told(self):
        count = self.lib.hetmem_target_count(self.machine)
        names = []
        for number in range(count):
            info = TargetInfo(struct_size=ctypes.sizeof(TargetInfo))
            self.check(self.lib.hetmem_target_get(
                self.machine, ctypes.c_size_t(number), ctypes.byref(info)))
            names.append(info.name)
        self.assertIn(TARGET, names)

    def test_an_older_struct_is_filled_as_far_as_it_goes(self):
        info = FirstTargetInfo(struct_size=ctypes.sizeof(FirstTargetInfo))
        self.check(self.lib.hetmem_target_get(self.machine, ctypes.c_size_t(0), ctypes.byref(info)))
        self.assertTrue(info.name)

    def test_an_error_has_a_number_and_a_text(self):
        placement = ctypes.c_void_p()
        result = self.lib.hetmem_placement_bind(self.machine, b"nonsense", ctypes.byref(placement))
        self.assertEqual(result, -errno.ENXIO)
        self.assertIn(b"nonsense", self.lib.hetmem_error_text())
        self.assertFalse(placement)

    def test_a_region_is_where_it_was_asked_for(self):
        region, seen = ctypes.c_void_p(), ctypes.c_void_p()
        self.check(self.lib.hetmem_region_create(6 * MIB, self.where, None, ctypes.byref(region)))
        data, size = self.lib.hetmem_region_data(region), self.lib.hetmem_region_size(region)
        self.assertEqual(size, 6 * MIB)
        ctypes.memset(data, 5, size)
        self.check(self.lib.hetmem_region_where(region, ctypes.byref(seen)))
        self.assertEqual(self.lib.hetmem_residency_present(seen), size)
        self.lib.hetmem_residency_free(seen)
        self.lib.hetmem_region_free(region)

    def test_a_pool_works_from_threads_that_come_and_go(self):
        pool = self.pool()

        def use():
            for _ in range(200):
                objects = [self.lib.hetmem_pool_allocate(pool, n * 50) for n in range(1, 20)]
                for one in objects:
                    self.assertEqual(self.lib.hetmem_pool_of(one), pool.value)
                    self.lib.hetmem_free(one)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen = PoolStatistics(struct_size=ctypes.sizeof(PoolStatistics))
        self.check(self.lib.hetmem_pool_statistics_get(pool, ctypes.byref(seen)))
        self.assertEqual((seen.live, seen.in_use), (0, 0))
        self.assertEqual(seen.allocations, 8 * 200 * 19)
        self.lib.hetmem_pool_destroy(pool)

    def test_a_forked_child_goes_on(self):
        pool = self.pool()
        kept = self.lib.hetmem_pool_allocate(pool, 100)
        child = os.fork()
        if child == 0:
            more = self.lib.hetmem_pool_allocate(pool, 3 * MIB)
            self.lib.hetmem_free(kept)
            os._exit(0 if more else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.lib.hetmem_free(kept)
        self.lib.hetmem_pool_destroy(pool)


if __name__ == "__main__":
    unittest.main()
