#include "publish/figures.hpp"

#include <algorithm>

namespace hetmem::detail {

row_reader::row_reader(const topology& machine) : machine_(&machine) {
    for (const quantity what : all_quantities) {
        sources_[index_of(what)] = machine.sources_of(what);
    }
    row_.values.resize(machine.targets().size());
    row_.from.resize(machine.targets().size());
    weaker_.resize(machine.targets().size());
}

const merged_row& row_reader::read(quantity what, initiator_id from) {
    const std::vector<source>& sources = sources_[index_of(what)];
    if (sources.empty()) {
        std::fill(row_.values.begin(), row_.values.end(), topology::unknown_value);
        return row_;
    }
    machine_->row(sources.front(), what, from, row_.values);
    std::fill(row_.from.begin(), row_.from.end(), sources.front());
    for (std::size_t s = 1; s < sources.size(); ++s) {
        machine_->row(sources[s], what, from, weaker_);
        for (std::size_t t = 0; t < weaker_.size(); ++t) {
            if (row_.values[t] == topology::unknown_value) {
                row_.values[t] = weaker_[t];
                row_.from[t] = sources[s];
            }
        }
    }
    return row_;
}

} // namespace hetmem::detail
