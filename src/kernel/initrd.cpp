#include "kernel/initrd.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hetmem::kernel {

namespace {

/// Tables and microcode stand in front of everything else, and have a few MiB.
constexpr std::size_t most_early_bytes = std::size_t{64} << 20;

struct name_form {
    std::string_view before;
    std::string_view after;
};
constexpr std::array<name_form, 3> forms = {{
    {"initrd.img-", ""},    // initramfs-tools; dracut on Debian
    {"initramfs-", ".img"}, // dracut elsewhere
    {"initrd-", ""},        // dracut on SUSE
}};
/// Where kernel-install puts MACHINE-ID/RELEASE/initrd (Boot Loader Specification).
constexpr std::array<std::string_view, 3> boot_partitions = {"boot", "efi", "boot/efi"};

/// Fedora's rescue image is made once, for any kernel, and stays as it is.
constexpr std::string_view rescue = "0-rescue-";

bool has_kernel(const rooted_reader& reader, const std::string& release) {
    return !release.starts_with(rescue) && (reader.real_path("boot/vmlinuz-" + release) ||
                                            reader.real_path("lib/modules/" + release));
}

std::optional<std::string> release_of(std::string_view name) {
    for (const name_form& form : forms) {
        if (name.size() > form.before.size() + form.after.size() && name.starts_with(form.before) &&
            name.ends_with(form.after)) {
            return std::string(name.substr(form.before.size(),
                                           name.size() - form.before.size() - form.after.size()));
        }
    }
    return std::nullopt;
}

void add_of_partition(const rooted_reader& reader, std::string_view partition,
                      std::vector<initrd>& found) {
    const directory top = reader.open(partition);
    top.for_each([&](std::string_view machine, entry_kind kind) {
        if (kind == entry_kind::file) {
            return;
        }
        const std::string place = fmt::format("{}/{}", partition, machine);
        reader.open(place).for_each([&](std::string_view release, entry_kind) {
            const std::string path = fmt::format("{}/{}/initrd", place, release);
            if (has_kernel(reader, std::string(release)) && reader.real_path(path)) {
                found.push_back({std::string(release), path});
            }
        });
    });
}

} // namespace

std::vector<initrd> find_initrds(const rooted_reader& reader) {
    std::vector<initrd> found;
    reader.open("boot").for_each([&](std::string_view name, entry_kind) {
        const std::optional<std::string> release = release_of(name);
        if (release && has_kernel(reader, *release)) {
            found.push_back({*release, fmt::format("boot/{}", name)});
        }
    });
    for (const std::string_view partition : boot_partitions) {
        add_of_partition(reader, partition, found);
    }
    std::ranges::sort(found, {}, &initrd::path);
    return found;
}

std::vector<early_table> read_early_tables(const rooted_reader& reader, const std::string& initrd) {
    const auto real = reader.real_path(initrd);
    const auto file = reader.root() / real.value_or(initrd);
    const unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        throw error(errno, fmt::format("cannot read {}", file.string()));
    }
    std::vector<std::byte> beginning(
        std::min(most_early_bytes, static_cast<std::size_t>(status.st_size)));
    std::size_t have = 0;
    while (have < beginning.size()) {
        const ssize_t got = ::read(fd.get(), beginning.data() + have, beginning.size() - have);
        if (got < 0 && errno != EINTR) {
            throw error(errno, fmt::format("cannot read {}", file.string()));
        }
        if (got == 0) {
            break;
        }
        have += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return find_early_tables(std::span(beginning).first(have));
}

} // namespace hetmem::kernel
