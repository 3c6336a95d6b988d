#include <algorithm>
#include <cmath>

#include "appcore/model_commands/commands.hpp"
#include "appcore/model_commands/csv.hpp"
#include "appcore/model_commands/open_model.hpp"
#include "appcore/model_commands/report.hpp"
#include "appcore/models/evaluator.hpp"
#include "appcore/models/prediction_problem.hpp"

namespace appcore::model_commands {
namespace {

// The predictions for all rows; the error names the first row without one.
Result<std::vector<double>> predict_all(const models::ModelView& view, const Rows& rows) {
    models::Evaluator evaluator(view);
    std::vector<double> predictions;
    predictions.reserve(rows.count());
    for (std::size_t i = 0; i < rows.count(); ++i) {
        const models::Prediction prediction = evaluator.predict(rows.row(i));
        if (prediction.problem != models::Problem::none) {
            return Error{"row " + std::to_string(i + 1) + ": " +
                         models::describe_problem(prediction, view)};
        }
        predictions.push_back(prediction.value);
    }
    return predictions;
}

struct Predicted {
    std::vector<double> values;
    std::size_t features;
};

Result<Predicted> predict_file(const std::string& file, const Arguments& arguments) {
    const auto model = OpenModel::open(file, arguments);
    if (!model) return model.error();
    const auto rows = read_rows(arguments.rows, model.value().names());
    if (!rows) return rows.error();
    auto predictions = predict_all(model.value().view(), rows.value());
    if (!predictions) return Error{arguments.rows + ": " + predictions.error().message};
    return Predicted{std::move(predictions).value(), rows.value().features};
}

struct Comparison {
    std::size_t different = 0;
    double largest = 0;
    double largest_relative = 0;
    std::size_t first = 0;  // the first row that differs, if any does
};

Comparison compare_values(std::span<const double> old_values, std::span<const double> new_values) {
    Comparison result;
    for (std::size_t i = 0; i < old_values.size(); ++i) {
        const double difference = std::fabs(old_values[i] - new_values[i]);
        if (difference == 0) continue;
        if (result.different++ == 0) result.first = i;
        const double scale = std::max(std::fabs(old_values[i]), std::fabs(new_values[i]));
        result.largest = std::max(result.largest, difference);
        result.largest_relative = std::max(result.largest_relative, difference / scale);
    }
    return result;
}

}  // namespace

Result<std::string> predict(const Arguments& arguments) {
    if (arguments.rows.empty()) return Error{"--rows is required; see --help"};
    const auto predicted = predict_file(arguments.files.front(), arguments);
    if (!predicted) return predicted.error();
    std::string text;
    for (const double value : predicted.value().values) {
        if (arguments.json && !text.empty()) text += ", ";
        text += number_text(value);
        if (!arguments.json) text += '\n';
    }
    return arguments.json ? "{\"predictions\": [" + text + "]}\n" : text;
}

Result<std::string> compare(const Arguments& arguments) {
    if (arguments.rows.empty()) return Error{"--rows is required; see --help"};
    const auto before = predict_file(arguments.files[0], arguments);
    if (!before) return before.error();
    const auto after = predict_file(arguments.files[1], arguments);
    if (!after) return after.error();
    const std::vector<double>& old_values = before.value().values;
    const std::vector<double>& new_values = after.value().values;
    const Comparison result = compare_values(old_values, new_values);
    const std::string row = std::to_string(result.first + 1);
    if (arguments.json) {
        JsonObject first;
        first.add_json("row", row)
            .add("old", old_values[result.first])
            .add("new", new_values[result.first]);
        JsonObject object;
        object.add("rows", std::uint64_t{old_values.size()})
            .add("different", std::uint64_t{result.different})
            .add("largest_difference", result.largest)
            .add("largest_relative_difference", result.largest_relative)
            .add_json("first_difference", result.different == 0 ? "null" : first.text());
        return object.text() + "\n";
    }
    std::string text =
        grouped(result.different) + " of " + grouped(old_values.size()) + " predictions differ\n";
    if (result.different == 0) return text;
    text += "largest difference " + number_text(result.largest) + ", relative " +
            number_text(result.largest_relative) + "\n";
    return text + "first in row " + row + ": " + number_text(old_values[result.first]) + " and " +
           number_text(new_values[result.first]) + "\n";
}

}  // namespace appcore::model_commands
