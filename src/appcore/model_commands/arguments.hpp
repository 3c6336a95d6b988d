// The command line of appcore-model.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/importers/source.hpp"
#include "appcore/result.hpp"

namespace appcore::model_commands {

struct Arguments {
    std::vector<std::string> files;
    std::string output_file;                 // -o
    std::string version;                     // --version
    std::string rows;                        // --rows
    std::optional<std::string> golden_rows;  // --golden
    std::string golden_predictions;
    importers::ImportOptions import;
    double seconds = 2;  // --seconds
    bool json = false;
    bool help = false;
};

// What a command takes: its name, how many files, and the options, as in its usage.
struct Syntax {
    std::string_view name;
    std::size_t files;
    std::string_view options;  // "--json --rows", for instance
};

// `arguments` are those behind the command's name. The error names the argument.
[[nodiscard]] Result<Arguments> parse_arguments(const Syntax& syntax,
                                                std::span<const char* const> arguments);

}  // namespace appcore::model_commands
