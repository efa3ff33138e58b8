#include "c/barrier.hpp"
#include "c/handles.hpp"
#include "c/sized.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

using namespace hetmem::c;

extern "C" {

int hetmem_where(const void* start, size_t length, hetmem_residency** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::where(start, length));
    });
}

int hetmem_where_process(int pid, hetmem_residency** out) {
    return guarded([&] {
        need(out, "out");
        hand_out(out, hetmem::where_process(pid));
    });
}

int hetmem_target_of(const void* address, char* name, size_t size) {
    return guarded([&] {
        need(name, "name");
        const auto found = hetmem::target_of(address);
        if (!found) {
            throw hetmem::error(ENODATA, "no page is there yet");
        }
        if (found->size() >= size) {
            throw hetmem::error(ERANGE, "'" + *found + "' does not fit");
        }
        std::memcpy(name, found->c_str(), found->size() + 1);
    });
}

uint64_t hetmem_residency_on_node(const hetmem_residency* where, int node) {
    return where == nullptr ? 0 : where->value.on_node(node).bytes();
}

uint64_t hetmem_residency_on(const hetmem_residency* where, const char* target) {
    return where == nullptr || target == nullptr ? 0 : where->value.on(target).bytes();
}

uint64_t hetmem_residency_present(const hetmem_residency* where) {
    return where == nullptr ? 0 : where->value.present().bytes();
}

uint64_t hetmem_residency_absent(const hetmem_residency* where) {
    return where == nullptr ? 0 : where->value.absent.bytes();
}

uint64_t hetmem_residency_unknown(const hetmem_residency* where) {
    return where == nullptr ? 0 : where->value.unknown.bytes();
}

size_t hetmem_residency_count(const hetmem_residency* where) {
    return where == nullptr ? 0 : where->value.shares.size();
}

int hetmem_residency_get(const hetmem_residency* where, size_t share, hetmem_share* out) {
    return guarded([&] {
        const auto& shares = need(where, "where").value.shares;
        if (share >= shares.size()) {
            throw hetmem::no_such_target("no share " + std::to_string(share) + ": there are " +
                                         std::to_string(shares.size()));
        }
        hetmem_share told{};
        told.target = shares[share].target.c_str();
        told.node = shares[share].node;
        told.bytes = shares[share].bytes.bytes();
        answer(out, told, "share");
    });
}

void hetmem_residency_free(hetmem_residency* where) {
    const std::unique_ptr<hetmem_residency> owned(where);
}

} // extern "C"
