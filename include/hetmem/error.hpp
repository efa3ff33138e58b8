// hetmem/error.hpp: what the library throws, one type for each thing a caller would handle
// differently.
//
//     try {
//         auto machine = hetmem::load_topology("machine.json");
//     } catch (const hetmem::malformed_file& e) {
//         // e.what() names the file, the place in it, and what was expected there
//     } catch (const hetmem::error& e) {
//         // anything else the library reports; e.code() is an errno value
//     }
#pragma once

#include <hetmem/export.hpp>

#include <string>
#include <system_error>

namespace hetmem {

/// The base of every exception of the library; code() holds an errno value (generic category).
class HETMEM_EXPORT error : public std::system_error {
public:
    error(std::errc code, const std::string& what);
    error(int errno_value, const std::string& what);
    ~error() override;
};

/// The system refused: what() says which file or call, and what would help.
class HETMEM_EXPORT not_permitted : public error {
public:
    explicit not_permitted(const std::string& what);
    ~not_permitted() override;
};

/// A name, number or kind that no target or initiator of the topology has.
class HETMEM_EXPORT no_such_target : public error {
public:
    explicit no_such_target(const std::string& what);
    ~no_such_target() override;
};

/// A saved topology (JSON) that cannot be read: what() names the file, the place and the reason.
class HETMEM_EXPORT malformed_file : public error {
public:
    explicit malformed_file(const std::string& what);
    ~malformed_file() override;
};

} // namespace hetmem
