// kernel/calls.hpp: what the system calls tell of the calling thread.
#pragma once

#include <hetmem/id_set.hpp>

namespace hetmem::kernel {

/// The nodes that the thread's cpuset allows: Mems_allowed_list of /proc/thread-self/status.
/// Throws hetmem::error when /proc does not tell.
id_set thread_allowed_nodes();

/// The CPUs that the thread may run on: sched_getaffinity(2), for any number of CPUs.
/// Throws hetmem::error when the call fails.
id_set thread_allowed_cpus();

} // namespace hetmem::kernel
