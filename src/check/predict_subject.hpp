// check/predict_subject.hpp: the model of Linux on what is looked at.
#pragma once

#include "check/linux_model.hpp"
#include "check/subject.hpp"

namespace hetmem::detail {

/// The rules of the subject's kernel; of the newest one known where it is not told.
linux_version version_of(const check_subject& subject);

/// From the first table of each kind, as Linux takes them.
prediction predict_linux(const check_subject& subject);

} // namespace hetmem::detail
