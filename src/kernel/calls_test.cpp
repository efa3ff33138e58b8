#include "kernel/calls.hpp"

#include "kernel/cpu.hpp"
#include "kernel/node.hpp"

#include <gtest/gtest.h>

#include <thread>

#include <sched.h>

namespace hetmem::kernel {
namespace {

TEST(calls, the_nodes_of_this_thread_have_memory) {
    const node_list nodes = read_nodes(rooted_reader("/"));
    const id_set allowed = thread_allowed_nodes();
    EXPECT_FALSE(allowed.empty());
    if (nodes.has_memory) {
        EXPECT_TRUE(allowed.intersects(*nodes.has_memory));
    }
}

TEST(calls, each_thread_is_asked_for_its_own_cpus) {
    const id_set before = thread_allowed_cpus();
    ASSERT_FALSE(before.empty());
    const unsigned one = before.to_vector().back();
    id_set inside;
    std::thread([&] {
        cpu_set_t only{};
        CPU_SET(one, &only);
        if (::sched_setaffinity(0, sizeof only, &only) == 0) {
            inside = thread_allowed_cpus();
        }
    }).join();
    EXPECT_EQ(inside.to_string(), std::to_string(one));
    EXPECT_EQ(thread_allowed_cpus(), before);
}

} // namespace
} // namespace hetmem::kernel
