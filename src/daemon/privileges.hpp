// daemon/privileges.hpp: what hetmemd gives up once everything is open that needs more.
#pragma once

#include <string>

namespace hetmem::daemon {

/// Takes every capability from the calling thread, also those that a program it executes could get
/// (bounding and ambient sets, no_new_privs). It stays the user it is: root may still read what
/// belongs to root and only its owner may read, which is all that describing a machine takes.
/// Throws hetmem::error when a capability remains.
void drop_capabilities();

/// What the calling thread may do, for health.json: "user 0 without capabilities".
std::string privileges_in_words();

} // namespace hetmem::daemon
