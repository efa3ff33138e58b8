#include <acpi/defect_list.hpp>

#include <fmt/format.h>

namespace hetmem::acpi {

std::vector<defect> defect_list::take() && {
    if (omitted_ > 0) {
        defects_.push_back({std::string(table_), first_omitted_, "no further defects",
                            fmt::format("{} more", omitted_), ""});
    }
    return std::move(defects_);
}

} // namespace hetmem::acpi
