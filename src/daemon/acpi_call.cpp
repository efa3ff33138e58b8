#include "daemon/acpi_call.hpp"

#include "kernel/file.hpp"
#include "kernel/text.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace hetmem::daemon {

called call_method(const std::filesystem::path& file, std::string_view path) {
    called out;
    const kernel::unique_fd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    const int failed = fd ? kernel::write_all(fd.get(), path) : errno;
    if (failed != 0) {
        out.failure = fmt::format("{}: {}", file.string(), std::strerror(failed));
        return out;
    }
    // The answer is given once, from the start of the file, and is forgotten by being read: so in
    // one call, with room for what the largest builds of the module hold (1 MiB).
    std::string answer(std::size_t{1} << 20, '\0');
    ssize_t got = 0;
    do {
        got = ::pread(fd.get(), answer.data(), answer.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        out.failure = fmt::format("{}: {}", file.string(), std::strerror(errno));
        return out;
    }
    answer.resize(static_cast<std::size_t>(got));
    return parse_answer(answer);
}

called parse_answer(std::string_view answer) {
    called out;
    answer = kernel::trimmed(answer);
    constexpr std::string_view trouble = "Error: ";
    if (answer.starts_with(trouble)) {
        const std::string_view status = answer.substr(trouble.size(), 64);
        out.no_such_method = status == "AE_NOT_FOUND";
        out.failure = fmt::format("it fails with {}", status);
        return out;
    }
    if (!answer.starts_with('{')) {
        out.failure = "it returns no buffer";
        return out;
    }
    answer.remove_prefix(1);
    const bool whole = answer.ends_with('}');
    if (whole) {
        answer.remove_suffix(1);
    }
    while (!answer.empty()) {
        const std::size_t comma = answer.find(',');
        const std::string_view word = kernel::trimmed(answer.substr(0, comma));
        const auto value =
            word.size() == 4 && word.starts_with("0x") ? kernel::parse_hex(word) : std::nullopt;
        if (!value) {
            break;
        }
        out.buffer.push_back(static_cast<std::byte>(*value));
        answer.remove_prefix(comma == std::string_view::npos ? answer.size() : comma + 1);
    }
    if (!whole || !answer.empty()) {
        out.failure = fmt::format("it is larger than what acpi_call can return: cut after {} bytes",
                                  out.buffer.size());
        out.buffer.clear();
    }
    return out;
}

} // namespace hetmem::daemon
