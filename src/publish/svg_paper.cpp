#include "publish/svg_paper.hpp"

#include "publish/markup.hpp"
#include "publish/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace hetmem::detail {
namespace {

/// Columns of a text that is told whole: names in a saved file may be endless.
constexpr std::size_t most_told = 500;

/// Width of a character in parts of the font size: those of DejaVu Sans, the widest of the usual
/// sans-serif fonts, rounded up by class.
double width_of(char32_t c) {
    if (c == 0xFFFD) {
        return 1.05; // the mark for what cannot be printed is wider than letters
    }
    if (c >= 0x80) {
        return 0.9 * std::max(columns_of(c), 1U);
    }
    switch (c) {
    case 'i':
    case 'j':
    case 'l':
    case 'I':
    case '|':
    case '.':
    case ',':
    case ':':
    case ';':
    case '\'':
    case ' ':
        return 0.34;
    case 'f':
    case 'r':
    case 't':
    case '-':
    case '(':
    case ')':
    case '/':
    case '[':
    case ']':
    case '!':
        return 0.42;
    case 'm':
    case 'w':
    case 'M':
    case 'W':
    case '@':
    case '%':
    case '+':
    case '=':
        return 1.0;
    default:
        return c >= 'A' && c <= 'Z' ? 0.76 : 0.64;
    }
}

/// The longest beginning that fits, with an ellipsis.
std::string fitted(std::string_view text, double room, double size, bool bold) {
    const double factor = size * (bold ? 1.1 : 1.0);
    const double ellipsis = 1.0 * factor;
    double used = 0;
    std::size_t end_with_ellipsis = 0;
    // Who asks for the width of a text and then offers just that gets all of it.
    room += 0.5;
    for (std::size_t position = 0; position < text.size();) {
        used += width_of(next_code_point(text, position)) * factor;
        if (used <= room - ellipsis) {
            end_with_ellipsis = position;
        }
        if (used > room) {
            return std::string(text.substr(0, end_with_ellipsis)).append("…");
        }
    }
    return std::string(text);
}

} // namespace

double text_width(std::string_view text, double size, bool bold) {
    double width = 0;
    for (std::size_t position = 0; position < text.size();) {
        width += width_of(next_code_point(text, position));
    }
    return width * size * (bold ? 1.1 : 1.0);
}

void svg_paper::text(double x, double y, double room, std::string_view raw,
                     const text_style& style) {
    const std::string_view anchor_name = style.at == anchor::start    ? "start"
                                         : style.at == anchor::middle ? "middle"
                                                                      : "end";
    const std::string what = printable(raw);
    // A little smaller is better than cut.
    double size = style.size;
    while (size > style.size * 0.75 && text_width(what, size, style.bold) > room + 0.5) {
        size -= 0.5;
    }
    const std::string seen = fitted(what, room, size, style.bold);
    fmt::format_to(
        std::back_inserter(body_),
        R"svg(<text x="{:.1f}" y="{:.1f}" font-size="{:.1f}"{}{} fill="{}">{}{}</text>)svg"
        "\n",
        x, y, size, style.bold ? R"svg( font-weight="bold")svg" : "",
        style.at == anchor::start ? std::string{}
                                  : fmt::format(R"svg( text-anchor="{}")svg", anchor_name),
        style.color, escaped(seen),
        // What is cut is told whole by pointing at it.
        seen == what ? std::string{}
                     : fmt::format("<title>{}</title>", escaped(cut_to(what, most_told))));
}

void svg_paper::box(double x, double y, double width, double height, const box_style& style) {
    fmt::format_to(
        std::back_inserter(body_),
        R"svg(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{:.1f}" fill="{}")svg",
        x, y, std::max(width, 0.0), std::max(height, 0.0), style.radius, style.fill);
    if (style.stroke != "none") {
        fmt::format_to(std::back_inserter(body_), R"svg( stroke="{}" stroke-width="{:.1f}"{})svg",
                       style.stroke, style.stroke_width,
                       style.dashed ? R"svg( stroke-dasharray="6 4")svg" : "");
    }
    body_.append("/>\n");
}

void svg_paper::link(double x1, double y1, double x2, double y2, double thickness,
                     std::string_view color, bool dashed) {
    const double middle = (x1 + x2) / 2;
    fmt::format_to(
        std::back_inserter(body_),
        R"svg(<path d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}" fill="none" stroke="{}" stroke-width="{:.1f}" stroke-opacity="0.55"{}/>)svg"
        "\n",
        x1, y1, middle, y1, middle, y2, x2, y2, color, thickness,
        dashed ? R"svg( stroke-dasharray="3 5")svg" : "");
}

void svg_paper::begin_group(std::string_view tooltip) {
    body_.append("<g><title>").append(escaped(tooltip)).append("</title>\n");
}

void svg_paper::begin_scaled(double x, double y, double factor) {
    fmt::format_to(std::back_inserter(body_),
                   R"svg(<g transform="translate({:.1f} {:.1f}) scale({:.3f})">)svg"
                   "\n",
                   x, y, factor);
}

void svg_paper::end_group() {
    body_.append("</g>\n");
}

std::string svg_paper::finish(double width, double height, std::string_view title) const {
    return fmt::format(
        R"svg(<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{0:.0f}" height="{1:.0f}" viewBox="0 0 {0:.0f} {1:.0f}" font-family="Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif">
<title>{2}</title>
<defs>
<pattern id="unknown" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="8" height="8" fill="#f7f7f7"/><rect width="2" height="8" fill="#d9d9d9"/>
</pattern>
</defs>
<rect width="{0:.0f}" height="{1:.0f}" fill="#ffffff"/>
{3}</svg>
)svg",
        width, height, escaped(title), body_);
}

} // namespace hetmem::detail
