#include "check/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace hetmem::detail {
namespace {

const check_info& known(std::string_view id) {
    const check_info* const info = find_check(id);
    if (info == nullptr) {
        throw std::logic_error(fmt::format("there is no check {}", id));
    }
    return *info;
}

} // namespace

told::told(check_result& result, std::string_view id) : result_(result), info_(known(id)) {
    if (std::ranges::find(result.ran, id) == result.ran.end()) {
        result.ran.emplace_back(id);
    }
}

told::~told() {
    if (count_ > findings_of_a_check) {
        fmt::format_to(std::back_inserter(result_.findings[rest_].what), "{} more of the same.",
                       count_ - findings_of_a_check); // it has room: nothing can be thrown
    }
}

finding* told::add(const text& about, const text& what) {
    ++count_;
    if (count_ <= findings_of_a_check) {
        result_.findings.push_back({std::string(info_.id), info_.usual, about(), what(), {}, {}});
        return &result_.findings.back();
    }
    if (count_ == findings_of_a_check + 1) {
        constexpr std::size_t enough = 64;
        rest_ = result_.findings.size();
        result_.findings.push_back({std::string(info_.id), info_.usual, "the rest", {}, {}, {}});
        result_.findings.back().what.reserve(enough);
    }
    return nullptr;
}

finding* told::add(std::string about, const text& what) {
    return add([&] { return std::move(about); }, what);
}

} // namespace hetmem::detail
