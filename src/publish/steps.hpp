// steps.hpp: the operations on files that make up what is published, each of which either happens
// or does not. A process may end between any two of them; tests make it do so.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace hetmem::detail::steps {

/// Called before every operation below; an empty one is none.
void before_each(std::function<void()> call);

// All throw hetmem::error with what was tried and with which path, unless told otherwise.
void make_directory(const std::string& path, mode_t mode);
/// A file that is not there yet. That is several operations: made, written.
void write_file(const std::string& path, std::string_view content, mode_t mode);
/// At the end of a file that is there.
void append(const std::string& path, std::string_view content);
/// A link that is not there yet.
void make_link(const std::string& path, const std::string& to);
void rename(const std::string& from, const std::string& to);
/// Overwrites the beginning of an open file in one call.
void overwrite(int descriptor, std::string_view content, const std::string& path);
/// Takes what an open file holds from it.
void empty(int descriptor, const std::string& path);
/// A file, a link or a directory with all that is in it. Nothing happens when it is not there.
void remove(const std::string& path);

} // namespace hetmem::detail::steps
