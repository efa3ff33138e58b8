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
#include <hetmem/units.hpp>

#include <cstdint>
#include <string>
#include <system_error>

namespace hetmem {

/// The base of what the library throws; code() holds an errno value (generic category). Two things
/// are not of it, as the standard has them: std::bad_alloc when the process itself is out of
/// memory, and the allocation_failed of a pool (<hetmem/pool.hpp>), which is a std::bad_alloc.
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

/// What was short when a placement could not be kept.
enum class shortage : std::uint8_t {
    target,         ///< the memory that was named
    huge_page_pool, ///< the pool of huge pages on that node
    cgroup,         ///< memory.max or memory.high of a cgroup above this process
    system,         ///< all nodes that this process may use together, or the commit limit
};

/// The memory that was asked for is not there; nothing is held of the request. code() is ENOMEM
/// (ENOSPC for a dax device or directory).
class HETMEM_EXPORT target_full : public error {
public:
    target_full(shortage reason, const std::string& what, byte_size available = {},
                byte_size strayed = {}, std::errc code = std::errc::not_enough_memory);
    ~target_full() override;
    shortage reason() const { return reason_; }
    /// What could have been had, as far as it was found out; it may be gone by now.
    byte_size available() const { return available_; }
    /// Of a migration that had to be put back: what could not be.
    byte_size strayed() const { return strayed_; }

private:
    shortage reason_;
    byte_size available_;
    byte_size strayed_;
};

/// Memory that is held back and was not named, or that no program can reach as it is now.
class HETMEM_EXPORT target_reserved : public error {
public:
    explicit target_reserved(const std::string& what);
    ~target_reserved() override;
};

/// The memory went away: its node offline, its device unbound or gone.
class HETMEM_EXPORT target_lost : public error {
public:
    explicit target_lost(const std::string& what);
    ~target_lost() override;
};

/// A saved topology (JSON) that cannot be read: what() names the file, the place and the reason.
class HETMEM_EXPORT malformed_file : public error {
public:
    explicit malformed_file(const std::string& what);
    ~malformed_file() override;
};

} // namespace hetmem
