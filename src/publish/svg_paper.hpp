// publish/svg_paper.hpp: a sheet to draw on, in SVG. Knows shapes, text and colours, not memories.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hetmem::detail {

/// Text is escaped and made printable, and shortened with an ellipsis to the width it is given:
/// widths are estimated generously, since the reader's fonts are not known.
class svg_paper {
public:
    enum class anchor { start, middle, end };

    struct text_style {
        double size = 13;
        bool bold = false;
        std::string_view color = "#333333";
        anchor at = anchor::start;
    };

    struct box_style {
        std::string_view fill = "none";
        std::string_view stroke = "none";
        double stroke_width = 1;
        double radius = 0;
        bool dashed = false;
    };

    void text(double x, double y, double room, std::string_view raw, const text_style& style);
    void box(double x, double y, double width, double height, const box_style& style);
    /// A smooth horizontal link between two points.
    void link(double x1, double y1, double x2, double y2, double thickness, std::string_view color,
              bool dashed);
    /// What a viewer shows when the pointer rests on the shapes up to end_group().
    void begin_group(std::string_view tooltip);
    void end_group();
    /// Draws what follows, up to end_group(), smaller and elsewhere.
    void begin_scaled(double x, double y, double factor);

    /// What was drawn, to be put into an svg element of somebody else's document.
    const std::string& body() const { return body_; }
    /// The whole document.
    std::string finish(double width, double height, std::string_view title) const;

private:
    std::string body_;
};

/// Pixels that a text takes at most, in a usual sans-serif font.
double text_width(std::string_view text, double size, bool bold = false);

} // namespace hetmem::detail
