// publish/svg_parts.hpp: the parts that an SVG drawing is put together from.
#pragma once

#include "publish/groups.hpp"
#include "publish/svg_paper.hpp"

#include <hetmem/topology.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hetmem::detail {

/// Okabe and Ito's palette, whose colours people with any kind of colour vision can tell apart; the
/// kind is written out as well.
struct kind_colors {
    std::string_view full; ///< lines and the bar at the side
    std::string_view dark; ///< text
    std::string_view pale; ///< areas
};
kind_colors colors_of(memory_kind kind);

/// A package (or what is in none) with its initiators, memories and links.
class place_picture {
public:
    /// `most_bandwidth` and the sizes are those of the whole machine, so that all places compare.
    struct scale {
        std::uint64_t most_bandwidth = 0;
        std::uint64_t least_size = 0;
        std::uint64_t most_size = 0;
        std::vector<bool> unreachable; ///< a target each
    };

    place_picture(const topology& machine, const place& where, const scale& machine_scale);

    double height() const { return height_; }
    void draw(svg_paper& paper, double x, double y, double width) const;

private:
    struct chip {
        positions initiators;
        bool elsewhere = false; ///< of another place: drawn as a guest
    };
    struct memory {
        positions alike;
        double height = 0;
        std::vector<std::string> notes; ///< below the figures
    };

    void add_chips();
    void add_memories();
    void draw_chip(svg_paper& paper, const chip& c, double x, double y, double width,
                   double height) const;
    void draw_memory(svg_paper& paper, const memory& m, double x, double y, double width) const;
    void draw_links(svg_paper& paper, double x1, double x2, const std::vector<double>& chip_edges,
                    const std::vector<double>& memory_middles) const;

    const topology* machine_;
    const place* where_;
    scale scale_;
    std::vector<chip> chips_;
    std::vector<memory> memories_;
    std::size_t left_out_ = 0; ///< memories beyond those that are drawn
    double height_ = 0;
};

place_picture::scale scale_of(const topology& machine);

/// The initiator x target matrices as heat maps; draws nothing and returns 0 when there is nothing
/// to compare. Returns the height used.
double draw_heat_maps(svg_paper& paper, const topology& machine, double x, double y, double width);

} // namespace hetmem::detail
