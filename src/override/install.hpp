// override/install.hpp: tables become part of every initrd, and are taken out again.
//
//     const installation plan = plan_install(judged, {.run = run_program}, machine);
//     for (const step& s : plan.steps) { print(s.what); }
//     run_steps(plan.steps);
//
// Nothing is done by planning. The order of the steps: what is kept (firmware's own tables, initrds
// as they are) before what changes; then the record, by which everything can be taken away again;
// then the tables; the initrds are made anew, and looked at whether they hold the tables; the boot
// menu comes last.
#pragma once

#include "check/override_record.hpp"
#include "kernel/rooted.hpp"
#include "override/offer.hpp"
#include "override/steps.hpp"

#include <functional>
#include <string>
#include <vector>

namespace hetmem::detail {

struct install_options {
    std::string maker; ///< see find_initrd_maker()
    std::string time;  ///< of the record, "2026-11-23T08:00:00Z"
    /// Runs a program of the machine to its end; throws when it fails. Empty: no program is run,
    /// and nothing that one would have made is looked at.
    std::function<void(const std::vector<std::string>&)> run;
};

struct installation {
    std::vector<step> steps;
    std::vector<std::string> remarks;
    override_record record;
};

/// Replaces what was installed before, whose saved tables of the firmware stay. Throws
/// hetmem::error: no program that makes initrds, no room.
installation plan_install(const offer& judged, const install_options& options,
                          const kernel::rooted_reader& machine);

/// Everything as it was before the first installation; initrds are made anew. Where no program is
/// run, the copies that were kept take their places; the record stays as long as an initrd has the
/// tables and there is no copy of it.
installation plan_remove(const override_record& record, const install_options& options,
                         const kernel::rooted_reader& machine);

} // namespace hetmem::detail
