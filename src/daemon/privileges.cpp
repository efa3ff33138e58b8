#include "daemon/privileges.hpp"

#include <hetmem/error.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::daemon {
namespace {

// capset(2) has no function of the C library, and two calls are no reason for libcap.
using capability_words = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

__user_cap_header_struct this_thread() {
    return {_LINUX_CAPABILITY_VERSION_3, 0};
}

capability_words capabilities() {
    __user_cap_header_struct header = this_thread();
    capability_words words{};
    if (::syscall(SYS_capget, &header, words.data()) != 0) {
        throw error(errno, "cannot ask for the capabilities");
    }
    return words;
}

int count_of(const capability_words& words) {
    int count = 0;
    for (const __user_cap_data_struct& word : words) {
        count += std::popcount(word.permitted | word.effective | word.inheritable);
    }
    return count;
}

/// For what is executed later; needs CAP_SETPCAP. Without it no_new_privs has to do.
void empty_bounding_set() {
    for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         ++capability) {
        ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
}

} // namespace

void drop_capabilities() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        throw error(errno, "cannot do without new privileges (PR_SET_NO_NEW_PRIVS)");
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    empty_bounding_set();
    __user_cap_header_struct header = this_thread();
    const capability_words none{};
    if (::syscall(SYS_capset, &header, none.data()) != 0) {
        throw error(errno, "cannot give up capabilities");
    }
    if (count_of(capabilities()) != 0) {
        throw error(EPERM, "capabilities remain after they were given up");
    }
}

std::string privileges_in_words() {
    const int count = count_of(capabilities());
    return count == 0 ? fmt::format("user {} without capabilities", ::geteuid())
                      : fmt::format("user {} with {} capabilities", ::geteuid(), count);
}

} // namespace hetmem::daemon
