// check/parts.hpp: what check() is made of, and how a part tells what it found.
//
//     void check_cups(const check_subject& subject, check_result& result) {
//         told cups(result, "cup-empty");               // it had what it needs
//         for (...) { cups.add("cup 3", [&] { return "There is nothing in it."; }); }
//     }
#pragma once

#include "check/finding.hpp"
#include "check/subject.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace hetmem::detail {

/// More findings of one check than this say nothing new: the rest is counted.
inline constexpr std::size_t findings_of_a_check = 16;

/// The findings of one check. Making one says that the check had what it needs.
class told {
public:
    /// `id` is one of all_checks().
    told(check_result& result, std::string_view id);
    told(const told&) = delete;
    told& operator=(const told&) = delete;
    /// Only now the finding that counts the others says how many they are.
    ~told();

    using text = std::function<std::string()>;
    /// What is found, with the check's usual severity. No text is asked for once there are enough.
    /// The finding, to be changed; null when it is only counted. Valid until the next one.
    finding* add(const text& about, const text& what);
    finding* add(std::string about, const text& what);

private:
    check_result& result_;
    const check_info& info_;
    std::size_t count_ = 0;
    std::size_t rest_ = 0; // where the finding stands that counts the others
};

// Each looks at its own, says what it could not look at, and takes part in no order: check() sorts.
void check_form(const check_subject& subject, check_result& result);
void check_hmat_domains(const check_subject& subject, check_result& result);
void check_figures(const check_subject& subject, check_result& result);
void check_initiators(const check_subject& subject, check_result& result);
void check_tiers(const check_subject& subject, check_result& result);
void check_side_caches(const check_subject& subject, check_result& result);
void check_distances(const check_subject& subject, check_result& result);
void check_affinity(const check_subject& subject, check_result& result);
void check_memory_map(const check_subject& subject, check_result& result);
void check_processors(const check_subject& subject, check_result& result);
void check_cxl_windows(const check_subject& subject, check_result& result);
void check_kernel(const check_subject& subject, check_result& result);
void check_seals(const check_subject& subject, check_result& result);
void check_measured(const check_subject& subject, check_result& result);
void check_override(const check_subject& subject, check_result& result);

} // namespace hetmem::detail
