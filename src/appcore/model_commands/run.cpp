#include "appcore/model_commands/run.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "appcore/api/version.hpp"
#include "appcore/model_commands/commands.hpp"
#include "appcore/model_commands/export_script.hpp"
#include "appcore/model_commands/progress.hpp"
#include "appcore/model_commands/report.hpp"
#include "appcore/system/standard_output.hpp"

namespace appcore::model_commands {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongUse = 2;

constexpr std::string_view kUsage =
    "Usage: appcore-model COMMAND ...\n"
    "\n"
    "Makes models that XGBoost, LightGBM or scikit-learn have trained ready for the service.\n"
    "\n"
    "  compile SOURCE     write the file that workers serve (.acm)\n"
    "  inspect FILE       show what a model is: features, trees, output, version\n"
    "  check FILE         check the file, and its golden rows bit by bit\n"
    "  predict FILE       predictions for rows, one a line\n"
    "  compare OLD NEW    how far the predictions of two models are apart\n"
    "  bench FILE         nanoseconds a prediction\n"
    "  export-script      print appcore_export.py, which exports scikit-learn's models\n"
    "\n"
    "  COMMAND --help     what a command takes\n"
    "  --version          print the version, and exit\n"
    "  --help             print this, and exit\n"
    "\n"
    "Sources: XGBoost's JSON and UBJSON (save_model(\"model.ubj\")), LightGBM's text format\n"
    "(save_model(\"model.txt\")), the JSON of appcore_export.py for scikit-learn. All commands "
    "but\n"
    "compile take compiled files, too.\n";

constexpr std::string_view kImportHelp =
    "  --output WHAT      for models with several outputs: class (the index of the largest) or\n"
    "                     probability:K (from 0); margin, or margin:K: before the link\n"
    "  --trees best|all   for XGBoost models with early stopping: up to the best iteration, as "
    "the\n"
    "                     scikit-learn wrapper predicts, or all trees, as Booster.predict() does\n"
    "  --missing null     requests may hold null for a missing value\n"
    "  --version TEXT     the model's version in replies and metrics: 1 to 31 letters, digits or\n"
    "                     characters of ._+:- (default: the file's name and a hash)\n";

constexpr std::string_view kJsonHelp = "  --json             print one JSON object\n";

struct Command {
    Syntax syntax;
    Result<std::string> (*run)(const Arguments& arguments);
    std::string_view usage;
    bool imports;  // takes the options of importers
};

Result<std::string> print_export_script(const Arguments& /*arguments*/) {
    return std::string(export_script());
}

constexpr std::array kCommands = {
    Command{{"compile", 1, "-o --version --output --trees --missing --golden --json"},
            compile,
            "Usage: appcore-model compile SOURCE [-o FILE] [OPTION]...\n"
            "\n"
            "  -o FILE            where to (default: SOURCE with the extension .acm)\n"
            "  --golden ROWS.csv,PREDICTIONS.csv\n"
            "                     rows, and what the library that trained the model predicts for\n"
            "                     them; they must come out bit by bit, and go into the file\n",
            true},
    Command{{"inspect", 1, "--version --output --trees --missing --json"},
            inspect,
            "Usage: appcore-model inspect FILE [OPTION]...\n\n",
            true},
    Command{{"check", 1, "--version --output --trees --missing --golden --json"},
            check,
            "Usage: appcore-model check FILE [OPTION]...\n\n",
            true},
    Command{{"predict", 1, "--rows --version --output --trees --missing --json"},
            predict,
            "Usage: appcore-model predict FILE --rows ROWS.csv [OPTION]...\n"
            "\n"
            "  --rows ROWS.csv    a row a line, fields separated by commas; an empty field is a\n"
            "                     missing value; a line of names may come first\n",
            true},
    Command{{"compare", 2, "--rows --version --output --trees --missing --json"},
            compare,
            "Usage: appcore-model compare OLD NEW --rows ROWS.csv [OPTION]...\n\n",
            true},
    Command{{"bench", 1, "--rows --seconds --version --output --trees --missing --json"},
            bench,
            "Usage: appcore-model bench FILE [OPTION]...\n"
            "\n"
            "  --rows ROWS.csv    rows to predict (default: 1,000 made-up ones)\n"
            "  --seconds S        how long (default 2)\n",
            true},
    Command{{"export-script", 0, ""},
            print_export_script,
            "Usage: appcore-model export-script >appcore_export.py\n",
            false},
};

int fail(int code, const std::string& reason, bool json) {
    if (json) {
        // The exit status says that it failed, also where this cannot be written.
        const std::string object = JsonObject().add("error", reason).text() + "\n";
        static_cast<void>(system::write_standard_output(object).ok());
    }
    const std::string line = "appcore-model: " + printable(reason) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
    return code;
}

// The exit status: output that is not whole is a failure.
int print(std::string_view text) {
    const Status printed = system::write_standard_output(text);
    return printed ? 0 : fail(kFailed, printed.error().message, false);
}

int run_command(const Command& command, std::span<const char* const> arguments) {
    const bool json = std::ranges::find(arguments, std::string_view("--json"),
                                        [](const char* text) { return std::string_view(text); }) !=
                      arguments.end();
    const auto parsed = parse_arguments(command.syntax, arguments);
    if (!parsed) return fail(kWrongUse, parsed.error().message + " (see --help)", json);
    if (parsed.value().help) {
        if (!command.imports) return print(command.usage);
        return print(std::string(command.usage).append(kImportHelp).append(kJsonHelp));
    }
    const auto done = [&] {
        const Progress progress(std::string(command.syntax.name));
        return command.run(parsed.value());
    }();
    if (!done) return fail(kFailed, done.error().message, json);
    return print(done.value());
}

int dispatch(std::span<const char* const> arguments) {
    if (arguments.empty()) return fail(kWrongUse, "which command? (see --help)", false);
    const std::string_view name = arguments.front();
    if (name == "--help") return print(kUsage);
    if (name == "--version") {
        return print(std::string("appcore-model ").append(api::kVersion).append("\n"));
    }
    for (const Command& command : kCommands) {
        if (command.syntax.name == name) return run_command(command, arguments.subspan(1));
    }
    return fail(kWrongUse, "unknown command '" + std::string(name) + "' (see --help)", false);
}

}  // namespace

int run(std::span<const char* const> arguments) {
    try {
        return dispatch(arguments);
    } catch (const std::bad_alloc&) {
        return fail(kFailed, "there is not enough memory", false);
    } catch (const std::exception& exception) {
        return fail(kFailed, exception.what(), false);
    }
}

}  // namespace appcore::model_commands
