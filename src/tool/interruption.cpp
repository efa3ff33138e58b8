#include "tool/interruption.hpp"

namespace hetmem::tool {
namespace {

// A signal handler has no other way to tell.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t noted_signal = 0;

void note_signal(int number) {
    noted_signal = number;
}

} // namespace

interruption::interruption() {
    noted_signal = 0;
    struct sigaction take_note {};
    take_note.sa_handler = note_signal;
    // Whoever is impatient says so again. What is being read or written goes on meanwhile.
    take_note.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    for (std::size_t i = 0; i < signals.size(); ++i) {
        ::sigaction(signals[i], nullptr, &before_[i]);
        if (before_[i].sa_handler != SIG_IGN) { // nohup stays nohup
            ::sigaction(signals[i], &take_note, nullptr);
        }
    }
}

interruption::~interruption() {
    for (std::size_t i = 0; i < signals.size(); ++i) {
        ::sigaction(signals[i], &before_[i], nullptr);
    }
}

int interruption::noted() {
    return noted_signal;
}

} // namespace hetmem::tool
