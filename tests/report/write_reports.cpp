// Writes the reports of made-up machines, one file each, for a browser to be shown.
//
//     write_reports DIRECTORY

#include "publish/test_reports.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int count, char** words) {
    if (count != 2) {
        std::fputs("usage: write_reports DIRECTORY\n", stderr);
        return 2;
    }
    for (const hetmem::test::report_case& one : hetmem::test::report_cases()) {
        std::ofstream out(std::filesystem::path(words[1]) / (one.name + ".html"), std::ios::binary);
        out << one.draw();
        out.close();
        if (!out) {
            std::fprintf(stderr, "cannot write %s.html\n", one.name.c_str());
            return 1;
        }
    }
    return 0;
}
