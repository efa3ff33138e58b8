#include "tool/override_install.hpp"

#include "check/override_record.hpp"
#include "override/boot_entry.hpp"
#include "override/install.hpp"
#include "override/steps.hpp"
#include "tool/output.hpp"
#include "tool/outside_program.hpp"
#include "topology/utc_time.hpp"

#include <hetmem/error.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <exception>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace hetmem::tool {

namespace {

using detail::installation;
using detail::override_record;
using detail::override_state;
using detail::override_verdict;
using detail::step;

detail::install_options options_for(const override_arguments& asked,
                                    const kernel::rooted_reader& machine) {
    detail::install_options options{asked.method, detail::utc_now(), {}};
    if (machine.live()) {
        if (::geteuid() != 0) {
            throw not_permitted("only root changes what the machine starts with");
        }
        options.run = run_program;
    }
    return options;
}

void tell(const override_arguments& asked, const installation& plan) {
    std::string text;
    if (!asked.yes) { // else every step is told as it is done
        text += "What is going to be done:\n";
        for (const step& one : plan.steps) {
            text += fmt::format("  {}\n", one.what);
        }
    }
    for (const std::string& remark : plan.remarks) {
        text += fmt::format("Note: {}\n", remark);
    }
    write_output(text);
}

/// Whether it may be done: by --yes, or by somebody at the terminal.
bool confirmed(const override_arguments& asked) {
    if (asked.yes) {
        return true;
    }
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1) {
        complain("nothing was done: --yes is needed where nobody can be asked");
        return false;
    }
    write_output("Go on? [y/N] ");
    std::string answer;
    char c = 0;
    while (::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        answer += c;
    }
    return answer == "y" || answer == "Y" || answer == "yes";
}

/// While it lives, Ctrl-C ends the program that runs (which is a failure, and undone) and not this
/// one, which must undo it. So does who reads the output and goes: writing fails then.
class without_interruption {
public:
    without_interruption() {
        struct sigaction ignore {};
        ignore.sa_handler = SIG_IGN;
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], &ignore, &before_[i]);
        }
    }
    ~without_interruption() {
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], &before_[i], nullptr);
        }
    }
    without_interruption(const without_interruption&) = delete;
    without_interruption& operator=(const without_interruption&) = delete;

private:
    static constexpr std::array signals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    std::array<struct sigaction, signals.size()> before_{};
};

void carry_out(const installation& plan) {
    const without_interruption whole;
    try {
        detail::run_steps(plan.steps,
                          [](const step& one) { write_output(fmt::format("{}\n", one.what)); });
    } catch (const detail::undo_failed&) {
        throw;
    } catch (const std::exception&) {
        complain("a step failed, and what was done before it was undone");
        throw;
    }
}

/// What ends an installation or removal; `counts` is what the machine then starts with.
void tell_end(const installation& plan, const kernel::rooted_reader& machine,
              std::string_view counts) {
    std::string left;
    for (const step& one : plan.steps) {
        if (!one.left_to_run.empty()) {
            left += fmt::format("  {}\n", one.left_to_run);
        }
    }
    if (left.empty()) {
        write_output(fmt::format("Done: {} from the next start on.\n", counts));
        return;
    }
    write_output(fmt::format("The files below {} are written. This is left to run on that machine, "
                             "as root:\n{}After that {} from its next start on.\n",
                             machine.root().string(), left, counts));
}

nlohmann::ordered_json status_json() {
    return {{"format", "hetmem-override"}, {"version", 1}};
}

nlohmann::ordered_json as_json(const override_record& record, const override_verdict& verdict) {
    auto all = status_json();
    all.update(nlohmann::ordered_json::parse(detail::to_json(record)));
    all["state"] = to_string(verdict.is);
    all["why"] = verdict.why;
    all["stale"] = verdict.stale;
    all["other_machine"] = verdict.other_machine;
    all.erase("boot_id");
    all.erase("hetmem_override"); // of the file: "format" and "version" are said already
    return all;
}

std::string as_text(const override_record& record, const override_verdict& verdict) {
    std::string text = fmt::format("Override: {}\n", to_string(verdict.is));
    for (const detail::overridden_table& table : record.tables) {
        text += fmt::format(
            "  {}: OEM ID \"{}\", OEM table ID \"{}\", OEM revision {}, {} bytes; {}\n",
            table.signature, table.oem_id, table.oem_table_id, table.oem_revision, table.length,
            table.replaces ? fmt::format("replaces revision {}", *table.replaces)
                           : "the firmware had none");
    }
    text += fmt::format("  installed {} by {}, under Linux {}\n", record.time, record.method,
                        record.kernel);
    for (const std::string& why : verdict.why) {
        text += fmt::format("  {}\n", why);
    }
    for (const std::string& more : {verdict.stale, verdict.other_machine}) {
        if (!more.empty()) {
            text += fmt::format("  {}\n", more);
        }
    }
    return text;
}

} // namespace

int install_override(const override_arguments& asked, const detail::offer& judged,
                     const kernel::rooted_reader& machine) {
    const auto options = options_for(asked, machine);
    const installation plan = detail::plan_install(judged, options, machine);
    tell(asked, plan);
    if (!confirmed(asked)) {
        return 1;
    }
    carry_out(plan);
    tell_end(plan, machine, "the tables count");
    if (options.run && !detail::menu_goes_without(machine)) {
        complain("the boot menu has no entry that goes without them: " +
                 detail::way_without_menu());
    }
    return 0;
}

int remove_override(const override_arguments& asked, const kernel::rooted_reader& machine) {
    const auto options = options_for(asked, machine);
    const auto record = detail::read_override_record(machine);
    if (!record) {
        write_output("No override is installed.\n");
        return 0;
    }
    const installation plan = detail::plan_remove(*record, options, machine);
    tell(asked, plan);
    if (!confirmed(asked)) {
        return 1;
    }
    carry_out(plan);
    tell_end(plan, machine, "the firmware's tables count");
    return 0;
}

int override_status(const override_arguments& asked, const kernel::rooted_reader& machine) {
    const auto record = detail::read_override_record(machine);
    if (!record) {
        auto none = status_json();
        none["state"] = "none";
        write_output(asked.json ? none.dump(1) + "\n" : "Override: none is installed\n");
        return 0;
    }
    const override_verdict verdict = detail::judge_override(*record, machine);
    write_output(asked.json ? as_json(*record, verdict).dump(1) + "\n" : as_text(*record, verdict));
    return verdict.is == override_state::in_force ? 0 : 1;
}

} // namespace hetmem::tool
