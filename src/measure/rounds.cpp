#include "measure/rounds.hpp"

#include <hetmem/error.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace hetmem::detail {
namespace {

constexpr std::size_t fewest_for_an_interval = 6; // see statistics.hpp
constexpr std::size_t fewest_in_a_burst = 3;
constexpr std::size_t fewest_bursts = 2; // one burst has no drift in it

using clock_reader = std::function<measuring_clock::time_point()>;

/// The samples of one cell in one round.
class burst_taker {
public:
    burst_taker(sampling& cell, const sampling_rules& rules, std::chrono::nanoseconds share,
                const clock_reader& now)
        : cell_(cell), rules_(rules), share_(share), now_(now), time_(now()), before_(cell.spent) {}

    /// False: the watcher wants no more.
    bool take(const std::function<bool()>& go_on) {
        try {
            cell_.of->begin_burst();
            static_cast<void>(cell_.of->sample()); // what was cold before is warm now
            auto last = spend();
            bool wanted = go_on();
            while (wanted && !enough(last)) {
                samples_.push_back(cell_.of->sample());
                last = spend();
                wanted = go_on();
            }
            finish(cell_.of->end_burst());
            return wanted;
        } catch (const error& e) { // a CPU was taken away, for example: the other cells go on
            finish({{}, e.what()});
            return go_on();
        }
    }

private:
    /// Counts the time since it was called last, which it returns.
    std::chrono::nanoseconds spend() {
        const auto now = now_();
        const std::chrono::nanoseconds passed = now - std::exchange(time_, now);
        cell_.spent += passed;
        return passed;
    }
    /// So many, or so narrow, or no time for another one like the last.
    bool enough(std::chrono::nanoseconds last) const {
        if (samples_.size() < fewest_in_a_burst) {
            return false;
        }
        return cell_.spent + last > share_ || narrow(samples_);
    }
    bool narrow(const std::vector<std::uint64_t>& more) const {
        return narrow_enough(summarize(cell_.book.counted(more)), rules_.precision);
    }
    void finish(burst_end end) {
        if (!end.failure.empty()) {
            cell_.failure = std::move(end.failure);
            cell_.ended = true;
        } else if (!samples_.empty()) {
            cell_.book.add({samples_, std::move(end.said)});
        }
        spend();
        cell_.converged = !cell_.ended && cell_.book.bursts() >= fewest_bursts && narrow({});
        // A disturbed one gets all its time, for a quiet moment in it.
        const bool disturbed = cell_.book.verdict().verdict == interference::disturbed;
        const bool last_round = share_ >= rules_.budget; // there are more only for the disturbed
        const bool no_time =
            cell_.spent + (last_round ? cell_.spent - before_ : std::chrono::nanoseconds::zero()) >
            rules_.budget;
        cell_.ended = cell_.ended || (cell_.converged && !disturbed) || no_time;
    }

    sampling& cell_;
    const sampling_rules& rules_;
    std::chrono::nanoseconds share_;
    const clock_reader& now_;
    measuring_clock::time_point time_; ///< until which time is counted
    std::chrono::nanoseconds before_;  ///< spent when the burst began
    std::vector<std::uint64_t> samples_;
};

} // namespace

bool sample_book::quiet_ones_suffice() const {
    std::size_t quiet = 0;
    for (const burst& one : bursts_) {
        quiet += one.said.verdict == interference::disturbed ? 0 : one.samples.size();
    }
    return quiet >= fewest_for_an_interval;
}

std::vector<std::uint64_t> sample_book::counted(const std::vector<std::uint64_t>& more) const {
    const bool only_quiet = quiet_ones_suffice();
    std::vector<std::uint64_t> all = more;
    for (const burst& one : bursts_) {
        if (!only_quiet || one.said.verdict != interference::disturbed) {
            all.insert(all.end(), one.samples.begin(), one.samples.end());
        }
    }
    return all;
}

quiet_verdict sample_book::verdict() const {
    const auto of = [&](interference kind) {
        return std::count_if(bursts_.begin(), bursts_.end(),
                             [&](const burst& one) { return one.said.verdict == kind; });
    };
    const auto last_of = [&](interference kind) {
        return std::find_if(bursts_.rbegin(), bursts_.rend(),
                            [&](const burst& one) { return one.said.verdict == kind; });
    };
    quiet_verdict all;
    if (!quiet_ones_suffice() && of(interference::disturbed) != 0) {
        all = last_of(interference::disturbed)->said;
    } else if (of(interference::quiet) != 0) {
        all.verdict = interference::quiet;
    } else if (of(interference::unknown) != 0) {
        all = last_of(interference::unknown)->said;
    }
    if (const std::vector<std::uint64_t> samples = counted(); bimodal(samples)) {
        if (all.verdict != interference::disturbed) {
            all = {interference::disturbed, ""}; // why it would be unknown no longer matters
        }
        all.why += fmt::format("{}the samples lie in two groups, and the median tells neither",
                               all.why.empty() ? "" : "; ");
    }
    return all;
}

bool take_rounds(std::vector<sampling>& cells, const sampling_rules& rules,
                 const sampling_watcher& watcher, const clock_reader& now) {
    const auto all_ended = [&] {
        return std::all_of(cells.begin(), cells.end(),
                           [](const sampling& one) { return one.ended; });
    };
    for (unsigned round = 1; !all_ended(); ++round) {
        const auto share = rules.budget * std::min(round, rules.rounds) / rules.rounds;
        for (sampling& cell : cells) {
            if (cell.ended || (cell.spent >= share && cell.book.bursts() != 0)) {
                continue;
            }
            burst_taker burst(cell, rules, share, now);
            if (!burst.take([&] { return watcher(cells, nullptr); }) ||
                (cell.ended && !watcher(cells, &cell))) {
                return all_ended();
            }
        }
    }
    return true;
}

} // namespace hetmem::detail
