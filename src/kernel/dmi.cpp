#include "kernel/dmi.hpp"

#include <algorithm>
#include <array>

namespace hetmem::kernel {

dmi read_dmi(const rooted_reader& reader) {
    const directory id = reader.open("sys/class/dmi/id");
    const auto line = [&](std::string_view name) { return id.read_line(name).value_or(""); };
    return {line("bios_vendor"), line("bios_version"), line("bios_date"),
            without_bios(line("modalias"))};
}

std::string without_bios(std::string_view modalias) {
    // Vendor, version, date, release; release of the embedded controller's firmware
    // (drivers/firmware/dmi-id.c).
    constexpr std::array<std::string_view, 5> of_the_firmware = {"bvn", "bvr", "bd", "br", "efr"};
    std::string kept;
    while (!modalias.empty()) {
        const std::size_t end = std::min(modalias.find(':'), modalias.size() - 1) + 1;
        const std::string_view field = modalias.substr(0, end);
        modalias.remove_prefix(end);
        const bool firmwares = std::ranges::any_of(
            of_the_firmware, [&](std::string_view key) { return field.starts_with(key); });
        if (!firmwares) {
            kept += field;
        }
    }
    return kept;
}

} // namespace hetmem::kernel
