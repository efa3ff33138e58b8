// What evaluates _HMA answers in text: acpiexec's two forms and the module acpi_call's.
#include "daemon/acpi_call.hpp"
#include "daemon/acpiexec.hpp"
#include "tests/fuzz/table_fuzz.hpp"

#include <string>

using hetmem::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hetmem;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // What is found is given to acpiexec again, among its commands.
    for (const std::string& path : daemon::parse_found(text, 16)) {
        require(path.starts_with('\\'));
        require(path.find_first_not_of("\\._ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
                std::string::npos);
    }
    for (const daemon::evaluated& got :
         {daemon::parse_evaluation(text, "\\_SB._HMA"),
          static_cast<daemon::evaluated>(daemon::parse_answer(text))}) {
        require(got.failure.empty() || got.buffer.empty());
        require(got.buffer.size() <= size / 2); // a byte is two digits at least
    }
    return 0;
}
