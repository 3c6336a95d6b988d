#include "appcore/model_commands/commands.hpp"
#include "appcore/model_commands/open_model.hpp"
#include "appcore/model_commands/report.hpp"
#include "appcore/models/golden_rows.hpp"

namespace appcore::model_commands {

Result<std::string> check(const Arguments& arguments) {
    const std::string& file = arguments.files.front();
    const auto model = OpenModel::open(file, arguments);
    if (!model) return model.error();
    const models::ModelView& view = model.value().view();
    models::Evaluator evaluator(view);
    if (const Status run = models::run_golden_rows(view, evaluator); !run) {
        return Error{file + ": " + run.error().message};
    }
    const std::uint64_t rows = view.facts.golden_rows;
    const std::string_view version = view.text(models::acm::Text::version);
    if (arguments.json) {
        JsonObject object;
        object.add("file", file).add_json("ok", "true").add("model_version", version);
        return object.add("golden_rows", rows).text() + "\n";
    }
    return file + ": ok, version " + std::string(version) + ", " +
           (rows == 0 ? "no golden rows" : grouped(rows) + " golden rows predicted bit by bit") +
           "\n";
}

}  // namespace appcore::model_commands
