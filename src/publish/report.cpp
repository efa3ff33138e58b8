#include "publish/report.hpp"

#include "publish/format.hpp"
#include "publish/report_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace hetmem::detail {
namespace {

/// No script, nothing from elsewhere: a page about somebody's machine tells nobody.
constexpr std::string_view content_policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

constexpr std::array contents{
    std::pair{report_id::summary, "Summary"},
    std::pair{report_id::machine, "Machine"},
    std::pair{report_id::figures, "Figures"},
    std::pair{report_id::measured, "Measured"},
    std::pair{report_id::curves, "Under load"},
    std::pair{report_id::findings, "Findings"},
    std::pair{report_id::seals, "Scarce memory"},
    std::pair{report_id::provenance, "Where it is from"},
    std::pair{report_id::unread, "Not read"},
};

std::string model_of(const topology& machine) {
    const machine_info& info = machine.machine();
    // Where the processor has no name the kernel shows numbers, "06/57".
    const auto letter = [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; };
    if (std::ranges::any_of(info.cpu_model, letter)) {
        return info.cpu_model;
    }
    return info.architecture.empty() ? "Processor unknown"
                                     : fmt::format("Unknown {} processor", info.architecture);
}

void write_head(markup& page, const report_input& input) {
    page.in("head", [&] {
        page.empty("meta", {{"charset", "utf-8"}});
        page.empty("meta", {{"http-equiv", "Content-Security-Policy"},
                            {"content", std::string(content_policy)}});
        page.empty("meta",
                   {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
        page.empty("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
        page.empty("meta", {{"name", "generator"}, {"content", "hetmem " + input.version}});
        page.leaf("title", "Memory of " + model_of(input.machine));
        page.in("style", [&] { page.add_markup(report_style()); });
    });
}

void write_header(markup& page, const report_input& input) {
    const machine_info& info = input.machine.machine();
    page.in("header", [&] {
        page.leaf("p", "Memory of", {{"class", "above"}});
        page.leaf("h1", model_of(input.machine));
        std::vector<std::string> parts;
        if (!info.architecture.empty()) {
            parts.push_back(info.architecture);
        }
        parts.push_back(info.kernel.empty() ? "kernel unknown" : "Linux " + info.kernel);
        for (std::string& total : format_totals(input.machine)) {
            parts.push_back(std::move(total));
        }
        if (info.demotion) {
            parts.emplace_back(*info.demotion ? "demotion is on" : "demotion is off");
        }
        page.leaf("p", fmt::format("{}", fmt::join(parts, " · ")));
    });
}

void write_contents(markup& page) {
    page.in("nav", {{"aria-label", "Sections"}}, [&] {
        page.in("ul", [&] {
            for (const auto& one : contents) {
                page.in("li", [&] {
                    page.span("a", one.second, {{"href", fmt::format("#{}", one.first)}});
                });
            }
        });
    });
}

void write_footer(markup& page, const report_input& input) {
    page.in("footer", [&] {
        std::string made = "Made";
        if (!input.time.empty()) {
            made += " " + input.time;
        }
        made += " by hetmem";
        if (!input.version.empty()) {
            made += " " + input.version;
        }
        page.leaf("p", made + ". Latencies in nanoseconds, bandwidths in GB/s (a thousand million "
                              "bytes a second), sizes in GiB (1024 × 1024 × 1024 bytes).");
    });
}

} // namespace

std::string draw_report(const report_input& input) {
    markup page;
    const matrix figures = make_matrix(input.machine);
    page.add_markup("<!DOCTYPE html>\n");
    // Also well-formed as XML, so that it can be checked as such.
    page.in("html", {{"lang", "en"}, {"xmlns", "http://www.w3.org/1999/xhtml"}}, [&] {
        write_head(page, input);
        page.in("body", [&] {
            page.leaf("a", "Skip to the content", {{"class", "skip"}, {"href", "#content"}});
            write_header(page, input);
            write_contents(page);
            page.in("main", {{"id", "content"}, {"tabindex", "-1"}}, [&] {
                write_summary(page, input);
                write_machine(page, input);
                write_figures(page, input, figures);
                write_measured(page, input);
                write_curves(page, input);
                write_findings(page, input);
                write_seals(page, input);
                write_provenance(page, input, figures);
                write_unread(page, input);
            });
            write_footer(page, input);
        });
    });
    return page.text();
}

} // namespace hetmem::detail
