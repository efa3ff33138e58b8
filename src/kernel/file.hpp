// kernel/file.hpp: whole files that people name: read at once, written complete or not at all.
//
//     new_file out("machine.json");
//     out.write(text);
//     out.commit();      // only now there is a machine.json
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace hetmem::kernel {

/// Throws hetmem::error naming the file; EFBIG above `most` bytes, of which no more are read than
/// it takes to know.
std::string read_file(const std::filesystem::path& file, std::size_t most = std::size_t{1} << 30);

/// All of it, however many calls that takes. 0, or the errno value of what stopped it.
int write_all(int descriptor, std::string_view text);

/// A file that appears under its name when it is complete: write, then commit(). Without commit()
/// nothing remains. What is there already and is no ordinary file (a device, a pipe) is written to
/// directly; a link is kept and the file behind it replaced. Every failure throws hetmem::error.
class new_file {
public:
    explicit new_file(const std::filesystem::path& destination);
    ~new_file();
    new_file(const new_file&) = delete;
    new_file& operator=(const new_file&) = delete;

    int descriptor() const { return descriptor_; }
    void write(std::string_view text);
    /// For what only its owner may read; otherwise it has the permissions of any new file.
    void keep_to_owner();
    void commit();

private:
    std::filesystem::path destination_;
    std::filesystem::path temporary_; // empty when the destination is written to directly
    int descriptor_ = -1;
};

} // namespace hetmem::kernel
