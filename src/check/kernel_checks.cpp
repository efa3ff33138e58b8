// The kernel against the tables, and what it makes of its memories.
#include "check/kernel_checks.hpp"

#include "check/predict_subject.hpp"

#include "kernel/text.hpp"

#include <algorithm>

namespace hetmem::detail {

bool kernel_view::has_memory(int node) const {
    return nodes.has_memory && node >= 0 && nodes.has_memory->contains(static_cast<unsigned>(node));
}

kernel_view read_kernel_view(const check_subject& subject) {
    kernel_view view;
    view.version = version_of(subject);
    view.nodes = kernel::read_nodes(*subject.reader);
    view.blocks = kernel::read_memory_blocks(*subject.reader, view.nodes.nodes);
    view.tiers = kernel::read_tiers(*subject.reader, view.nodes, view.blocks);
    view.dax = kernel::read_dax_devices(*subject.reader);
    return view;
}

std::vector<std::string> options_against_tables(const kernel::rooted_reader& reader) {
    std::vector<std::string> against;
    const kernel::read_result line = reader.read("proc/cmdline");
    std::string_view words = line.text;
    for (std::string_view word = kernel::next_word(words); !word.empty();
         word = kernel::next_word(words)) {
        if (word == "acpi=off" || word == "numa=off" || word == "numa=noacpi" ||
            word == "numa=nohmat" || word.starts_with("numa=fake=")) {
            against.emplace_back(word);
        }
    }
    return against;
}

void check_kernel(const check_subject& subject, check_result& result) {
    const prediction predicted = predict_linux(subject);
    check_predictions(subject, predicted, result);
    if (subject.reader == nullptr || !subject.machine) {
        return;
    }
    const kernel_view view = read_kernel_view(subject);
    check_against_predictions(subject, view, predicted, result);
    check_exposure(subject, view, result);
    check_kernel_tiers(subject, view, result);
    check_weights(subject, view, result);
}

} // namespace hetmem::detail
