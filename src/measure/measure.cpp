#include "kernel/calls.hpp"
#include "measure/buffer_size.hpp"
#include "measure/cell.hpp"
#include "measure/curve.hpp"
#include "measure/plan.hpp"
#include "topology/figure_store.hpp"
#include "topology/measured_marks.hpp"
#include "topology/utc_time.hpp"
#include "topology/value_text.hpp"

#include <hetmem/error.hpp>
#include <hetmem/measure.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace hetmem {
namespace detail {
namespace {

/// With fewer a figure would look surer than it is.
constexpr unsigned fewest_samples = 3;
constexpr std::uint64_t calibration_seed = 1;

/// What others than measurements and hands said of it.
std::vector<claim> declared(const topology& machine, metric what, initiator_id from,
                            target_id memory) {
    const auto asked = quantity_of(what);
    std::vector<claim> said = asked ? machine.claims(*asked, from, memory) : std::vector<claim>();
    said.erase(std::remove_if(said.begin(), said.end(),
                              [](const claim& one) {
                                  return one.from == source::measured ||
                                         one.from == source::override_;
                              }),
               said.end());
    return said;
}

/// One call of measure().
class measuring {
public:
    measuring(const topology& machine, const measure_options& options)
        : machine_(machine), options_(options), reader_("/"),
          plan_(make_plan(machine, options, kernel::thread_allowed_cpus(),
                          kernel::thread_allowed_nodes())) {}

    measurements take() {
        gather_crews();
        if (take_memory() && calibrate()) {
            make_cells();
            const sampling_rules rules{plan_.budget, plan_.rounds, options_.precision};
            const bool all = take_rounds(
                samplings_, rules, [this](std::vector<sampling>&, const sampling* just_ended) {
                    return watch(just_ended);
                });
            if (all && options_.curves) {
                take_curves();
            }
        }
        return result();
    }

private:
    /// One metric of one pair.
    struct pair_cell {
        metric what{};
        std::size_t from = 0;   ///< in plan_.initiators
        std::size_t memory = 0; ///< in memories_
        std::unique_ptr<cell> samples;
        std::optional<measured_cell> done;
    };

    const std::string& name_of(initiator_id id) const {
        return machine_.initiators()[id.index].name;
    }
    const target& target_of(std::size_t memory) const {
        return machine_.targets()[memories_[memory]->memory().index];
    }
    scene scene_of(std::size_t from, std::size_t memory) {
        return {reader_, *crews_[from], *memories_[memory], plan_.budget};
    }

    void gather_crews();
    bool take_memory();
    void take_memory_of(const planned_target& one);
    bool calibrate();
    void make_cells();
    void take_curves();
    void take_curves_of(std::size_t from, std::size_t memory);
    bool watch(const sampling* just_ended);
    bool tell(const measured_cell* latest);
    void finish(std::size_t index);
    measurements result();

    const topology& machine_;
    const measure_options& options_;
    kernel::rooted_reader reader_;
    measuring_plan plan_;
    std::vector<std::unique_ptr<crew>> crews_;
    std::vector<std::unique_ptr<workplace>> memories_;
    std::vector<pair_cell> cells_;
    std::vector<sampling> samplings_; ///< of cells_, in the same order
    measurements taken_;
    std::size_t curves_left_ = 0;
    std::size_t curves_done_ = 0;
    bool stopped_ = false;
};

void measuring::gather_crews() {
    bool all_known = true;
    for (const planned_initiator& one : plan_.initiators) {
        crews_.push_back(std::make_unique<crew>(reader_, one.cpus));
        all_known = all_known && crews_.back()->cache().known;
    }
    if (!all_known) {
        plan_.remarks.push_back(
            fmt::format("the kernel does not tell how large the caches of the CPUs are; {} is "
                        "assumed",
                        format_size(assumed_last_level)));
    }
}

void measuring::take_memory_of(const planned_target& one) {
    std::vector<last_level> caches;
    for (const auto& threads : crews_) {
        caches.push_back(threads->cache());
    }
    const target& memory = machine_.targets()[one.id.index];
    const byte_size room = options_.buffer ? byte_size{} : room_for(memory, plan_.targets.size());
    const area_sizes sizes = sizes_of_areas(memory, caches, plan_.metrics, options_, room);
    memories_.push_back(
        std::make_unique<workplace>(machine_, one.id, sizes, options_.destroy_contents));
}

/// False: no more is wanted. What cannot be had is an error when it was named, or when nothing
/// else can be had either.
bool measuring::take_memory() {
    std::exception_ptr first;
    for (const planned_target& one : plan_.targets) {
        if (!tell(nullptr)) {
            return false;
        }
        try {
            take_memory_of(one);
        } catch (const error& e) {
            if (one.named || e.code() == std::errc::invalid_argument) {
                throw;
            }
            if (!first) {
                first = std::current_exception();
            }
            plan_.remarks.push_back(
                fmt::format("{}: left out, {}", machine_.targets()[one.id.index].name, e.what()));
        }
    }
    if (memories_.empty() && first) {
        std::rethrow_exception(first);
    }
    return true;
}

/// What the kernel tells of caches may be wrong, in virtual machines above all. Once is enough:
/// they are the CPUs'.
bool measuring::calibrate() {
    if (options_.quick || options_.buffer || options_.allow_cached) {
        return true;
    }
    workplace& first = *memories_.front();
    if (first.random_size() == byte_size{} || first.common_size() == byte_size{}) {
        return true;
    }
    std::size_t enough = 0;
    crews_.front()->of(1).run(
        [&](unsigned) {
            enough =
                calibrated_size(first.everything(), first.common_size().bytes(), calibration_seed);
        },
        1);
    for (const auto& one : memories_) {
        one->enlarge_common(byte_size::from_bytes(enough));
    }
    return tell(nullptr);
}

void measuring::make_cells() {
    for (std::size_t memory = 0; memory < memories_.size(); ++memory) {
        for (const metric what : plan_.metrics) { // outside: a chase is made once for all
            for (std::size_t from = 0; from < crews_.size(); ++from) {
                cells_.push_back({what, from, memory, make_cell(scene_of(from, memory), what), {}});
            }
        }
    }
    samplings_.resize(cells_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        samplings_[i].of = cells_[i].samples.get();
    }
    if (options_.curves) {
        curves_left_ = memories_.size() * crews_.size() * std::size(curve_ratios);
    }
}

bool measuring::tell(const measured_cell* latest) {
    using std::chrono::milliseconds;
    if (stopped_ || !options_.progress) {
        return !stopped_;
    }
    measure_progress now;
    now.cells = std::max(cells_.size(), memories_.size()) + curves_left_ + curves_done_;
    now.cells_done = curves_done_;
    now.left = curve_time * static_cast<int>(curves_left_);
    for (const sampling& one : samplings_) {
        if (one.ended) {
            ++now.cells_done;
        } else if (one.spent < plan_.budget) {
            now.left += std::chrono::duration_cast<milliseconds>(plan_.budget - one.spent);
        }
    }
    now.latest = latest;
    stopped_ = !options_.progress(now);
    return !stopped_;
}

bool measuring::watch(const sampling* just_ended) {
    if (just_ended == nullptr) {
        return tell(nullptr);
    }
    const auto index = static_cast<std::size_t>(just_ended - samplings_.data());
    finish(index);
    return tell(cells_[index].done ? &*cells_[index].done : nullptr);
}

/// Makes the result of a cell, if it has enough for one.
void measuring::finish(std::size_t index) {
    pair_cell& one = cells_[index];
    const sampling& state = samplings_[index];
    const target& memory = target_of(one.memory);
    const planned_initiator& from = plan_.initiators[one.from];
    if (!state.failure.empty()) {
        plan_.remarks.push_back(fmt::format("{} of {} from {}: given up, {}", to_string(one.what),
                                            memory.name, name_of(from.id), state.failure));
        return;
    }
    measured_cell done;
    done.figure = summarize(state.book.counted());
    if (done.figure.n < fewest_samples) {
        return;
    }
    done.figure.converged = state.converged;
    done.initiator = name_of(from.id);
    done.target = memory.name;
    done.what = one.what;
    one.samples->describe(done, done.figure.median);
    const workplace& place = *memories_[one.memory];
    done.page = place.buffer().page();
    done.page_percent = place.buffer().page_percent();
    // By what was taken: threads cut it into equal arrays, and may leave a little at its end.
    const byte_size area =
        one.what == metric::random_latency ? place.random_size() : place.common_size();
    done.in = measured_where(one.what, area, crews_[one.from]->cache(), memory);
    quiet_verdict said = state.book.verdict();
    done.verdict = said.verdict;
    done.why = std::move(said.why);
    done.time = utc_now();
    done.declared = declared(machine_, one.what, from.id, memory.id);
    one.done = std::move(done);
}

void measuring::take_curves() {
    for (std::size_t memory = 0; memory < memories_.size(); ++memory) {
        for (std::size_t from = 0; from < crews_.size(); ++from) {
            if (stopped_) {
                return;
            }
            if (crews_[from]->all() < 2) {
                plan_.remarks.push_back(fmt::format(
                    "{}: no curve of {}, one CPU cannot load the memory and wait for it at once",
                    name_of(plan_.initiators[from].id), target_of(memory).name));
                curves_left_ -= std::size(curve_ratios);
                continue;
            }
            take_curves_of(from, memory);
        }
    }
}

void measuring::take_curves_of(std::size_t from, std::size_t memory) {
    for (const unsigned reads : curve_ratios) {
        if (!tell(nullptr)) {
            return;
        }
        try {
            measured_curve curve =
                take_curve(scene_of(from, memory), reads, [this] { return tell(nullptr); });
            curve.initiator = name_of(plan_.initiators[from].id);
            curve.target = target_of(memory).name;
            curve.time = utc_now();
            if (!stopped_) { // without its end it has no knee, and looks as if there were none
                taken_.curves.push_back(std::move(curve));
            }
        } catch (const error& e) {
            plan_.remarks.push_back(fmt::format("curve of {} from {}: given up, {}",
                                                target_of(memory).name,
                                                name_of(plan_.initiators[from].id), e.what()));
        }
        --curves_left_;
        ++curves_done_;
    }
}

measurements measuring::result() {
    std::size_t cut_short = 0;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        if (!samplings_[i].ended) {
            finish(i);
            ++cut_short;
        }
        if (cells_[i].done) {
            taken_.cells.push_back(std::move(*cells_[i].done));
        }
    }
    if (stopped_) {
        plan_.remarks.push_back(fmt::format("stopped early: {} of {} cells had not had their time",
                                            cut_short, cells_.size()));
    }
    taken_.machine = read_machine_mark(reader_);
    for (const planned_initiator& one : plan_.initiators) {
        taken_.initiators.push_back(mark_of(machine_.initiators()[one.id.index]));
    }
    for (const auto& one : memories_) {
        taken_.targets.push_back(mark_of(machine_.targets()[one->memory().index]));
    }
    taken_.remarks = std::move(plan_.remarks);
    return std::move(taken_);
}

} // namespace
} // namespace detail

measurements measure(const topology& machine, const measure_options& options) {
    if (!machine.live()) {
        throw error(std::errc::invalid_argument,
                    "only the running machine can be measured, and this describes another");
    }
    return detail::measuring(machine, options).take();
}

} // namespace hetmem
