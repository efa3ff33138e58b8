// preload/report.hpp: where the memory of this process is, told to `hetmem run --verify` at the
// end.
//
// A process that ends has no memory any more when its parent learns of it, so it tells itself, in
// one write to the pipe that HETMEM_MALLOC_REPORT names:
//
//     pid 1234
//     node 0 262144000 1048576        (bytes of the process there; of them placed by this malloc)
//     device /dev/dax0.0 4194304
//     end
#pragma once

#include "preload/placed_memory.hpp"
#include "preload/settings.hpp"

namespace hetmem::preload {

/// `placed` may be a null pointer. Nothing happens when the descriptor is no longer that pipe.
void report(const report_pipe& to, placed_memory* placed) noexcept;

} // namespace hetmem::preload
