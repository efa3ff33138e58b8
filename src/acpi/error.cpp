#include <hetmem/error.hpp>

namespace hetmem {

error::error(std::errc code, const std::string& what)
    : std::system_error(std::make_error_code(code), what) {}
error::error(int errno_value, const std::string& what)
    : std::system_error(errno_value, std::generic_category(), what) {}
error::~error() = default;

not_permitted::not_permitted(const std::string& what)
    : error(std::errc::operation_not_permitted, what) {}
not_permitted::~not_permitted() = default;

no_such_target::no_such_target(const std::string& what)
    : error(std::errc::no_such_device_or_address, what) {}
no_such_target::~no_such_target() = default;

target_full::target_full(shortage reason, const std::string& what, byte_size available,
                         byte_size strayed, std::errc code)
    : error(code, what), reason_(reason), available_(available), strayed_(strayed) {}
target_full::~target_full() = default;

target_reserved::target_reserved(const std::string& what)
    : error(std::errc::device_or_resource_busy, what) {}
target_reserved::~target_reserved() = default;

target_lost::target_lost(const std::string& what) : error(std::errc::no_such_device, what) {}
target_lost::~target_lost() = default;

malformed_file::malformed_file(const std::string& what) : error(std::errc::bad_message, what) {}
malformed_file::~malformed_file() = default;

} // namespace hetmem
