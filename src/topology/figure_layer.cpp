#include "topology/figure_layer.hpp"

#include <algorithm>

namespace hetmem::detail {

namespace {

bool before(const figure_layer::cell& a, const figure_layer::cell& b) {
    return a.initiator != b.initiator ? a.initiator < b.initiator : a.target < b.target;
}

} // namespace

figure_layer::figure_layer(source from, quantity what, unsigned level, std::size_t initiators,
                           std::size_t targets, storage how)
    : from_(from), what_(what), level_(level), initiators_(initiators), targets_(targets),
      how_(how) {
    if (how_ == storage::dense) {
        dense_.assign(initiators_ * targets_, topology::unknown_value);
    }
}

void figure_layer::set(std::size_t initiator, std::size_t target, std::uint64_t value) {
    if (initiator >= initiators_ || target >= targets_) {
        return;
    }
    if (how_ == storage::dense) {
        dense_[initiator * targets_ + target] = value;
    } else {
        sparse_.push_back(
            {static_cast<std::uint32_t>(initiator), static_cast<std::uint32_t>(target), value});
    }
}

void figure_layer::finish() {
    // The last word on a pair wins, as with a later structure of a table.
    std::stable_sort(sparse_.begin(), sparse_.end(), before);
    auto keep = sparse_.begin();
    for (auto it = sparse_.begin(); it != sparse_.end(); ++it) {
        if (keep != sparse_.begin() && !before(*(keep - 1), *it)) {
            *(keep - 1) = *it;
        } else {
            *keep++ = *it;
        }
    }
    sparse_.erase(keep, sparse_.end());
    std::erase_if(sparse_, [](const cell& c) { return c.value == topology::unknown_value; });
}

std::uint64_t figure_layer::at(std::size_t initiator, std::size_t target) const {
    if (initiator >= initiators_ || target >= targets_) {
        return topology::unknown_value;
    }
    if (how_ == storage::dense) {
        return dense_[initiator * targets_ + target];
    }
    const cell wanted{static_cast<std::uint32_t>(initiator), static_cast<std::uint32_t>(target), 0};
    const auto it = std::lower_bound(sparse_.begin(), sparse_.end(), wanted, before);
    return it != sparse_.end() && !before(wanted, *it) ? it->value : topology::unknown_value;
}

void figure_layer::row(std::size_t initiator, std::span<std::uint64_t> values) const {
    const std::size_t n = std::min(values.size(), targets_);
    std::fill(values.begin(), values.end(), topology::unknown_value);
    if (initiator >= initiators_) {
        return;
    }
    if (how_ == storage::dense) {
        std::copy_n(dense_.begin() + static_cast<std::ptrdiff_t>(initiator * targets_), n,
                    values.begin());
        return;
    }
    const cell first{static_cast<std::uint32_t>(initiator), 0, 0};
    for (auto it = std::lower_bound(sparse_.begin(), sparse_.end(), first, before);
         it != sparse_.end() && it->initiator == initiator && it->target < n; ++it) {
        values[it->target] = it->value;
    }
}

std::span<std::uint64_t> figure_layer::dense_row(std::size_t initiator) {
    return how_ == storage::dense && initiator < initiators_
               ? std::span(dense_).subspan(initiator * targets_, targets_)
               : std::span<std::uint64_t>{};
}

std::span<const std::uint64_t> figure_layer::stored_row(std::size_t initiator) const {
    return how_ == storage::dense && initiator < initiators_
               ? std::span(dense_).subspan(initiator * targets_, targets_)
               : std::span<const std::uint64_t>{};
}

bool figure_layer::empty() const {
    return sparse_.empty() && std::all_of(dense_.begin(), dense_.end(), [](std::uint64_t v) {
               return v == topology::unknown_value;
           });
}

} // namespace hetmem::detail
