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

malformed_file::malformed_file(const std::string& what) : error(std::errc::bad_message, what) {}
malformed_file::~malformed_file() = default;

} // namespace hetmem
