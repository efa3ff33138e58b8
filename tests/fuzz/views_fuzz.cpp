// Any bytes as a saved topology and the files of its processors: the views that are made of them
// are complete trees of files that stay where they belong, and XML that hwloc can read. The input
// is JSON up to the first 0xFE, then files: a byte that says which, then its content up to the next
// 0xFE.
#include "tests/fuzz/table_fuzz.hpp"

#include "kernel/cpu_tree.hpp"
#include "publish/views.hpp"
#include "tests/support/tree.hpp"

#include <hetmem/discover.hpp>
#include <hetmem/error.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using hetmem::fuzz::require;

namespace {

namespace views = hetmem::detail;

constexpr std::array<std::string_view, 16> files = {
    "online",
    "cpu0/topology/physical_package_id",
    "cpu0/topology/package_cpus_list",
    "cpu0/topology/die_cpus",
    "cpu0/topology/core_cpus_list",
    "cpu0/topology/core_id",
    "cpu0/cache/index0/level",
    "cpu0/cache/index0/type",
    "cpu0/cache/index0/size",
    "cpu0/cache/index0/number_of_sets",
    "cpu0/cache/index0/shared_cpu_map",
    "cpu1/topology/package_cpus_list",
    "cpu1/topology/core_cpus_list",
    "cpu2/topology/core_siblings",
    "cpu2/cache/index3/level",
    "cpu2/cache/index3/shared_cpu_list",
};

void check_tree(const views::file_tree& tree) {
    std::set<std::string> paths;
    std::set<std::string> parents;
    for (const views::tree_entry& entry : tree) {
        require(paths.insert(entry.path).second);
        require(!entry.path.empty() && entry.path.front() != '/' && entry.path.size() < 4096);
        require(entry.path.find('\0') == std::string::npos);
        const std::string framed = "/" + entry.path + "/";
        require(framed.find("/../") == std::string::npos && framed.find("//") == std::string::npos);
        for (auto at = entry.path.find('/'); at != std::string::npos;
             at = entry.path.find('/', at + 1)) {
            parents.insert(entry.path.substr(0, at));
        }
    }
    require(std::none_of(parents.begin(), parents.end(),
                         [&](const std::string& parent) { return paths.contains(parent); }));
}

/// Elements nest, and attributes end where they should.
void check_xml(const std::string& xml) {
    std::vector<std::string> open;
    std::size_t at = xml.find("<topology ");
    require(at != std::string::npos);
    while ((at = xml.find('<', at)) != std::string::npos) {
        bool quoted = false;
        std::size_t end = at + 1;
        for (; end < xml.size() && (quoted || xml[end] != '>'); ++end) {
            require(xml[end] != '<');
            quoted = quoted != (xml[end] == '"');
        }
        require(end < xml.size());
        const std::string tag = xml.substr(at + 1, end - at - 1);
        if (tag.front() == '/') {
            require(!open.empty() && tag.substr(1) == open.back());
            open.pop_back();
        } else if (tag.back() != '/') {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
        at = end;
    }
    require(open.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto next = [&] {
        const std::string_view part = rest.substr(0, rest.find('\xFE'));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        return part;
    };
    const std::string_view text = next();
    try {
        const hetmem::topology machine = hetmem::from_json(text, "fuzz");
        if (machine.targets().size() > 64 || machine.initiators().size() > 64) {
            return 0;
        }
        hetmem::test::tree processors;
        while (!rest.empty()) {
            const auto which = static_cast<unsigned char>(rest.front()) % files.size();
            rest.remove_prefix(1);
            processors.write("sys/devices/system/cpu/" + std::string(files[which]), next());
        }
        const hetmem::kernel::rooted_reader reader(processors.root());
        check_tree(views::hmem_tree(machine));
        check_tree(views::hwloc_root(machine));
        check_xml(views::hwloc_xml(machine, hetmem::kernel::read_cpu_tree(reader)));
    } catch (const hetmem::malformed_file&) {
        // No topology: an answer too.
    }
    return 0;
}
