// A program that the guest's script holds: `hold NAME program...` starts it and goes on once it
// says that it is ready; `release NAME` lets it go on (tests/vm/harness/guest/functions).
#pragma once

namespace vm {

/// Says "ready PID" and waits to be released. Returns at once when nobody holds this program.
void wait_until_released();

} // namespace vm
