#include "appcore/model_commands/arguments.hpp"

#include <algorithm>
#include <array>

#include "appcore/importers/text_lines.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::model_commands {
namespace {

using importers::OutputChoice;
using importers::TreeChoice;

// What is wrong with a value, or nothing.
using Problem = std::optional<std::string>;

Problem store_output(std::string_view text, Arguments& to) {
    OutputChoice& choice = to.import.output;
    const std::size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    const bool has_index = colon != std::string_view::npos;
    if (has_index) {
        const auto index = importers::parse_whole<std::uint32_t>(text.substr(colon + 1));
        if (!index) return "must be class, probability:K, margin or margin:K";
        choice.index = index;
    }
    if (kind == "class" && !has_index) {
        choice.kind = OutputChoice::Kind::largest;
    } else if (kind == "probability" && has_index) {
        choice.kind = OutputChoice::Kind::probability;
    } else if (kind == "margin") {
        choice.kind = OutputChoice::Kind::margin;
    } else {
        return "must be class, probability:K, margin or margin:K";
    }
    return std::nullopt;
}

Problem store_trees(std::string_view text, Arguments& to) {
    if (text != "best" && text != "all") return "must be best or all";
    to.import.trees = text == "best" ? TreeChoice::best : TreeChoice::all;
    return std::nullopt;
}

Problem store_missing(std::string_view text, Arguments& to) {
    if (text != "null") return "must be null";
    to.import.null_is_missing = true;
    return std::nullopt;
}

Problem store_version(std::string_view text, Arguments& to) {
    if (!models::is_version(text)) {
        return "must be 1 to " + std::to_string(models::kMaxVersion) +
               " letters, digits or characters of ._+:-";
    }
    to.version = text;
    return std::nullopt;
}

Problem store_golden(std::string_view text, Arguments& to) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos || comma == 0 || comma + 1 == text.size() ||
        text.find(',', comma + 1) != std::string_view::npos) {
        return "must be two files, ROWS.csv,PREDICTIONS.csv";
    }
    to.golden_rows = text.substr(0, comma);
    to.golden_predictions = text.substr(comma + 1);
    return std::nullopt;
}

Problem store_seconds(std::string_view text, Arguments& to) {
    constexpr double kLongest = 3600;
    const auto seconds = importers::parse_whole<double>(text);
    if (!seconds || !(*seconds > 0 && *seconds <= kLongest)) {
        return "must be a number of seconds above 0, at most 3600";
    }
    to.seconds = *seconds;
    return std::nullopt;
}

struct Option {
    std::string_view name;
    Problem (*store)(std::string_view text, Arguments& to);
};

constexpr std::array kOptions = {
    Option{"-o",
           [](std::string_view text, Arguments& to) -> Problem {
               to.output_file = text;
               return std::nullopt;
           }},
    Option{"--rows",
           [](std::string_view text, Arguments& to) -> Problem {
               to.rows = text;
               return std::nullopt;
           }},
    Option{"--output", store_output},
    Option{"--trees", store_trees},
    Option{"--missing", store_missing},
    Option{"--version", store_version},
    Option{"--golden", store_golden},
    Option{"--seconds", store_seconds},
};

// Whether `option` is one of the words of `options`.
bool takes(std::string_view options, std::string_view option) {
    while (!options.empty()) {
        const std::string_view word = options.substr(0, options.find(' '));
        if (word == option) return true;
        options.remove_prefix(std::min(word.size() + 1, options.size()));
    }
    return false;
}

Error refused(std::string_view name, std::string_view value, const std::string& problem) {
    return Error{std::string(name) + " " + problem + ", got '" + std::string(value) + "'"};
}

}  // namespace

Result<Arguments> parse_arguments(const Syntax& syntax, std::span<const char* const> arguments) {
    Arguments parsed;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--help") {
            parsed.help = true;
            return parsed;
        }
        if (argument == "--json" && takes(syntax.options, argument)) {
            parsed.json = true;
            continue;
        }
        if (argument.size() < 2 || argument.front() != '-') {
            parsed.files.emplace_back(argument);
            continue;
        }
        const auto* const option = std::ranges::find(kOptions, argument, &Option::name);
        if (option == kOptions.end() || !takes(syntax.options, argument)) {
            return Error{"unknown option '" + std::string(argument) + "'"};
        }
        if (i + 1 == arguments.size()) {
            return Error{std::string(argument) + " needs a value"};
        }
        const std::string_view value = arguments[++i];
        if (value.empty()) return Error{std::string(argument) + " must not be empty"};
        if (const Problem problem = option->store(value, parsed)) {
            return refused(argument, value, *problem);
        }
    }
    if (parsed.files.size() != syntax.files) {
        return Error{"'" + std::string(syntax.name) + "' takes " + std::to_string(syntax.files) +
                     (syntax.files == 1 ? " file" : " files") + ", got " +
                     std::to_string(parsed.files.size())};
    }
    return parsed;
}

}  // namespace appcore::model_commands
