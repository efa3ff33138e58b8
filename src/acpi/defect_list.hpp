// acpi/defect_list.hpp: collects the defects of one table (of use inside src/acpi only).
#pragma once

#include <acpi/decoded.hpp>

#include <hetmem/defect.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hetmem::acpi {

struct defect_text {
    std::string expected;
    std::string found;
    std::string linux_does{};
};

class defect_list {
public:
    explicit defect_list(std::string_view table) : table_(table) {}

    /// `text` is a function that gives a defect_text. It is not called once the list is full:
    /// millions of defects must not cost millions of formatted strings.
    template <class Text> void add(std::uint64_t offset, Text&& text) {
        if (defects_.size() < max_defects) {
            defect_text t = std::forward<Text>(text)();
            defects_.push_back({std::string(table_), offset, std::move(t.expected),
                                std::move(t.found), std::move(t.linux_does)});
            return;
        }
        if (omitted_++ == 0) {
            first_omitted_ = offset;
        }
    }

    std::vector<defect> take() &&;

private:
    std::string_view table_; // a literal
    std::vector<defect> defects_;
    std::uint64_t first_omitted_ = 0;
    std::size_t omitted_ = 0;
};

} // namespace hetmem::acpi
