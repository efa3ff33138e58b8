// The hetmem command: see help.hpp for what it tells its users.
#include "kernel/standard_files.hpp"
#include "tool/arguments.hpp"
#include "tool/commands.hpp"
#include "tool/output.hpp"

#include <hetmem/error.hpp>

#include <exception>
#include <string>
#include <type_traits>
#include <variant>

namespace {

using namespace hetmem;

void run(const tool::print_text& asked) {
    tool::write_output(asked.text);
}
void run(const tool::show_arguments& asked) {
    tool::show(asked);
}
void run(const tool::rank_arguments& asked) {
    tool::rank(asked);
}
void run(const tool::capture_arguments& asked) {
    tool::capture(asked);
}
void run(const tool::where_arguments& asked) {
    tool::where(asked);
}
void run(const tool::move_arguments& asked) {
    tool::move(asked);
}
void run(const tool::watch_arguments& asked) {
    tool::watch(asked);
}
int run(const tool::run_arguments& asked) {
    return tool::run_command(asked);
}
int run(const tool::adopt_arguments& asked) {
    return tool::adopt(asked);
}
int run(const tool::table_arguments& asked) {
    return tool::table(asked);
}
int run(const tool::check_arguments& asked) {
    return tool::check(asked);
}
int run(const tool::measure_arguments& asked) {
    return tool::measure(asked);
}
int run(const tool::override_arguments& asked) {
    return tool::override(asked);
}
int run(const tool::report_arguments& asked) {
    return tool::report(asked);
}

} // namespace

int main(int count, char** values) {
    constexpr int failed = 1;
    constexpr int misused = 2;
    kernel::occupy_standard_files();
    try {
        return std::visit(
            [](const auto& asked) {
                if constexpr (std::is_void_v<decltype(run(asked))>) {
                    run(asked);
                    return 0;
                } else {
                    return run(asked);
                }
            },
            tool::parse_arguments(count, values));
    } catch (const tool::usage_error& e) {
        tool::complain(e.what());
        return misused;
    } catch (const error& e) {
        tool::complain(e);
        return failed;
    } catch (const std::exception& e) {
        tool::complain(e.what());
        return failed;
    }
}
