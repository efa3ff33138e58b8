#include "tests/vm/programs/seccomp.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

namespace vm {
namespace {

std::vector<long> forbidden(std::string_view name) {
    std::vector<long> calls{SYS_move_pages, SYS_migrate_pages};
    if (name == "nice") {
        return calls;
    }
    if (name == "container") {
        calls.insert(calls.end(), {SYS_mbind, SYS_set_mempolicy, SYS_get_mempolicy,
                                   SYS_set_mempolicy_home_node});
        return calls;
    }
    throw std::invalid_argument("no filter is called " + std::string(name));
}

sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter answer(std::uint32_t value) {
    return BPF_STMT(BPF_RET | BPF_K, value);
}

} // namespace

void install_container_filter(std::string_view name) {
    std::vector<sock_filter> program;
    program.push_back(load(offsetof(seccomp_data, arch)));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
    program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
    program.push_back(load(offsetof(seccomp_data, nr)));
    for (const long call : forbidden(name)) {
        program.push_back(
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
        program.push_back(answer(SECCOMP_RET_ERRNO | EPERM));
    }
    program.push_back(answer(SECCOMP_RET_ALLOW));
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        throw std::system_error(errno, std::generic_category(), "seccomp");
    }
}

} // namespace vm
