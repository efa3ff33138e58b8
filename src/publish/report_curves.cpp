#include "publish/format.hpp"
#include "publish/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>

namespace hetmem::detail {
namespace {

// The picture is made for the width of a phone, so that its text can be read there.
constexpr double width = 440;
constexpr double height = 300;
constexpr double left = 56;
constexpr double right = 414; // half a number stands beyond it
constexpr double top = 14;
constexpr double bottom = 252;
constexpr std::size_t most_ticks = 6;
constexpr std::size_t most_pairs = 64;
/// Lines that can be told apart: colour, dashes and marks go round together.
constexpr std::size_t looks = 5;

/// An axis from zero to a round number.
struct axis {
    double most = 1;
    double step = 1;

    explicit axis(double reaches) {
        if (!(reaches > 0)) {
            return;
        }
        const double power = std::pow(10, std::floor(std::log10(reaches / most_ticks)));
        for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
            step = factor * power;
            if (reaches / step <= most_ticks) {
                break;
            }
        }
        most = std::ceil(reaches / step) * step;
    }
    double share(double value) const { return value / most; }
    /// From 0 to the end of it.
    std::vector<double> ticks() const {
        std::vector<double> all(static_cast<std::size_t>(std::lround(most / step)) + 1);
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = static_cast<double>(i) * step;
        }
        return all;
    }
};

double gigabytes(std::uint64_t bytes_per_second) {
    return bandwidth::from_bytes_per_second(bytes_per_second).gigabytes_per_second();
}
double nanoseconds(std::uint64_t picoseconds) {
    return latency::from_picoseconds(picoseconds).nanoseconds();
}

class curve_picture {
public:
    explicit curve_picture(const std::vector<const measured_curve*>& curves)
        : loads_(reach(curves, [](const curve_point& p) { return gigabytes(p.load); })),
          latencies_(reach(curves, [](const curve_point& p) { return nanoseconds(p.latency); })) {}

    void write(markup& page, const std::vector<const measured_curve*>& curves) {
        write_grid();
        for (std::size_t i = 0; i < curves.size(); ++i) {
            write_line(*curves[i], i % looks);
        }
        page.add_markup(svg_);
    }
    /// A short piece of a line, for the legend.
    static std::string sample(std::size_t look) {
        return fmt::format(
            R"(<svg class="sample" viewBox="0 0 36 14" aria-hidden="true"><path class="line l{}" d="M2 7H34"/>{}</svg>)",
            look, mark(look, 18, 7));
    }

private:
    template <class Value>
    static axis reach(const std::vector<const measured_curve*>& curves, Value value) {
        double most = 0;
        for (const measured_curve* curve : curves) {
            for (const curve_point& point : curve->points) {
                most = std::max(most, value(point));
            }
        }
        return axis(most);
    }
    static std::string mark(std::size_t look, double x, double y) {
        constexpr std::array shapes{
            R"(<circle class="mark l{2}" cx="{0:.1f}" cy="{1:.1f}" r="3.2"/>)",
            R"(<path class="mark l{2}" d="M{0:.1f} {1:.1f}m-3.2-3.2h6.4v6.4h-6.4z"/>)",
            R"(<path class="mark l{2}" d="M{0:.1f} {1:.1f}m0-4.2l4 7h-8z"/>)",
            R"(<path class="mark l{2}" d="M{0:.1f} {1:.1f}m0-4.2l4.2 4.2l-4.2 4.2l-4.2-4.2z"/>)",
            R"(<path class="mark l{2}" d="M{0:.1f} {1:.1f}m0 4.2l4-7h-8z"/>)",
        };
        static_assert(shapes.size() == looks);
        return fmt::format(fmt::runtime(shapes[look]), x, y, look);
    }
    double x_of(double load) const { return left + loads_.share(load) * (right - left); }
    double y_of(double late) const { return bottom - latencies_.share(late) * (bottom - top); }

    void write_grid() {
        for (const double load : loads_.ticks()) {
            svg_ += fmt::format(
                R"(<path class="grid" d="M{0:.1f} {1:.1f}V{2:.1f}"/><text x="{0:.1f}" y="{3:.1f}" text-anchor="middle">{4:g}</text>)",
                x_of(load), top, bottom, bottom + 18, load);
        }
        for (const double late : latencies_.ticks()) {
            svg_ += fmt::format(
                R"(<path class="grid" d="M{0:.1f} {1:.1f}H{2:.1f}"/><text x="{3:.1f}" y="{4:.1f}" text-anchor="end">{5:g}</text>)",
                left, y_of(late), right, left - 8, y_of(late) + 4.5, late);
        }
        svg_ += fmt::format(
            R"(<text class="axis" x="{:.1f}" y="{:.1f}" text-anchor="middle">load, GB/s</text>)",
            (left + right) / 2, height - 8);
        svg_ += fmt::format(
            R"svg(<text class="axis" transform="translate(14 {:.1f}) rotate(-90)" text-anchor="middle">latency, ns</text>)svg",
            (top + bottom) / 2);
    }
    void write_line(const measured_curve& curve, std::size_t look) {
        std::string path;
        std::string marks;
        for (const curve_point& point : curve.points) {
            const double x = x_of(gigabytes(point.load));
            const double y = y_of(nanoseconds(point.latency));
            path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
            marks += mark(look, x, y);
        }
        if (!path.empty()) {
            svg_ += fmt::format(R"(<path class="line l{}" d="{}"/>{})", look, path, marks);
        }
        if (curve.knee) {
            svg_ += fmt::format(R"(<circle class="knee" cx="{:.1f}" cy="{:.1f}" r="8"/>)",
                                x_of(gigabytes(curve.knee->load)),
                                y_of(nanoseconds(curve.knee->latency)));
        }
    }

    axis loads_;
    axis latencies_;
    std::string svg_;
};

std::string mix_text(unsigned read_percent) {
    return read_percent >= 100 ? std::string("reads only")
                               : fmt::format("{} % reads", read_percent);
}

std::string load_text(std::uint64_t bytes_per_second) {
    return format_bandwidth(bandwidth::from_bytes_per_second(bytes_per_second));
}
std::string latency_text(std::uint64_t picoseconds) {
    return format_latency(latency::from_picoseconds(picoseconds));
}

std::string told(const measured_curve& curve) {
    std::string text =
        fmt::format("{}: idle {}; ", mix_text(curve.read_percent), latency_text(curve.idle));
    text += curve.knee ? fmt::format("twice that (the knee, ringed) at {}, {}",
                                     load_text(curve.knee->load), latency_text(curve.knee->latency))
                       : std::string("twice that was not reached with the CPUs there are");
    if (curve.verdict == interference::disturbed) {
        text += "; disturbed by something else that ran: not to be trusted";
    }
    return text;
}

void write_points(markup& page, const std::string& name,
                  const std::vector<const measured_curve*>& curves) {
    page.in("details", [&] {
        page.leaf("summary", "The points as numbers");
        for (const measured_curve* curve : curves) {
            page.in("table", {{"class", "points"}}, [&] {
                page.leaf("caption", fmt::format("{}, {}", name, mix_text(curve->read_percent)));
                page.in("thead", [&] {
                    page.in("tr", [&] {
                        page.leaf("th", "Load", {{"scope", "col"}});
                        page.leaf("th", "Latency", {{"scope", "col"}});
                    });
                });
                page.in("tbody", [&] {
                    for (const curve_point& point : curve->points) {
                        page.in("tr", [&] {
                            page.leaf("td", load_text(point.load));
                            page.leaf("td", latency_text(point.latency));
                        });
                    }
                });
            });
        }
    });
}

void write_pair(markup& page, const std::string& name, std::size_t number,
                const std::vector<const measured_curve*>& curves) {
    const std::string id = fmt::format("curve-{}", number);
    page.in("figure", {{"class", "curve"}}, [&] {
        page.leaf("h3", name);
        page.in(
            "svg",
            {{"xmlns", "http://www.w3.org/2000/svg"},
             {"viewBox", fmt::format("0 0 {} {}", width, height)},
             {"role", "img"},
             {"aria-labelledby", fmt::format("{0}-title {0}-text", id)}},
            [&] {
                page.leaf("title", "Latency under load, " + name, {{"id", id + "-title"}});
                std::string text;
                for (const measured_curve* curve : curves) {
                    text += told(*curve) + ". ";
                }
                page.leaf("desc", text + "The points follow as numbers.", {{"id", id + "-text"}});
                curve_picture(curves).write(page, curves);
            });
        page.in("figcaption", [&] {
            page.in("ul", {{"class", "legend"}}, [&] {
                for (std::size_t i = 0; i < curves.size(); ++i) {
                    page.in("li", [&] {
                        page.add_markup(curve_picture::sample(i % looks));
                        page.leaf("span", told(*curves[i]));
                    });
                }
            });
        });
        write_points(page, name, curves);
    });
}

} // namespace

void write_curves(markup& page, const report_input& input) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const measured_curve*>> pairs;
    for (const auto& [store, whose] :
         {std::pair{input.machine_store, ""}, std::pair{input.user_store, ", of this user"}}) {
        if (store == nullptr) {
            continue;
        }
        for (const measured_curve& curve : store->curves) {
            const std::string name = fmt::format("{} → {}{}", curve.initiator, curve.target, whose);
            auto& curves = pairs[name];
            if (curves.empty()) {
                order.push_back(name);
            }
            curves.push_back(&curve);
        }
    }
    section(page, report_id::curves, "Latency under load", [&] {
        if (order.empty()) {
            page.prose("p", "No curve was measured: `hetmem measure --curves` does it.");
            return;
        }
        page.leaf("p", "What one access takes while other CPUs load the memory. A line for each "
                       "mix of reads and writes; a ring marks the knee, the first point at twice "
                       "the idle latency.");
        page.in("div", {{"class", "curves"}}, [&] {
            for (std::size_t i = 0; i < std::min(order.size(), most_pairs); ++i) {
                auto& curves = pairs[order[i]];
                std::ranges::stable_sort(curves, std::greater{}, [](const measured_curve* curve) {
                    return curve->read_percent;
                });
                write_pair(page, order[i], i, curves);
            }
        });
        if (order.size() > most_pairs) {
            page.leaf("p", fmt::format("And {} more pairs, which are in the file.",
                                       order.size() - most_pairs));
        }
    });
}

} // namespace hetmem::detail
