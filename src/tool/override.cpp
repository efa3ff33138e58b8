// hetmem override: tables for the kernel to take at boot.
#include "kernel/early_tables.hpp"
#include "kernel/file.hpp"
#include "kernel/rooted.hpp"
#include "override/offer.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"
#include "tool/override_install.hpp"
#include "tool/table_build.hpp"
#include "tool/table_input.hpp"
#include "tool/terminal.hpp"

#include <acpi/hmat.hpp>

#include <hetmem/error.hpp>

#include <string>
#include <utility>

namespace hetmem::tool {

namespace {

using detail::offer;
using detail::offered_table;
using detail::offered_tables;

offered_table read_offered(const std::string& signature, const std::string& file) {
    return {signature, file, read_table(file, signature).bytes};
}

offered_table build_offered(const override_arguments& asked) {
    table_arguments build;
    build.root = asked.root;
    const detail::built_hmat built = built_for(build);
    for (const std::string& change : built.changes) {
        complain(change);
    }
    for (const std::string& remark : built.remarks) {
        complain(remark);
    }
    return {"HMAT", "the HMAT that was built", acpi::encode(built.table)};
}

offered_tables offered(const override_arguments& asked) {
    offered_tables wanted;
    wanted.kernel = asked.kernel;
    wanted.keep_oem = asked.keep_oem;
    wanted.allow_srat = asked.allow_srat;
    wanted.force = asked.force;
    wanted.installing = asked.wanted == override_arguments::act::install;
    if (asked.build) {
        wanted.tables.push_back(build_offered(asked));
    }
    if (!asked.hmat.empty()) {
        wanted.tables.push_back(read_offered("HMAT", asked.hmat));
    }
    if (!asked.slit.empty()) {
        wanted.tables.push_back(read_offered("SLIT", asked.slit));
    }
    if (!asked.srat.empty()) {
        wanted.tables.push_back(read_offered("SRAT", asked.srat));
    }
    return wanted;
}

void write_archive(const std::string& file, const std::string& archive) {
    if (file == "-") {
        if (output_is_terminal()) {
            throw error(std::errc::invalid_argument, "an archive is nothing for a terminal");
        }
        write_output(archive);
        return;
    }
    kernel::new_file out(file);
    out.keep_to_owner(); // a SRAT tells physical addresses
    out.write(archive);
    out.commit();
    complain("Written: " + file);
}

} // namespace

int override(const override_arguments& asked) {
    constexpr int failed = 1;
    const kernel::rooted_reader machine(asked.root);
    if (asked.wanted == override_arguments::act::status) {
        return override_status(asked, machine);
    }
    if (asked.wanted == override_arguments::act::remove) {
        return remove_override(asked, machine);
    }
    const offer judged = detail::judge_offer(offered(asked), machine);
    for (const std::string& remark : judged.remarks) {
        complain(remark);
    }
    for (const std::string& why : judged.refused) {
        complain("refused: " + why);
    }
    if (!judged.refused.empty()) {
        return failed;
    }
    if (!asked.archive.empty()) {
        write_archive(asked.archive, kernel::make_early_archive(detail::early_tables(judged)));
    }
    return asked.wanted == override_arguments::act::install
               ? install_override(asked, judged, machine)
               : 0;
}

} // namespace hetmem::tool
