// src/tool/commands.hpp: the subcommands, a file each. They write to standard output and throw
// hetmem::error for whatever keeps them from their purpose.
#pragma once

#include "tool/arguments.hpp"

namespace hetmem::tool {

void show(const show_arguments& asked);
void rank(const rank_arguments& asked);
void capture(const capture_arguments& asked);
void where(const where_arguments& asked);
void move(const move_arguments& asked);
void watch(const watch_arguments& asked);
/// The exit status, where a running hetmemd answered. Otherwise one takes the place of this
/// process.
int adopt(const adopt_arguments& asked);
/// The exit status: that of the command where it had to be waited for. Otherwise the command takes
/// the place of this process.
int run_command(const run_arguments& asked);
// The exit status of each.
int table(const table_arguments& asked);
int check(const check_arguments& asked);
int measure(const measure_arguments& asked);
int override(const override_arguments& asked);
int report(const report_arguments& asked);

} // namespace hetmem::tool
