#include "architectures/registry.h"
#include "support/run_command.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sisr::test {
namespace {

/// The third column of the page's table.
std::set<std::string> ids_of_table() {
    std::ifstream table(std::string(SISR_SOURCE_DIR) + "/docs/models/architectures.tsv");
    std::set<std::string> ids;
    for (std::string line; std::getline(table, line);) {
        if (line.empty() || line.front() == '#') continue;
        std::istringstream cells(line);
        std::string cell;
        for (int i = 0; i < 3; ++i) std::getline(cells, cell, '\t');
        if (cell != "-") ids.insert(cell);
    }
    return ids;
}

TEST(CompatibilityPage, NamesEachArchitecture) {
    std::set<std::string> known;
    for (const Architecture* architecture : architectures()) known.insert(architecture->id);
    EXPECT_EQ(ids_of_table(), known);
}

TEST(CompatibilityPage, IsWrittenFromTheTable) {
    const CommandResult result =
        run_command({std::string(SISR_SOURCE_DIR) + "/docs/models/count-coverage", "--check"});
    EXPECT_EQ(result.exit_code, 0) << result.out;
}

}  // namespace
}  // namespace sisr::test
