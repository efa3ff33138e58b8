// hetmem show: the whole machine as a drawing, as JSON or as a picture.
#include "tool/commands.hpp"
#include "tool/machine_source.hpp"
#include "tool/output.hpp"
#include "tool/terminal.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/draw.hpp>

#include "kernel/file.hpp"

namespace hetmem::tool {

void show(const show_arguments& asked) {
    const topology machine = read_machine(asked.machine);
    if (asked.json) {
        write_output(to_json(machine));
    } else if (asked.svg == "-") {
        write_output(draw_svg(machine));
    } else if (!asked.svg.empty()) {
        kernel::new_file picture(asked.svg);
        picture.write(draw_svg(machine));
        picture.commit();
    } else {
        write_output(draw_text(machine, drawing_options(asked)));
    }
}

} // namespace hetmem::tool
