// hetmemd: see options.cpp for what it tells its users, service.hpp for what it does.
#include "daemon/evaluator.hpp"
#include "daemon/hmat_in_force.hpp"
#include "daemon/log.hpp"
#include "daemon/options.hpp"
#include "daemon/privileges.hpp"
#include "daemon/service.hpp"
#include "kernel/file.hpp"
#include "kernel/standard_files.hpp"
#include "publish/adopt_files.hpp"
#include "publish/run_directory.hpp"
#include "topology/adopted.hpp"
#include "topology/change_feed.hpp"
#include "topology/published.hpp"

#include "kernel/rooted.hpp"

#include <hetmem/error.hpp>
#include <hetmem/measured.hpp>

#include <exception>
#include <optional>
#include <variant>

#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace hetmem;
using daemon::options;

void check_user(const options& asked) {
    if (asked.run_directory == options().run_directory && ::geteuid() != 0) {
        throw not_permitted("only root publishes in " + asked.run_directory.string() +
                            " (--run-directory names another place)");
    }
}

detail::adopt_request request_of(const options& asked) {
    if (asked.wanted == options::wish::adopt) {
        return detail::request_to_adopt(asked.table);
    }
    detail::adopt_request request;
    request.wanted = asked.wanted == options::wish::firmware
                         ? detail::adopt_request::kind::firmware
                         : detail::adopt_request::kind::evaluate;
    return request;
}

int look_once(daemon::service& service, const options& asked) {
    if (asked.wanted == options::wish::none) {
        return service.look("start", daemon::evaluator::effort::if_changed) ? 0 : 1;
    }
    const detail::adopt_answer answer = service.serve(request_of(asked));
    kernel::write_all(answer.done ? STDOUT_FILENO : STDERR_FILENO, detail::to_text(answer));
    return answer.done ? 0 : 1;
}

int run(const options& asked) {
    check_user(asked);
    ::umask(S_IWGRP | S_IWOTH); // others shall be able to read, whoever starts this

    // What needs privileges comes first, in this order: the process for acpiexec must not inherit
    // the lock, and the events must be heard before the first look.
    kernel::rooted_reader machine(asked.root);
    if (machine.live()) {
        machine.keep_open("proc/iomem"); // shows addresses to who had CAP_SYS_ADMIN when opening it
    }
    daemon::evaluator hma(machine);
    detail::run_directory place(asked.run_directory);
    std::optional<detail::change_feed> feed;
    if (machine.live() && !asked.once) {
        feed.emplace(detail::feed_options{.published = {}, .stores = {machine_store()}});
    }
    daemon::drop_capabilities();

    const kernel::rooted_reader earlier(place.place());
    daemon::hmat_in_force hmat(
        hma, detail::read_adopted(earlier.open("current/adopted"), detail::boot_id(machine)));
    // Who wants something of the HMAT gets an answer that says it all.
    daemon::service service(machine, place, hmat, feed ? &*feed : nullptr,
                            asked.wanted == options::wish::none
                                ? daemon::service::voice::standard_error
                                : daemon::service::voice::silent);
    if (asked.once) {
        return look_once(service, asked);
    }
    service.run();
    return 0;
}

} // namespace

int main(int count, char** values) {
    constexpr int failed = 1;
    constexpr int misused = 2;
    kernel::occupy_standard_files();
    try {
        const auto asked = daemon::parse_options(count, values);
        if (const auto* const text = std::get_if<daemon::print_text>(&asked)) {
            return kernel::write_all(STDOUT_FILENO, text->text) == 0 ? 0 : failed;
        }
        return run(std::get<options>(asked));
    } catch (const daemon::usage_error& e) {
        daemon::say(e.what());
        return misused;
    } catch (const std::exception& e) {
        daemon::say(e.what());
        return failed;
    }
}
